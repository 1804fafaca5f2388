"""What came in or was done out of hours, for those who take over in the morning."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus
from services.triage.models import Case, Step
from services.triage.queries.cases import case_items
from services.triage.schemas import Handover, HandoverItem, StepOut
from shared.calendar import is_open, night_before
from shared.db import first_id
from shared.http.reading import encode_cursor
from shared.settings.hub import Hub

Place = tuple[bool, int, datetime, UUID]
"""Whether decided, rank, due time and id of the last item of the page before."""

BY_ITSELF = "service-triage"
SKEW = timedelta(minutes=1)
_ORDER = (Case.status == CaseStatus.DECIDED, Case.queue_rank, Case.due_at, Case.id)


async def hand_over(session: AsyncSession, hub: Hub, now: datetime, limit: int, after: Place | None) -> Handover:
    """Return the cases of the night before `now`: the open ones first, of these the most urgent."""
    since, until = night_before(now, hub)
    done = await _done(session, since, until)
    came_in = and_(Case.id >= first_id(since - SKEW), Case.received_at >= since, Case.received_at < until)
    query = select(Case).where(or_(came_in, Case.id.in_(list(done)))).order_by(*_ORDER).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*_ORDER) > after)
    cases = (await session.scalars(query)).all()
    return Handover(
        out_of_hours=not is_open(now, hub),
        since=since,
        until=until,
        items=await _items(session, cases[:limit], done, since, until),
        next_cursor=_cursor(cases[limit - 1]) if len(cases) > limit else None,
    )


async def _done(session: AsyncSession, since: datetime, until: datetime) -> Mapping[UUID, Sequence[StepOut]]:
    """Return what people did in that time, by case, in order."""
    query = (
        select(Step)
        .where(Step.id.between(first_id(since - SKEW), first_id(until + SKEW)), Step.who != BY_ITSELF)
        .where(Step.at >= since, Step.at < until)
        .order_by(Step.at, Step.id)
    )
    found: dict[UUID, list[StepOut]] = defaultdict(list)
    for step in (await session.scalars(query)).all():
        found[step.case_id].append(StepOut.model_validate(step, from_attributes=True))
    return found


async def _items(
    session: AsyncSession,
    cases: Sequence[Case],
    done: Mapping[UUID, Sequence[StepOut]],
    since: datetime,
    until: datetime,
) -> list[HandoverItem]:
    shown = await case_items(session, cases)
    return [
        HandoverItem(**dict(item), came_in=since <= item.received_at < until, done=list(done.get(item.id, ())))
        for item in shown
    ]


def _cursor(case: Case) -> str:
    decided = case.status == CaseStatus.DECIDED
    return encode_cursor([decided, case.queue_rank, case.due_at.isoformat(), case.id])
