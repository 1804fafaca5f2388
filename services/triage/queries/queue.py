"""The queue as the staff page shows it: who it is about and why, beside what lists say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, cast, func, select, union_all
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus, highest
from services.triage.domain.child import age_of, called
from services.triage.models import Case, Child
from services.triage.queries.cases import Filter, Place, Queue, narrowed, open_details
from services.triage.queries.clocks import clocks_of
from services.triage.schemas import Clocks
from shared.vault import Vault

OPEN = tuple(status for status in CaseStatus if status is not CaseStatus.DECIDED)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Row:
    """A case of the queue; `who` are its children's names with their ages, unless the record is restricted."""

    case: Case
    clocks: Clocks
    who: tuple[tuple[str, str], ...]
    restricted: bool
    location_protected: bool
    source: str | None
    reason: str | None


@dataclass(frozen=True)
class QueuePage:
    rows: list[Row]
    next_place: Place | None

    @property
    def named(self) -> list[UUID]:
        """The cases on this page that tell who the child is."""
        return [row.case.id for row in self.rows if row.who]


_deciding = (
    select(
        Child.case_id,
        Child.receipt["level"],
        Child.receipt["priority"],
        func.jsonb_path_query_first(
            Child.receipt, cast("$.fired[*] ? (@.id == $.decided_by).reason", JSONPATH), type_=JSONB
        ),
    )
    .where(Child.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))))
    .order_by(Child.case_id, Child.child)
)
"""Receipts are long, and a page of the queue tells one sentence of each."""


async def read_queue(
    session: AsyncSession, vault: Vault, wanted: Filter, limit: int, after: Place | None, today: date
) -> QueuePage:
    """Return a page of the queue, due first; the caller records the reads of those that are `named`."""
    cases = (await session.scalars(_query(wanted, limit + 1, after))).all()
    shown, last = cases[:limit], cases[limit - 1] if len(cases) > limit else None
    clocks = await clocks_of(session, shown)
    receipts = await _receipts(session, shown)
    rows = [_row(vault, case, clocks[case.id], receipts.get(case.id, []), today) for case in shown]
    return QueuePage(rows, (last.due_at, last.id) if last else None)


def _query(wanted: Filter, limit: int, after: Place | None) -> Select[Case]:
    """Take the first of each open status by its index, and of these the first: what is decided is never read."""
    statuses = (CaseStatus.DECIDED,) if wanted.queue is Queue.DECIDED else OPEN
    firsts = []
    for status in statuses:
        one = narrowed(select(Case.id), wanted).where(Case.status == status)
        if after is not None:
            one = one.where((Case.due_at > after[0]) | ((Case.due_at == after[0]) & (Case.id > after[1])))
        firsts.append(select(one.order_by(Case.due_at, Case.id).limit(limit).subquery()))
    return select(Case).where(Case.id.in_(union_all(*firsts))).order_by(Case.due_at, Case.id).limit(limit)


async def _receipts(session: AsyncSession, cases: Sequence[Case]) -> Mapping[UUID, list[Mapping[str, Any]]]:
    """Return of each child's receipt level, priority and the reason of the rule that decided: the rest stays there."""
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for case_id, *said in await session.execute(_deciding, {"cases": [case.id for case in cases]}):
        found.setdefault(case_id, []).append(dict(zip(("level", "priority", "reason"), said, strict=True)))
    return found


def _row(vault: Vault, case: Case, clocks: Clocks, receipts: Sequence[Mapping[str, Any]], today: date) -> Row:
    referral = open_details(vault, case) or {}
    children = referral.get("children") or ()
    restricted = bool(referral.get("restricted"))
    return Row(
        case=case,
        clocks=clocks,
        who=() if restricted else tuple((called(child), age_of(child, today)) for child in children),
        restricted=restricted,
        location_protected=any(child.get("location_protected") for child in children),
        source=referral.get("source"),
        reason=highest(receipts)["reason"] if receipts else None,
    )


def due_group(due_at: datetime, now: datetime, today_ends_at: datetime) -> str:
    """Return the heading under which a case stands: the same that the filter `due` takes."""
    if due_at < now:
        return "overdue"
    if due_at - now < HOUR:
        return "within_hour"
    return "today" if due_at < today_ends_at else "later"
