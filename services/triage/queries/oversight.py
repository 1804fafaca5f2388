"""How the front door stands and how it did: counts for those who answer for it. Nothing here tells who a child is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Date, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus
from services.triage.models import Case, Offer
from shared.audit import audit_rows
from shared.db import first_id

SPAN = timedelta(days=28)
SMALL = 5
MOST_LISTED = 50
STATUTORY_LEVEL = 4
NOT_STARTED = (CaseStatus.UNASSIGNED, CaseStatus.ROUTED)


@dataclass(frozen=True)
class Count:
    """How many, under a name; `small` numbers could point to a person and are not told."""

    name: str
    number: int

    @property
    def small(self) -> bool:
        return 0 < self.number < SMALL

    @property
    def shown(self) -> str:
        return f"fewer than {SMALL}" if self.small else str(self.number)


@dataclass(frozen=True)
class Conversion:
    """What an agency sent, and how much of it was decided at level 4."""

    agency: Count
    statutory: Count

    @property
    def share(self) -> str:
        """Say the share in whole percent, unless either number is too small to be told."""
        if self.agency.small or self.statutory.small or not self.agency.number:
            return "not told"
        return f"{round(100 * self.statutory.number / self.agency.number)} %"


async def waiting_cases(session: AsyncSession, status: CaseStatus) -> Sequence[Case]:
    """Return the first cases of a status, due first."""
    query = select(Case).where(Case.status == status).order_by(Case.due_at, Case.id).limit(MOST_LISTED)
    return (await session.scalars(query)).all()


async def due_counts(session: AsyncSession, now: datetime, tonight: datetime) -> list[tuple[str, list[Count]]]:
    """Count the open cases by status, and within it by when they are due."""
    hour = now + timedelta(hours=1)
    group = case((Case.due_at < now, "overdue"), (Case.due_at < hour, "within_hour"),
                 (Case.due_at < tonight, "today"), else_="later")  # fmt: skip
    query = (
        select(Case.status, group, func.count()).where(Case.status != CaseStatus.DECIDED).group_by(Case.status, group)
    )
    found = {(status, due): number for status, due, number in (await session.execute(query)).all()}
    dues = ("overdue", "within_hour", "today", "later")
    statuses = [status for status in CaseStatus if status is not CaseStatus.DECIDED]
    return [(status, [Count(due, found.get((status, due), 0)) for due in dues]) for status in statuses]


async def contacts_by_day(session: AsyncSession, now: datetime, zone: ZoneInfo) -> list[tuple[date, int]]:
    """Count what was received on each of the last 28 days of the hub."""
    day = cast(func.timezone(str(zone), Case.received_at), Date)
    query = select(day, func.count()).where(Case.id >= first_id(now - SPAN)).group_by(day)
    found: dict[date, int] = {row[0]: row[1] for row in (await session.execute(query)).all()}
    last = now.astimezone(zone).date()
    days = [last - timedelta(days=ago) for ago in range(SPAN.days - 1, -1, -1)]
    return [(at, found.get(at, 0)) for at in days]


async def conversion_by_agency(session: AsyncSession, now: datetime) -> list[Conversion]:
    """Count the contacts of the last 28 days by agency, and those decided at level 4."""
    statutory = func.count().filter(Case.decided_level >= STATUTORY_LEVEL)
    query = select(Case.agency, func.count(), statutory).where(Case.id >= first_id(now - SPAN)).group_by(Case.agency)
    rows = (await session.execute(query.order_by(func.count().desc(), Case.agency))).all()
    return [Conversion(Count(agency, number), Count(agency, reached)) for agency, number, reached in rows]


async def timeliness(session: AsyncSession, now: datetime) -> list[Count]:
    """Count the decisions about contacts of the last 28 days, in time and late by the statutory clock."""
    in_time = func.count().filter(Case.decided_at <= Case.decision_due_at)
    late = func.count().filter(Case.decided_at > Case.decision_due_at)
    row = (await session.execute(select(in_time, late).where(Case.id >= first_id(now - SPAN)))).one()
    return [Count("In time", row[0]), Count("Late", row[1])]


async def offers_by_provider(session: AsyncSession, now: datetime) -> dict[str, dict[str, Count]]:
    """Count the offers of early help made in the last 28 days, by provider and status."""
    query = select(Offer.provider, Offer.status, func.count()).where(Offer.id >= first_id(now - SPAN))
    found: dict[str, dict[str, Count]] = {}
    for provider, status, number in (await session.execute(query.group_by(Offer.provider, Offer.status))).all():
        found.setdefault(provider, {})[status] = Count(status, number)
    return dict(sorted(found.items()))


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
