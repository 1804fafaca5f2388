"""How the front door stands now, and who read or wrote what: for those who answer for it; no child is told of."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus
from services.triage.models import Case
from services.triage.queries.tables import Table, exact_table
from shared.audit import audit_rows
from shared.calendar import term_ends_at
from shared.settings.hub import Hub, Term

MOST_LISTED = 50
HOURS_AHEAD = 8
DUES = ("overdue", "within_hour", "today", "later")
OPEN = tuple(status for status in CaseStatus if status is not CaseStatus.DECIDED)


async def waiting_cases(session: AsyncSession, status: CaseStatus) -> Sequence[Case]:
    """Return the first cases of a status, due first."""
    query = select(Case).where(Case.status == status).order_by(Case.due_at, Case.id).limit(MOST_LISTED)
    return (await session.scalars(query)).all()


async def due_counts(session: AsyncSession, now: datetime, tonight: datetime) -> list[tuple[str, list[int]]]:
    """Count the open cases by status, and within it by when they are due, in the order of `DUES`."""
    hour = now + timedelta(hours=1)
    group = case((Case.due_at < now, "overdue"), (Case.due_at < hour, "within_hour"),
                 (Case.due_at < tonight, "today"), else_="later")  # fmt: skip
    query = select(Case.status, group, func.count()).where(Case.status.in_(OPEN)).group_by(Case.status, group)
    found = {(status, due): number for status, due, number in (await session.execute(query)).all()}
    return [(status, [found.get((status, due), 0) for due in DUES]) for status in OPEN]


async def forecast(session: AsyncSession, now: datetime, hub: Hub) -> Table:
    """Count the open cases by when they fall due: overdue, in each of the next eight working hours, later.

    A row's key is the end, in UTC, of its working hour; what falls due while the hub is closed stands in the hour that
    spans the night.
    """
    ends = [term_ends_at(now, Term(open_hours=hours), hub) for hours in range(1, HOURS_AHEAD + 1)]
    hour = case((Case.due_at < now, 0), *((Case.due_at <= end, place) for place, end in enumerate(ends, 1)), else_=-1)
    query = select(hour, func.count()).where(Case.status.in_(OPEN)).group_by(hour)
    found = {row[0]: row[1] for row in (await session.execute(query)).all()}
    keys: dict[str | datetime, int] = {"overdue": 0, **{end: place for place, end in enumerate(ends, 1)}, "later": -1}
    return exact_table(("due",), {key: [found.get(place, 0)] for key, place in keys.items()})


async def audit_of(session: AsyncSession, reference: str | None, who: str | None) -> Sequence[Sequence[object]]:
    """Return the newest rows of the audit about a case, by a person, or both; nothing where neither is asked about.

    Each has the time, who, their role, purpose, action and the case's reference, None where it is of something else.
    """
    if not reference and not who:
        return []
    query = (
        select(audit_rows.c.at, audit_rows.c.who, audit_rows.c.role, audit_rows.c.purpose, audit_rows.c.action,
               Case.reference)
        .outerjoin(Case, Case.id == audit_rows.c.record_id)
        .order_by(audit_rows.c.position.desc())
        .limit(MOST_LISTED)
    )  # fmt: skip
    if reference:
        of_case = select(Case.id).where(Case.reference == reference).scalar_subquery()
        query = query.where(audit_rows.c.record_id == of_case)
    if who:
        query = query.where(audit_rows.c.who == who)
    return [tuple(row) for row in (await session.execute(query)).all()]
