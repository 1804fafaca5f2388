"""Clocks start and end in the transaction of what they belong to; triage's worker lets them take their steps."""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.clocks import DECISION, OF_THE_CASE, ClockKind, colour_due_at, needs_acknowledgement, steps_of
from services.triage.models import Case, Clock
from shared.calendar import term_ends_at
from shared.db import insert_rows, new_id
from shared.settings.hub import Colour

_insert_clock = insert(Clock.metadata.tables[Clock.__tablename__]).on_conflict_do_nothing()


async def start_clock(
    session: AsyncSession, desk: Desk, case: Case, kind: ClockKind, started_at: datetime, due_at: datetime,
    *, about: UUID | None = None,
) -> None:  # fmt: skip
    """Let a clock run on the case, or on the record `about`; one of each kind and record runs at a time.

    Where one runs already, that one stands.
    """
    row = {
        "id": new_id(),
        "case_id": case.id,
        "kind": kind,
        "about": about,
        "started_at": started_at,
        "due_at": due_at,
        "next_at": steps_of(kind, started_at, due_at, desk.hub)[0],
    }
    await insert_rows(session, _insert_clock, [row])


async def start_case_clocks(session: AsyncSession, desk: Desk, case: Case, started_at: datetime) -> None:
    """Start the clocks of a case that opened, or opens again, at `started_at`, and say when it is due.

    They are the statutory one, which ends at `decision_due_at`, that of its colour, that of when the referrer needs to
    know, and for a red or a danger that of the acknowledgement.
    """
    await start_clock(session, desk, case, ClockKind.STATUTORY, started_at, case.decision_due_at)
    case.due_at = await _start_colour_clock(session, desk, case, started_at, case.decision_due_at)
    if case.needed_by is not None and case.needed_by > started_at:
        await start_clock(session, desk, case, ClockKind.NEEDED_BY, started_at, case.needed_by)
        case.due_at = min(case.due_at, case.needed_by)


async def correct_case_clocks(session: AsyncSession, desk: Desk, case: Case, colour_before: str) -> None:
    """Set right the clocks of a case that opened before its details, and so its colour, were known."""
    if case.priority != colour_before:
        await _end_colour_clock(session, case)
    await start_case_clocks(session, desk, case, case.received_at)


async def set_colour_clock(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Let the clock of the case's new colour run from now, in place of that of the old one. The caller holds its lock.

    With it starts the clock of the acknowledgement, or ends where the new colour does not ask for one. In a case that
    was decided and is open again the statutory clock runs no more, and bounds no other.
    """
    await _end_colour_clock(session, case)
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    running = Clock.case_id == case.id, Clock.ended_at.is_(None)
    statutory = await session.scalar(select(Clock.due_at).where(*running, Clock.kind == ClockKind.STATUTORY))
    due_at = await _start_colour_clock(session, desk, case, now, statutory)
    others = select(func.min(Clock.due_at)).where(*running, Clock.kind.in_(DECISION))
    case.due_at = min(due_at, await session.scalar(others) or due_at)


async def _start_colour_clock(
    session: AsyncSession, desk: Desk, case: Case, started_at: datetime, statutory_due_at: datetime | None
) -> datetime:
    """Return when the clock ends."""
    due_at = colour_due_at(_colour(case), started_at, statutory_due_at, desk.hub)
    await start_clock(session, desk, case, ClockKind.COLOUR, started_at, due_at)
    if needs_acknowledgement(_colour(case), case.urgency) and case.acknowledged_at is None:
        until = term_ends_at(started_at, desk.hub.clocks.acknowledgement, desk.hub)
        await start_clock(session, desk, case, ClockKind.ACKNOWLEDGEMENT, started_at, until)
    return due_at


async def _end_colour_clock(session: AsyncSession, case: Case) -> None:
    await end_clocks(session, case, ClockKind.COLOUR)
    if not needs_acknowledgement(_colour(case), case.urgency):
        await end_clocks(session, case, ClockKind.ACKNOWLEDGEMENT)


def _colour(case: Case) -> Colour:
    return cast("Colour", case.priority)


async def end_case_clocks(session: AsyncSession, case: Case) -> None:
    """End what runs until a case is decided; the clocks of records about it run on."""
    await end_clocks(session, case, *OF_THE_CASE)


async def end_clocks(session: AsyncSession, case: Case, *kinds: ClockKind, about: UUID | None = None) -> None:
    """End the running clocks of these kinds (all kinds if none is named), of the record `about` where given."""
    statement = update(Clock).where(Clock.case_id == case.id, Clock.ended_at.is_(None))
    if kinds:
        statement = statement.where(Clock.kind.in_(kinds))
    if about is not None:
        statement = statement.where(Clock.about == about)
    await session.execute(statement.values(ended_at=func.clock_timestamp(), next_at=None))
