"""Cases that nobody has: how many at the end of each day, how long those of now have waited."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus
from services.triage.models import Case
from services.triage.queries.contacts import begins_at
from services.triage.queries.tables import Table, told_table
from shared.db import first_id

GIVEN_BACK = (
    "case.opened", "case.released", "case.lapsed", "case.owner_left", "case.reopened", "case.route_withdrawn",
    "countersignature.refused",
)  # fmt: skip
"""Lines of the timeline after which nobody has the case."""

TAKEN = (
    "case.claimed", "case.assigned", "case.routed", "case.decided", "route.confirmed",
    "decision.awaits_countersignature",
)  # fmt: skip
"""Lines after which somebody has it, or it waits for nobody to take it."""

AGES = (("hour", timedelta(hours=1)), ("four_hours", timedelta(hours=4)), ("day", timedelta(days=1)),
        ("three_days", timedelta(days=3)), ("longer", timedelta.max))  # fmt: skip

# A case without an owner lies so from one line of its timeline to the next. A case that has no line in the span counts
# from before it, if it is on the queue now; one that has, by the last line before.
_lying = text(
    """
    WITH turns AS (
        SELECT case_id, at, id, what, what = ANY(:given_back) AS free FROM timeline
        WHERE id >= :first AND at >= :since AND what = ANY(:turns)
    ), older AS (
        SELECT DISTINCT case_id FROM turns
        EXCEPT SELECT case_id FROM turns WHERE what = 'case.opened'
    ), standing AS (
        SELECT case_id, last.free FROM older, LATERAL (
            SELECT what = ANY(:given_back) AS free FROM timeline
            WHERE timeline.case_id = older.case_id AND at < :since AND what = ANY(:turns)
            ORDER BY at DESC, id DESC LIMIT 1) AS last
        UNION ALL
        SELECT id, true FROM cases
        WHERE status = 'unassigned' AND opened_at < :since
          AND NOT EXISTS (SELECT FROM turns WHERE turns.case_id = cases.id)
    ), spells AS (
        SELECT free, at, lead(at) OVER (PARTITION BY case_id ORDER BY at, id) AS until
        FROM (SELECT case_id, at, id, free FROM turns
              UNION ALL SELECT case_id, :since, CAST(:first AS uuid), free FROM standing) AS lines
    )
    SELECT CAST(timezone(:zone, at) AS date) AS since, CAST(timezone(:zone, until) AS date) AS until, count(*) AS number
    FROM spells
    WHERE free AND (until IS NULL OR CAST(timezone(:zone, at) AS date) < CAST(timezone(:zone, until) AS date))
    GROUP BY 1, 2
    """
)


async def unallocated_by_day(session: AsyncSession, days: Sequence[date], zone: ZoneInfo) -> Table:
    """Count the cases that nobody had when each of these days ended, by what their timelines say."""
    since = begins_at(days[0], zone)
    said = {"since": since, "first": first_id(since), "zone": str(zone), "given_back": list(GIVEN_BACK)}
    rows = (await session.execute(_lying, {**said, "turns": [*GIVEN_BACK, *TAKEN]})).all()
    return told_table(
        ("unallocated",),
        {day: [sum(n for begins, ends, n in rows if begins <= day and (ends is None or ends > day))] for day in days},
    )


async def unallocated_by_age(session: AsyncSession, now: datetime) -> Table:
    """Count the cases that nobody has now by how long ago their referral was received."""
    age = case(*((Case.received_at > now - most, name) for name, most in AGES[:-1]), else_=AGES[-1][0])
    query = select(age, func.count()).where(Case.status == CaseStatus.UNASSIGNED).group_by(age)
    found = {row[0]: row[1] for row in (await session.execute(query)).all()}
    return told_table(("unallocated",), {name: [found.get(name, 0)] for name, _ in AGES})


async def longest_unallocated(session: AsyncSession) -> Case | None:
    """Return the case of the queue that was received first, of those that nobody has."""
    query = select(Case).where(Case.status == CaseStatus.UNASSIGNED).order_by(Case.received_at, Case.id)
    return (await session.scalars(query.limit(1))).first()
