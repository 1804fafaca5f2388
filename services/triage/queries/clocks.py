"""The clocks of cases as lists and pages show them, and the pages that they sent to the line of duty."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage import schemas
from services.triage.clocks import OF_THE_CASE, ClockKind
from services.triage.models import Case, Clock, Page
from services.triage.schemas import Clocks, PageItem, PageList
from shared.http.reading import encode_cursor

_of_cases = (
    select(Clock.case_id, Clock.kind, Clock.due_at, Clock.ended_at)
    .where(Clock.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))), Clock.kind.in_(OF_THE_CASE))
    .order_by(Clock.started_at, Clock.id)
)


async def clocks_of(session: AsyncSession, cases: Sequence[Case]) -> Mapping[UUID, Clocks]:
    """Return the clocks of these cases by case: of each kind the one that started last."""
    shown: dict[UUID, dict[str, schemas.Clock]] = defaultdict(dict)
    for case_id, kind, due_at, ended_at in await session.execute(_of_cases, {"cases": [case.id for case in cases]}):
        shown[case_id][kind] = schemas.Clock(due_at=due_at, ended_at=ended_at)
    return {case.id: _clocks(case, shown[case.id]) for case in cases}


def _clocks(case: Case, found: Mapping[str, schemas.Clock]) -> Clocks:
    statutory = schemas.Clock(due_at=case.decision_due_at, ended_at=case.decided_at)
    return Clocks(**{ClockKind.STATUTORY: statutory, ClockKind.COLOUR: statutory, **found})


async def list_pages(session: AsyncSession, limit: int, after: tuple[datetime, UUID] | None) -> PageList:
    """Return the pages of the line of duty, the newest first; nothing here tells who the child is."""
    query = (
        select(Page, Case.reference)
        .join(Case, Case.id == Page.case_id, isouter=True)
        .order_by(Page.made_at.desc(), Page.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(Page.made_at, Page.id) < after)
    rows = (await session.execute(query)).all()
    items = [
        PageItem.model_validate(
            {name: getattr(page, name) for name in PageItem.model_fields if name != "reference"}
            | {"reference": reference}
        )
        for page, reference in rows[:limit]
    ]
    more = len(rows) > limit
    return PageList(
        items=items, next_cursor=encode_cursor([items[-1].made_at.isoformat(), items[-1].id]) if more else None
    )
