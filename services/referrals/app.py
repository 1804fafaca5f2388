"""Composition root of the referrals service: its database, its routes, its consumers and its upkeep."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from joserfc.jwk import ECKey
from sqlalchemy.exc import SQLAlchemyError

from services.referrals import api
from services.referrals.actions.grant_token import TokenIssuer
from services.referrals.actions.tidy import forget_used, index_references
from services.referrals.api.access import ISSUER, NAME
from services.referrals.consumer import entries_of
from services.referrals.queries import Intake, Sources, standing_of_agencies
from services.referrals.settings import Settings
from shared.db import Database, open_pools, transaction
from shared.http.client import ServiceClient
from shared.http.limits import Limits, rates_of_agencies
from shared.http.service import Service
from shared.security import Verifier
from shared.settings.environment import key_bytes
from shared.settings.hub import Hub
from shared.telemetry import log
from shared.vault import Vault

TIDY_SECONDS = 600.0


def build(settings: Settings, hub: Hub, triage: ServiceClient) -> Service:
    """Return the service; `triage` is how it reads the feedback of decided cases, as `service-referrals`."""
    db, upkeep = open_pools(settings.database_url.get_secret_value())
    resources = Intake(db, Vault(key_bytes(settings.vault_key), key_bytes(settings.index_key)), hub, upkeep)
    issuer = TokenIssuer(settings.issuer, ECKey.import_key(json.loads(settings.signing_key.get_secret_value())))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        watching = asyncio.create_task(_watch_agencies(upkeep, app, resources.sources, settings.disabled_check_seconds))
        try:
            yield {NAME: resources, ISSUER: issuer}
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await db.close()
            await upkeep.close()

    router = APIRouter(lifespan=lifespan, routes=api.router.routes)
    work = partial(_tidy, upkeep, resources.vault, timedelta(days=settings.outbox_retention_days))
    entries = entries_of(resources.vault, triage)
    patience = settings.fault_patience_seconds
    return Service(NAME, resources, router, work, entries, fault_patience_seconds=patience)


async def _watch_agencies(db: Database, app: FastAPI, sources: Sources, every_seconds: float) -> None:
    """Keep up to date who is disabled, what each refers and may ask for; while the database is away as it was."""
    verifier: Verifier = app.state.verifier
    limits: Limits = app.state.limits
    while True:
        try:
            async with transaction(db) as session:
                standing = await standing_of_agencies(session)
        except Exception as error:  # noqa: BLE001 - whoever is disabled from now on must be found out
            log.warning("agencies not read", error=type(error).__name__)
        else:
            verifier.disabled.intersection_update(standing.disabled)
            verifier.disabled.update(standing.disabled)
            limits.of_agencies = rates_of_agencies(standing.rates)
            sources.update(standing.sources)
        await asyncio.sleep(every_seconds)


async def _tidy(db: Database, vault: Vault, outbox_retention: timedelta) -> None:
    while True:
        try:
            await index_references(db, vault)
            async with transaction(db) as session:
                await forget_used(session, outbox_retention)
        except (SQLAlchemyError, OSError) as error:
            log.warning("not tidied", error=type(error).__name__)
        await asyncio.sleep(TIDY_SECONDS)
