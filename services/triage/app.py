"""Composition root of triage: settings, database, policy, routes, consumers and background work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI

from services.triage import api, consumer, pages, worker
from services.triage.actions.desk import Desk
from services.triage.actions.directory import seed_directory
from services.triage.actions.register import enter_people, name_issuer
from services.triage.actions.sessions import staff_of
from services.triage.api.register import Admitted, watch_left
from services.triage.domain import PolicyUnreadable, misfits_of
from services.triage.pages.live import Changes, announce, listen
from services.triage.pages.personas import personas_of
from services.triage.pages.personas import router_of as demo_sign_in
from services.triage.pages.site import Site, site_of
from services.triage.queries.gauges import GAUGES
from services.triage.settings import Settings
from services.triage.thresholds import Policy, PolicyError, load_policy, load_vocabulary
from shared.db import Database, open_pools, transaction
from shared.http.background import background
from shared.http.client import ServiceClient
from shared.http.service import Resources, Service
from shared.settings.environment import Profile, key_bytes
from shared.settings.hub import Hub, load_hub
from shared.vault import Vault

NAME = "triage"


def build(
    settings: Settings, client: ServiceClient, notifications: ServiceClient, urgent: ServiceClient | None = None
) -> Service:
    """Return triage, ready to be served; as a client of the referrals service by `client`, the lane by `urgent`."""
    folder = settings.hub_dir
    vault = Vault(key_bytes(settings.vault_key), key_bytes(settings.index_key))
    hub = load_hub(folder)
    policy = policy_of(folder, hub)
    desk = Desk(policy, hub, vault)
    changes = Changes()
    site = site_of(settings, hub, personas_of(settings))
    db, upkeep = open_pools(settings.database_url.get_secret_value())
    resources = Resources(db, vault, hub, upkeep)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        watching = asyncio.create_task(watch_left(upkeep, app.state.verifier))
        try:
            await seed_directory(upkeep, folder)
            await _open_register(upkeep, settings, hub, site)
            yield {
                NAME: resources,
                "triage_desk": desk,
                "triage_client": client,
                "triage_notifications": notifications,
                "triage_site": site,
                "triage_changes": changes,
                "triage_admitted": Admitted(),
            }
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await db.close()
            await upkeep.close()

    router = APIRouter(lifespan=lifespan)
    router.include_router(api.router)
    router.include_router(pages.router)
    router.include_router(background(NAME, partial(announce, upkeep), partial(listen, upkeep, changes)))
    if settings.profile is Profile.DEMO:
        router.include_router(demo_sign_in(settings))
    work = partial(worker.work, upkeep, desk, client, settings)
    taken = consumer.entries(desk, client, settings), consumer.urgent_entries(desk, urgent or client, settings)
    return Service(NAME, resources, router, work, *taken, GAUGES, settings.fault_patience_seconds)


async def _open_register(db: Database, settings: Settings, hub: Hub, site: Site) -> None:
    """Enter the staff of the hub's data, and the demo's over them."""
    async with transaction(db) as session:
        await enter_people(session, [*staff_of(hub, settings.staff_issuer), *site.personas.values()])
        await name_issuer(session, settings.staff_issuer)


def policy_of(folder: Path, hub: Hub) -> Policy:
    """Return the hub's policy, which fits the hub; raises `PolicyUnreadable`."""
    try:
        policy = load_policy(folder / "policy.yaml", load_vocabulary(folder / "facts.yaml"))
    except PolicyError as error:
        first, *others = error.complaints
        more = f" (and {len(others)} more; see `frontdoor policy check`)" if others else ""
        raise PolicyUnreadable(f"{first}{more}") from error
    if misfits := list(misfits_of(policy, hub)):
        raise PolicyUnreadable(" ".join(misfits))
    return policy
