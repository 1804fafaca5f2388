"""Work of triage that no request starts: pending details, idle claims, clocks and the pages they send."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.claim_case import release_lapsed
from services.triage.actions.desk import Desk
from services.triage.actions.directory import forget_old_capacity, seed_directory
from services.triage.actions.page_duty import Call, claim_pages, give_up, record_sent, text_of, try_later
from services.triage.actions.register import return_duties, return_work
from services.triage.actions.sessions import forget_sessions
from services.triage.settings import Settings
from services.triage.worker.finishing import complete_amendments, finish_cases
from services.triage.worker.pagers import NotSent, Pager, opened_pager
from services.triage.worker.stepping import step_clocks
from shared.db import Database, is_away, transaction
from shared.http.client import ServiceClient
from shared.http.service import tidy
from shared.telemetry import log, where_raised

HOUSEKEEPING_SECONDS = 3600.0


async def work(db: Database, desk: Desk, client: ServiceClient, settings: Settings) -> None:
    """Run until cancelled. What fails is logged and tried again, and keeps nothing else from its turn."""
    retry_seconds = settings.details_retry_seconds
    finishing = (
        partial(finish_cases, db, desk, client, retry_seconds),
        partial(finish_cases, db, desk, client, retry_seconds, large=True),
        partial(complete_amendments, db, desk, client),
    )
    returning = (release_lapsed, return_work, partial(return_duties, hub=desk.hub))
    housekeeping = (
        partial(_in_transaction, db, partial(tidy, retention=timedelta(days=settings.outbox_retention_days))),
        partial(_in_transaction, db, forget_sessions),
        partial(_in_transaction, db, forget_old_capacity),
        partial(seed_directory, db, settings.hub_dir),
    )

    async with opened_pager(settings) as pager, asyncio.TaskGroup() as group:

        async def pages() -> None:
            await send_pages(db, desk, pager, settings.issuer)

        for finish in finishing:
            group.create_task(_every(retry_seconds, finish))
        for give_back in returning:
            group.create_task(_every(settings.lapse_check_seconds, partial(_in_transaction, db, give_back)))
        group.create_task(_every(settings.clock_check_seconds, partial(step_clocks, db, desk)))
        group.create_task(_every(settings.clock_check_seconds, pages))
        for keep in housekeeping:
            group.create_task(_every(HOUSEKEEPING_SECONDS, keep))


async def _in_transaction(db: Database, act: Callable[[AsyncSession], Awaitable[object]]) -> None:
    async with transaction(db) as session:
        await act(session)


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await act()
        except Exception as error:  # noqa: BLE001 - clocks, pages and cases must go on
            if is_away(error):
                log.warning("waiting for what is away", service="triage", error=type(error).__name__)
            else:
                log.error("task failed", service="triage", error=type(error).__name__, where=where_raised(error))
        await asyncio.sleep(seconds)


async def send_pages(db: Database, desk: Desk, pager: Pager | None, base_url: str) -> None:
    """Send the pages that are due, with no transaction open; without a pager they are kept as not sent."""
    async with transaction(db) as session:
        calls = await claim_pages(session, desk.hub)
    recorders = await asyncio.gather(*(_attempt(pager, call, base_url) for call in calls))
    async with transaction(db) as session:
        for call, record in zip(calls, recorders, strict=True):
            await record(session, call)


async def _attempt(pager: Pager | None, call: Call, base_url: str) -> Callable[[AsyncSession, Call], Awaitable[None]]:
    """Send one page; returns what has to be recorded of it."""
    if pager is None:
        log.error("page not sent", reference=call.reference, error="no way to send is set")
        return give_up
    try:
        await pager.send(call.to, text_of(call, base_url))
    except NotSent as error:
        log.error("page not sent", reference=call.reference, attempt=call.attempts, error=str(error))
        return try_later
    except Exception as error:  # noqa: BLE001 - one call that breaks must not leave the others unrecorded
        log.error("page not sent", reference=call.reference, attempt=call.attempts, error=type(error).__name__,
                  where=where_raised(error))  # fmt: skip
        return try_later
    return record_sent
