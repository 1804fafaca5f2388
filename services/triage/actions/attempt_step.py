"""What may fail on a case is done in a savepoint, so that what it comes beside, and what is done on others, stands."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Case
from shared.telemetry import log, where_raised
from shared.telemetry.metrics import steps_failed


async def attempt_step(session: AsyncSession, case: Case, step: str, act: Callable[[], Awaitable[object]]) -> bool:
    """Do what may fail with a case, whose lock the caller holds; returns whether it worked.

    Where it did not, nothing of it stays, and it is logged and counted. A connection that is lost raises all the same.
    """
    case_id = case.id
    try:
        async with session.begin_nested():
            await act()
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not undo what it comes beside
        steps_failed.labels(step).inc()
        log.error("step of a case failed", case_id=str(case_id), step=step, error=type(error).__name__,
                  where=where_raised(error))  # fmt: skip
        await session.refresh(case)
        return False
    return True
