"""Clocks take their steps: each once, over any number of workers and restarts."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from services.triage.actions.clocks import end_clocks, start_clock
from services.triage.actions.take_steps import STEPS_AT_ONCE, take_steps
from services.triage.clocks import ClockKind
from services.triage.models import Case, Clock, InformationRequest, Page, Step
from services.triage.worker.stepping import step_clocks
from shared.audit import audit_rows
from shared.db import new_id, transaction
from shared.events import CaseOverdue, InformationOverdue
from tests.triage.conftest import Front, example
from tests.triage.test_case_clocks import desk_of

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
MONTHS_AGO = datetime(2026, 3, 2, 10, tzinfo=UTC)


async def overdue(front: Front) -> list[tuple[str, str]]:
    return [(e.fact.clock, e.fact.state) for e in await front.events() if isinstance(e.fact, CaseOverdue)]


async def test_each_decision_clock_warns_and_runs_out(front: Front) -> None:
    """A case of months ago says soon and over of both clocks, in order, to staff alone; then it is quiet."""
    await front.submit(example("05"), received_at=MONTHS_AGO)
    await step_clocks(front.db, desk_of(front))
    assert sorted(await overdue(front)) == [
        ("colour", "over"),
        ("colour", "soon"),
        ("statutory", "over"),
        ("statutory", "soon"),
    ]
    said = [event for event in await front.events() if isinstance(event.fact, CaseOverdue)]
    for clock in ("colour", "statutory"):
        assert [e.fact.state for e in said if e.fact.clock == clock] == ["soon", "over"]  # type: ignore[attr-defined]
    assert {event.audience for event in said} == {()}
    assert {event.fact.due_at for event in said} == {MONTHS_AGO + timedelta(days=1)}  # type: ignore[attr-defined]
    async with transaction(front.db) as session:
        assert set((await session.scalars(select(Clock.next_at))).all()) == {None}
        assert (await session.execute(select(Case.version))).scalar_one() == 1


async def test_a_step_leaves_the_typing_of_others_alone(front: Front) -> None:
    """A step stands in the timeline and in the audit, and the case's entity tag stays as it was read."""
    referral_id = await front.submit(example("05"))
    before = await front.case_of(referral_id)
    async with transaction(front.db) as session:
        await session.execute(update(Clock).where(Clock.kind == "statutory").values(next_at=func.now()))
    await step_clocks(front.db, desk_of(front))
    after = await front.case_of(referral_id)
    assert after["etag"] == before["etag"]
    assert [step["what"] for step in after["timeline"]][-1] == "statutory.soon"
    async with transaction(front.db) as session:
        row = (await session.execute(select(audit_rows).where(audit_rows.c.action == "statutory.soon"))).one()
    assert (row.who, row.purpose, str(row.record_id)) == ("service-triage", "casework", after["id"])


async def test_workers_and_restarts_say_everything_once(front: Front) -> None:
    """Four workers at once, one of them killed inside its transaction and started again: each step is said once."""
    for _ in range(6):
        await front.submit(example("05"))
    async with transaction(front.db) as session:
        await session.execute(update(Clock).values(next_at=func.now() - timedelta(days=1)))

    async def killed() -> None:
        async with transaction(front.db) as session:
            await take_steps(session, desk_of(front))
            raise asyncio.CancelledError

    async def works() -> None:
        await step_clocks(front.db, desk_of(front))

    await asyncio.gather(works(), works(), killed(), works(), return_exceptions=True)
    await works()
    said = Counter((e.subject, *state) for e, state in zip(
        [e for e in await front.events() if isinstance(e.fact, CaseOverdue)], await overdue(front), strict=True
    ))  # fmt: skip
    assert len(said) == 6 * 2
    assert set(said.values()) == {1}
    async with transaction(front.db) as session:
        await session.execute(update(Clock).values(next_at=func.now() - timedelta(days=1)))
    await asyncio.gather(works(), works())
    states = Counter(await overdue(front))
    assert states == dict.fromkeys([(c, s) for c in ("colour", "statutory") for s in ("soon", "over")], 6)


async def test_a_case_in_somebodys_hands_is_left_for_later(front: Front) -> None:
    """While a person's transaction holds the case its clocks wait, and say nothing if it ended them."""
    referral_id = await front.submit(example("05"))
    async with transaction(front.db) as session:
        case = (await session.scalars(select(Case).where(Case.referral_id == referral_id).with_for_update())).one()
        await session.execute(update(Clock).values(next_at=func.now() - timedelta(days=1)))
        async with transaction(front.db) as other, asyncio.timeout(5):
            assert await take_steps(other, desk_of(front)) == 0
        await end_clocks(session, case)
    await step_clocks(front.db, desk_of(front))
    assert await overdue(front) == []


