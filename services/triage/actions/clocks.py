"""Clocks start and end in the transaction of what they belong to; triage's worker lets them take their steps."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.clocks import ClockKind, steps_of
from services.triage.models import Case, Clock
from shared.db import insert_rows, new_id

_insert_clock = insert(Clock.metadata.tables[Clock.__tablename__])


async def start_clock(
    session: AsyncSession, desk: Desk, case: Case, kind: ClockKind, started_at: datetime, due_at: datetime,
    *, about: UUID | None = None,
) -> None:  # fmt: skip
    """Let a clock run on the case, or on the record `about`; one of each kind and record runs at a time."""
    steps = steps_of(kind, started_at, due_at, desk.hub)
    row = {
        "id": new_id(),
        "case_id": case.id,
        "kind": kind,
        "about": about,
        "started_at": started_at,
        "due_at": due_at,
        "next_at": steps[0] if steps else None,
    }
    await insert_rows(session, _insert_clock, [row])


async def end_clocks(session: AsyncSession, case: Case, *kinds: ClockKind, about: UUID | None = None) -> None:
    """End the running clocks of these kinds (all kinds if none is named), of the record `about` where given."""
    statement = update(Clock).where(Clock.case_id == case.id, Clock.ended_at.is_(None))
    if kinds:
        statement = statement.where(Clock.kind.in_(kinds))
    if about is not None:
        statement = statement.where(Clock.about == about)
    await session.execute(statement.values(ended_at=func.clock_timestamp(), next_at=None))
