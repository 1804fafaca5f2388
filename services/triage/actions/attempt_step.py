"""What may fail on a case is done in a savepoint, so that what it comes beside, and what is done on others, stands."""

from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import TRIAGE, leave_unfinished, note
from services.triage.actions.places import places_held
from services.triage.domain import Unfinished, WhyUnfinished
from services.triage.models import Case
from shared.db import savepoint
from shared.telemetry import log, where_raised
from shared.telemetry.metrics import steps_failed

Act = Callable[[], Awaitable[object]]


async def attempt_step(session: AsyncSession, case: Case, step: str, act: Act) -> bool:
    """Do what may fail with a case, whose lock the caller holds; returns whether it worked.

    Where it did not, nothing of it stays, and it is logged and counted. A connection that is lost raises all the same.
    """
    case_id = case.id
    try:
        with places_held(session):
            async with savepoint(session):
                await act()
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        steps_failed.labels(step).inc()
        log.error("step of a case failed", case_id=str(case_id), step=step, error=type(error).__name__,
                  where=where_raised(error))  # fmt: skip
        await session.refresh(case)
        return False
    return True


async def attempt_or_leave(session: AsyncSession, case: Case, step: Unfinished, act: Act) -> bool:
    """Do a step of a case; where it fails the case stands without it and says so, and triage's worker tries again."""
    if await attempt_step(session, case, step, act):
        return True
    if case.unfinished.get(step) != WhyUnfinished.FAILED:
        leave_unfinished(case, step, WhyUnfinished.FAILED)
        await note(session, case, TRIAGE, f"case.{step}_failed")
    return False
