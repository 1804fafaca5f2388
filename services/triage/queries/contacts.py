"""What came in over the last 28 days and what became of it: by day, by source and by the statutory clock."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, SQLColumnExpression, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Case
from services.triage.queries.tables import Table, largest_first, told_table
from shared.db import first_id

DAYS = 28
WEEK = 7
STATUTORY_LEVEL = 4
OUTCOMES = ("statutory", "other")
TURNS = ("in_time", "late", "running", "overdue")
NOT_KNOWN = "not_known"


@dataclass(frozen=True)
class Contacts:
    """So many contacts of one day of the hub that are alike in what sort of agency sent them and what became of them.

    `outcome` is one of `OUTCOMES`; `decided` and `answered` say by one of `TURNS` how the decision, and the first word
    of a person to the referrer, stand to the statutory clock.
    """

    day: date
    source: str | None
    outcome: str
    decided: str
    answered: str
    number: int


def days_before(now: datetime, zone: ZoneInfo) -> list[date]:
    """Return the last 28 days of the hub, today last."""
    last = now.astimezone(zone).date()
    return [last - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]


def begins_at(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def local_day(at: SQLColumnExpression[datetime], zone: ZoneInfo) -> ColumnElement[date]:
    return cast(func.timezone(str(zone), at), Date)


async def recent_contacts(session: AsyncSession, now: datetime, zone: ZoneInfo) -> list[Contacts]:
    """Count the contacts of the last 28 days; ids grow with time, so that no older case is read."""
    since = begins_at(days_before(now, zone)[0], zone)
    outcome = case((Case.decided_level >= STATUTORY_LEVEL, "statutory"), else_="other")
    answered_at = func.least(Case.acknowledged_at, Case.decided_at)
    groups = (
        local_day(Case.received_at, zone).label("day"),
        Case.source,
        outcome.label("outcome"),
        _turn(Case.decided_at, now).label("decided"),
        _turn(answered_at, now).label("answered"),
    )
    query = (
        select(*groups, func.count().label("number"))
        .where(Case.id >= first_id(since), Case.received_at >= since)
        .group_by(*groups)
    )
    return [Contacts(**row) for row in (await session.execute(query)).mappings()]


def _turn(done_at: SQLColumnExpression[datetime | None], now: datetime) -> ColumnElement[str]:
    return case(
        (done_at <= Case.decision_due_at, "in_time"),
        (done_at.is_not(None), "late"),
        (Case.decision_due_at >= now, "running"),
        else_="overdue",
    )


def contacts_by_day(contacts: Iterable[Contacts], days: Sequence[date]) -> Table:
    """Count the contacts of each day; each week hides what is small by itself, for other tables tell its total."""
    counts = {day: [0] for day in days}
    for one in contacts:
        if one.day in counts:
            counts[one.day][0] += one.number
    series = ("contacts",)
    weeks = (days[begin : begin + WEEK] for begin in range(0, len(days), WEEK))
    told = (told_table(series, {day: counts[day] for day in week}) for week in weeks)
    return Table(series, tuple(row for table in told for row in table.rows))


def outcomes_by_source(contacts: Iterable[Contacts]) -> Table:
    """Count what became of contacts by the code of who referred, as the children in need census has it.

    An agency may be all that its source has: like the counts by agency, these have two columns, so that a row that is
    hidden in one is hidden in the other.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(OUTCOMES))
    for one in contacts:
        counts[one.source or NOT_KNOWN][OUTCOMES.index(one.outcome)] += one.number
    return told_table(OUTCOMES, largest_first(counts))


def decisions_by_week(contacts: Iterable[Contacts], days: Sequence[date]) -> Table:
    """Count by the first day of each seven how the decision stands to the statutory clock."""
    return _turns(contacts, days, lambda one: one.decided)


def answers_by_week(contacts: Iterable[Contacts], days: Sequence[date]) -> Table:
    """Count alike when a person first told the referrer anything: an acknowledgement, or else the decision."""
    return _turns(contacts, days, lambda one: one.answered)


def _turns(contacts: Iterable[Contacts], days: Sequence[date], turn: Callable[[Contacts], str]) -> Table:
    counts = {first: [0] * len(TURNS) for first in days[::WEEK]}
    begins = {day: days[place - place % WEEK] for place, day in enumerate(days)}
    for one in contacts:
        if one.day in begins:
            counts[begins[one.day]][TURNS.index(turn(one))] += one.number
    return told_table(TURNS, counts)
