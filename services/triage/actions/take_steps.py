"""Clocks take the steps that are due: each says what it has to say once, however many processes run and end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import TRIAGE, Desk, mark, tell
from services.triage.actions.information import let_request_lapse
from services.triage.actions.offers import bounce_offer, hand_unstarted
from services.triage.clocks import WARNINGS, ClockKind, steps_of
from services.triage.models import Case, Clock, InformationRequest, Page
from shared.db import gathered, insert_rows, new_id
from shared.events import CaseOverdue, InformationOverdue
from shared.telemetry import correlated, new_correlation_id

STEPS_AT_ONCE = 100
AGAIN_AFTER = timedelta(minutes=1)

_insert_page = insert(Page.metadata.tables[Page.__tablename__])
# Whoever works on a case holds its row and then ends its clocks. Waiting for that row with a clock's in hand would be
# the other half of a deadlock, so both are taken or neither.
_is_due = Clock.ended_at.is_(None), Clock.next_at <= func.statement_timestamp()
_due = (
    select(Clock, Case)
    .join(Case, Case.id == Clock.case_id)
    .where(*_is_due)
    .order_by(Clock.next_at, Clock.id)
    .limit(STEPS_AT_ONCE)
    .with_for_update(of=(Clock, Case), skip_locked=True, key_share=True)
)


async def due_clocks(session: AsyncSession) -> Sequence[UUID]:
    """Return the ids of the clocks whose step is due, those of one batch."""
    query = select(Clock.id).where(*_is_due).order_by(Clock.next_at, Clock.id).limit(STEPS_AT_ONCE)
    return (await session.scalars(query)).all()


async def put_off_step(session: AsyncSession, clock_id: UUID) -> None:
    """Let a clock whose step fails wait for its next attempt, so that it is in no other's way."""
    running = update(Clock).where(Clock.id == clock_id, Clock.ended_at.is_(None))
    await session.execute(running.values(next_at=func.clock_timestamp() + AGAIN_AFTER))


async def take_steps(session: AsyncSession, desk: Desk, only: UUID | None = None) -> int:
    """Take one step of each clock (or of this one) that is due and that nobody else has in hand; returns how many."""
    due = (await session.execute(_due if only is None else _due.where(Clock.id == only))).all()
    async with gathered(session):
        for clock, case in due:
            with correlated(new_correlation_id()):
                await _take_step(session, desk, clock, case)
    return len(due)


async def _take_step(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:
    kind = ClockKind(clock.kind)
    steps = steps_of(kind, clock.started_at, clock.due_at, desk.hub)
    await SAYS.get(kind, _warn_staff)(session, desk, clock, case)
    clock.step += 1
    clock.next_at = steps[clock.step] if clock.step < len(steps) else None


async def _warn_staff(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:  # noqa: ARG001
    state = WARNINGS[clock.step]
    await tell(session, case, CaseOverdue, f"/v1/cases/{case.id}", clock=clock.kind, due_at=clock.due_at, state=state)
    await mark(session, case, TRIAGE, f"{clock.kind}.{state}")


async def _remind_agency(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:  # noqa: ARG001
    request = await session.get_one(InformationRequest, clock.about)
    state = WARNINGS[clock.step]
    waits = state == "soon" or await let_request_lapse(session, case, request)
    await tell(
        session,
        case,
        InformationOverdue,
        f"/v1/information-requests/{request.id}",
        request.agency,
        request_id=request.id,
        asked=request.agency,
        waits=waits,
        due_at=clock.due_at,
        state=state,
    )
    await mark(session, case, TRIAGE, f"{clock.kind}.{state}")


async def _page(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:  # noqa: ARG001
    page = {"id": new_id(), "case_id": case.id, "line": clock.step, "next_at": clock.next_at}
    await insert_rows(session, _insert_page, [page])
    await mark(session, case, TRIAGE, "duty.paged")


async def _bounce(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:
    if WARNINGS[clock.step] == "over":
        await bounce_offer(session, desk, clock, case)


async def _warn_and_hand_over(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:
    await _warn_staff(session, desk, clock, case)
    if WARNINGS[clock.step] == "over":
        await hand_unstarted(session, desk, clock, case)


Says = Callable[[AsyncSession, Desk, Clock, Case], Awaitable[None]]

SAYS: Mapping[ClockKind, Says] = {
    ClockKind.INFORMATION_REQUEST: _remind_agency,
    ClockKind.ACKNOWLEDGEMENT: _page,
    ClockKind.OFFER: _bounce,
    ClockKind.OFFER_START: _warn_and_hand_over,
}
"""What a step of a kind says; every other kind warns staff."""
