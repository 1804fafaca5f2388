"""Work of triage that no request starts: details that were pending, claims that lay idle."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import select

from services.triage.actions.claim_case import release_lapsed
from services.triage.actions.desk import Desk
from services.triage.actions.open_case import complete_details, pending_cases
from services.triage.actions.sessions import forget_sessions
from services.triage.consumer import fetch_detail
from services.triage.models import Case
from services.triage.settings import Settings
from shared.db import Database, is_away, transaction
from shared.http.client import ServiceClient
from shared.http.service import tidy
from shared.inbox import Transient
from shared.problems import NotFound
from shared.telemetry import log

HOUSEKEEPING_SECONDS = 3600.0


async def work(db: Database, desk: Desk, client: ServiceClient, settings: Settings) -> None:
    """Run until cancelled. A failure that passes is logged and tried again; any other ends the process."""

    async def complete() -> None:
        await complete_pending(db, desk, client)

    async def lapse() -> None:
        async with transaction(db) as session:
            await release_lapsed(session)

    async def forget() -> None:
        async with transaction(db) as session:
            await tidy(session, timedelta(days=settings.outbox_retention_days))
            await forget_sessions(session)

    async with asyncio.TaskGroup() as group:
        group.create_task(_every(settings.details_retry_seconds, complete))
        group.create_task(_every(settings.lapse_check_seconds, lapse))
        group.create_task(_every(HOUSEKEEPING_SECONDS, forget))


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await act()
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("waiting for what is away", service="triage", error=type(error).__name__)
        await asyncio.sleep(seconds)


async def complete_pending(db: Database, desk: Desk, client: ServiceClient) -> None:
    """Ask again for the referrals of cases that opened without their details, and fill these cases in."""
    async with transaction(db) as session:
        referral_ids = await pending_cases(session)
    for referral_id in referral_ids:
        try:
            detail = await fetch_detail(client, referral_id)
        except (Transient, NotFound):
            continue
        async with transaction(db) as session:
            case = (await session.scalars(select(Case).where(Case.referral_id == referral_id).with_for_update())).one()
            await complete_details(session, desk, case, detail)
