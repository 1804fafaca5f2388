"""Finishes what came in without something; a step that fails waits for its next turn, and holds up no other."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk, finish
from services.triage.actions.finish_case import (
    STEPS,
    Found,
    Waiting,
    ask_for_a_person,
    claim_unfinished,
    compare_people,
    keep_people_of,
    leave_failed,
    link_found,
    seek_people,
    take_details_alone,
)
from services.triage.actions.open_case import Detail, complete_details
from services.triage.actions.take_amendment import PendingAmendment, complete_amendment, pending_amendments
from services.triage.consumer import fetch_amendment, fetch_detail
from services.triage.domain import Unfinished, WhyUnfinished
from services.triage.models import Case
from services.triage.queries.cases import find_case
from shared.db import Database, is_away, transaction
from shared.http.client import ServiceClient
from shared.inbox import Transient
from shared.problems import NotFound
from shared.telemetry import log, where_raised
from shared.telemetry.metrics import steps_failed

Act = Callable[[AsyncSession, Desk, Case], Awaitable[None]]


async def finish_cases(
    db: Database, desk: Desk, client: ServiceClient, retry_seconds: float, *, large: bool = False
) -> None:
    """Finish every case whose time it is, the most urgent first."""
    while True:
        async with transaction(db) as session:
            claimed = await claim_unfinished(session, timedelta(seconds=retry_seconds), large=large)
        for waiting in claimed:
            try:
                await _finish_case(db, desk, client, waiting)
            except Exception as error:  # noqa: BLE001 - it waits for its next turn; those behind it are finished
                log.error("case not finished", case_id=str(waiting.id), error=type(error).__name__,
                          where=where_raised(error))  # fmt: skip
        if not claimed:
            return


async def _finish_case(db: Database, desk: Desk, client: ServiceClient, waiting: Waiting) -> None:
    for step in Unfinished:
        try:
            await _take_step(db, desk, client, waiting, step)
        except Exception as error:
            if step is Unfinished.DETAILS and isinstance(error, (Transient, NotFound)):
                return
            if is_away(error):
                raise
            steps_failed.labels(step).inc()
            log.error("step of a case failed", case_id=str(waiting.id), step=step, error=type(error).__name__,
                      where=where_raised(error))  # fmt: skip
            await _record_failure(db, desk, waiting.id, step)
            if step is Unfinished.DETAILS:
                return


async def _record_failure(db: Database, desk: Desk, case_id: UUID, step: Unfinished) -> None:
    async with transaction(db) as session:
        await leave_failed(session, case_id, step)
    if step is Unfinished.ASSESSMENT:
        try:
            async with transaction(db) as session:
                await ask_for_a_person(session, desk, await find_case(session, case_id, lock=True))
        except Exception as error:
            if is_away(error):
                raise
            log.error("case stands without a receipt", case_id=str(case_id), error=type(error).__name__)


async def _take_step(db: Database, desk: Desk, client: ServiceClient, waiting: Waiting, step: Unfinished) -> None:
    if not await _lacks(db, waiting.id, step):
        return
    match step:
        case Unfinished.DETAILS:
            act: Act = await _detailed(db, desk, await fetch_detail(client, waiting.referral_id), waiting.id)
        case Unfinished.PEOPLE:
            act = partial(link_found, found=await _compare(db, desk, waiting.id))
        case _:
            act = STEPS[step]
    async with transaction(db) as session:
        case = await find_case(session, waiting.id, lock=True)
        if step in case.unfinished:
            finish(case, step)
            await act(session, desk, case)


async def _detailed(db: Database, desk: Desk, detail: Detail, case_id: UUID) -> Act:
    """Fill in the case at once, as most can be; returns what is left to do, the details alone where that fails."""
    try:
        async with transaction(db) as session:
            await complete_details(session, desk, await find_case(session, case_id, lock=True), detail)
    except Exception as error:
        if is_away(error):
            raise
        log.warning("case falls back to single steps", case_id=str(case_id), error=type(error).__name__,
                    where=where_raised(error))  # fmt: skip
    return partial(take_details_alone, detail=detail)


async def _lacks(db: Database, case_id: UUID, step: Unfinished) -> bool:
    async with transaction(db) as session:
        case = await find_case(session, case_id)
    return WhyUnfinished(case.unfinished.get(step, WhyUnfinished.TOO_LARGE)) is not WhyUnfinished.TOO_LARGE


async def _compare(db: Database, desk: Desk, case_id: UUID) -> Found:
    async with transaction(db) as session:
        profile = await keep_people_of(session, desk, case_id)
    async with transaction(db) as session:
        candidates = await seek_people(session, desk, case_id, profile)
    return await compare_people(candidates)


async def complete_amendments(db: Database, desk: Desk, client: ServiceClient) -> None:
    """Ask again for what senders added while it could not be read; what fails keeps no other from its turn."""
    after: UUID | None = None
    while True:
        async with transaction(db) as session:
            pending = await pending_amendments(session, after)
        if not pending:
            return
        for amendment in pending:
            await _complete_amendment(db, desk, client, amendment)
        after = pending[-1].row_id


async def _complete_amendment(db: Database, desk: Desk, client: ServiceClient, pending: PendingAmendment) -> None:
    try:
        detail = await fetch_amendment(client, pending.referral_id, pending.amendment_id)
        async with transaction(db) as session:
            await complete_amendment(session, desk, pending.row_id, detail)
    except (Transient, NotFound):
        return
    except Exception as error:  # noqa: BLE001 - a database that is away ends the turn as the next are asked for
        log.error("amendment not read", error=type(error).__name__, where=where_raised(error))