async def _case(front: Front) -> UUID:
    referral_id = await front.submit(example("05"))
    async with transaction(front.db) as session:
        return (await session.execute(select(Case.id).where(Case.referral_id == referral_id))).scalar_one()


async def test_an_agency_is_reminded(front: Front) -> None:
    """The agency that is asked hears that its answer is due and then late, and the case's timeline says so."""
    case_id, request_id = await _case(front), new_id()
    asked_at = datetime.now(UTC) - timedelta(hours=3)
    async with transaction(front.db) as session:
        case = await session.get_one(Case, case_id)
        session.add(
            InformationRequest(
                id=request_id,
                case_id=case_id,
                agency="a-surgery",
                children=[0],
                lawful_basis="public_task",
                state="asked",
                asked_by="screener",
                due_at=asked_at + timedelta(hours=2),
                details=b"",
            )
        )
        await session.flush()
        kind, due_at = ClockKind.INFORMATION_REQUEST, asked_at + timedelta(hours=2)
        await start_clock(session, desk_of(front), case, kind, asked_at, due_at, about=request_id)
    await step_clocks(front.db, desk_of(front))
    told = [event for event in await front.events() if isinstance(event.fact, InformationOverdue)]
    assert [(e.audience, e.fact.state, e.fact.request_id) for e in told] == [  # type: ignore[attr-defined]
        (("a-surgery",), "soon", request_id),
        (("a-surgery",), "over", request_id),
    ]
    assert await overdue(front) == []
    async with transaction(front.db) as session:
        steps = (await session.scalars(select(Step.what).where(Step.who == "service-triage").order_by(Step.id))).all()
    assert steps[-2:] == ["information_request.soon", "information_request.over"]


@pytest.mark.parametrize("kind", [ClockKind.NEW_INFORMATION, ClockKind.PARALLEL_ROUTE, ClockKind.CHALLENGE])
async def test_the_clocks_of_records_warn_staff(front: Front, kind: ClockKind) -> None:
    """Two records of a kind each have their clock; the one that is ended says nothing."""
    case_id, first, second = await _case(front), new_id(), new_id()
    async with transaction(front.db) as session:
        case = await session.get_one(Case, case_id)
        for about in (first, second):
            await start_clock(session, desk_of(front), case, kind, YESTERDAY, YESTERDAY, about=about)
        await end_clocks(session, case, kind, about=second)
    await step_clocks(front.db, desk_of(front))
    assert await overdue(front) == [(kind, "soon"), (kind, "over")]


async def test_a_danger_nobody_acknowledges_pages_the_line_of_duty(front: Front) -> None:
    """The first in line after a quarter of an hour, the next after another, and nobody a third time."""
    referral = example("02")
    referral["concern"]["immediate_danger"] = "yes"
    await front.submit(referral, received_at=datetime.now(UTC) - timedelta(minutes=16))
    await step_clocks(front.db, desk_of(front))
    async with transaction(front.db) as session:
        assert (await session.scalars(select(Page.line))).all() == [0]
        clock = (await session.scalars(select(Clock).where(Clock.kind == "acknowledgement"))).one()
        assert clock.next_at == clock.due_at + timedelta(minutes=15)
        clock.next_at = YESTERDAY
    await step_clocks(front.db, desk_of(front))
    await step_clocks(front.db, desk_of(front))
    async with transaction(front.db) as session:
        assert (await session.scalars(select(Page.line).order_by(Page.line))).all() == [0, 1]


async def test_more_than_a_batch_is_taken_in_turn(front: Front) -> None:
    """All that is due is said in one go, however many transactions it needs."""
    case_id = await _case(front)
    async with transaction(front.db) as session:
        case = await session.get_one(Case, case_id)
        for _ in range(STEPS_AT_ONCE + 1):
            kind = ClockKind.PARALLEL_ROUTE
            await start_clock(session, desk_of(front), case, kind, YESTERDAY, YESTERDAY, about=new_id())
    await step_clocks(front.db, desk_of(front))
    assert Counter(await overdue(front)) == {
        ("parallel_route", "soon"): STEPS_AT_ONCE + 1,
        ("parallel_route", "over"): STEPS_AT_ONCE + 1,
    }
