"""Lets clocks take their steps, a batch in a transaction; one whose step fails waits, and holds up no other."""

from uuid import UUID

from services.triage.actions.desk import Desk
from services.triage.actions.take_steps import due_clocks, put_off_step, take_steps
from shared.db import Database, transaction
from shared.telemetry import log, where_raised
from shared.telemetry.metrics import steps_failed

CLOCK = "clock"


async def step_clocks(db: Database, desk: Desk) -> None:
    """Let every clock that is due take its steps."""
    while await _step_batch(db, desk):
        pass


async def _step_batch(db: Database, desk: Desk) -> int:
    """Take one step of each of a batch, together or, where that fails, one by one; returns how many there were."""
    try:
        async with transaction(db) as session:
            return await take_steps(session, desk)
    except Exception as error:  # noqa: BLE001 - it may be the fault of one clock; a database that is away fails again
        log.warning("clocks fall back to single steps", error=type(error).__name__, where=where_raised(error))
    async with transaction(db) as session:
        clocks = await due_clocks(session)
    for clock_id in clocks:
        await _step_alone(db, desk, clock_id)
    return len(clocks)


async def _step_alone(db: Database, desk: Desk, clock_id: UUID) -> None:
    try:
        async with transaction(db) as session:
            await take_steps(session, desk, clock_id)
    except Exception as error:  # noqa: BLE001 - a database that is away cannot put it off either, which ends the turn
        async with transaction(db) as session:
            await put_off_step(session, clock_id)
        steps_failed.labels(CLOCK).inc()
        log.error("step of a clock failed", clock_id=str(clock_id), error=type(error).__name__,
                  where=where_raised(error))  # fmt: skip
