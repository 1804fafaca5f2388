"""The clocks that a case opens with, how a change of colour sets them, and when they end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from services.triage.actions.clocks import end_case_clocks, set_colour_clock, start_case_clocks
from services.triage.actions.desk import Desk, set_priority
from services.triage.clocks import ClockKind
from services.triage.models import Case, Clock
from shared.calendar import decision_due_at
from shared.db import transaction
from tests.fakes import eventually
from tests.triage.conftest import MANAGER, SCREENER, Front, example

RECEIVED = datetime(2026, 11, 17, 10, tzinfo=UTC)


def desk_of(front: Front) -> Desk:
    return Desk(None, front.hub, front.service.resources.vault)  # type: ignore[arg-type]


def at(shown: str) -> datetime:
    return datetime.fromisoformat(shown)


async def kinds(front: Front) -> set[str]:
    async with transaction(front.db) as session:
        return set((await session.scalars(select(Clock.kind).where(Clock.ended_at.is_(None)))).all())


async def test_a_quiet_case_has_two_clocks(front: Front) -> None:
    """Statutory and colour, both one working day, and the case is due when they end."""
    case = await front.case_of(await front.submit(example("05"), received_at=RECEIVED))
    assert set(case["clocks"]) == {"statutory", "colour", "acknowledgement", "needed_by"}
    assert at(case["clocks"]["statutory"]["due_at"]) == RECEIVED + timedelta(days=1)
    assert case["clocks"]["colour"] == {"due_at": case["clocks"]["statutory"]["due_at"], "ended_at": None}
    assert case["clocks"]["acknowledgement"] is None
    assert case["clocks"]["needed_by"] is None
    assert await kinds(front) == {"statutory", "colour"}


async def test_a_danger_has_to_be_acknowledged(front: Front) -> None:
    """A danger is red: four hours, and a quarter of an hour until the line of duty is paged."""
    referral = example("02")
    referral["concern"]["immediate_danger"] = "yes"
    case = await front.case_of(await front.submit(referral, received_at=RECEIVED))
    assert case["priority"] == "red"
    assert at(case["clocks"]["colour"]["due_at"]) == RECEIVED + timedelta(hours=4)
    assert at(case["clocks"]["acknowledgement"]["due_at"]) == RECEIVED + timedelta(minutes=15)
    async with transaction(front.db) as session:
        assert await session.scalar(select(Case.due_at)) == RECEIVED + timedelta(hours=4)


async def test_when_the_referrer_needs_to_know_counts(front: Front) -> None:
    """A case is due when the referrer needs to know, where that comes first; lists are in that order."""
    pressing = example("05") | {"needed_by": {"at": "2026-11-17T12:00:00Z", "reason": "School ends at noon."}}
    late = await front.submit(example("05"), received_at=RECEIVED - timedelta(minutes=5))
    case = await front.case_of(await front.submit(pressing, received_at=RECEIVED))
    assert at(case["clocks"]["needed_by"]["due_at"]) == RECEIVED + timedelta(hours=2)
    items = (await front.http.get("/v1/cases", headers=SCREENER)).json()["items"]
    assert [item["referral_id"] for item in items] == [case["referral_id"], str(late)]
    assert items[0]["clocks"] == case["clocks"]


async def test_due_is_asked_of_the_earliest_clock(front: Front) -> None:
    """A case whose referrer needs to know within the hour is listed so, though its working day is long."""
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    referral_id = await front.submit(example("05") | {"needed_by": {"at": soon, "reason": "A visit."}})
    for due, found in (("within_hour", [str(referral_id)]), ("overdue", []), ("later", [])):
        items = (await front.http.get(f"/v1/cases?due={due}", headers=SCREENER)).json()["items"]
        assert [item["referral_id"] for item in items] == found


async def test_a_case_without_details_is_red_until_they_come(front: Front) -> None:
    """It waits for an acknowledgement from the start; with the details comes the clock of its real colour."""
    front.referrals.away = True
    referral = example("07")
    referral["concern"]["immediate_danger"] = "not_known"
    referral_id = await front.submit(referral, received_at=RECEIVED)
    before = await front.case_of(referral_id)
    front.answer(referral_id, referral, RECEIVED)
    front.referrals.away = False

    async def completed() -> dict[str, Any] | None:
        found = await front.case_of(referral_id)
        return None if found["details_pending"] else found

    case = await eventually(completed)
    assert (before["priority"], case["priority"]) == ("red", "amber")
    assert at(before["clocks"]["colour"]["due_at"]) == RECEIVED + timedelta(hours=4)
    assert before["clocks"]["acknowledgement"]["ended_at"] is None
    assert case["clocks"]["acknowledgement"]["ended_at"] is not None
    assert at(case["clocks"]["colour"]["due_at"]) == RECEIVED + timedelta(days=1)
    assert await kinds(front) == {"statutory", "colour"}


@pytest.mark.parametrize(("colour", "paged"), [("red", True), ("green", False)])
async def test_a_new_colour_has_a_new_clock(front: Front, colour: str, paged: bool) -> None:
    """Its clock runs from the change, but never past the statutory one, and takes the acknowledgement's with it."""
    referral_id = await front.submit(example("07"))
    started = datetime.now(UTC)
    async with transaction(front.db) as session:
        case = (await session.scalars(select(Case).where(Case.referral_id == referral_id).with_for_update())).one()
        set_priority(case, colour)
        await set_colour_clock(session, desk_of(front), case)
        due_at, statutory = case.due_at, case.decision_due_at
    shown = (await front.case_of(referral_id))["clocks"]
    assert at(shown["colour"]["due_at"]) == due_at
    assert (shown["acknowledgement"] is not None) is paged
    if paged:
        assert timedelta(hours=4) <= due_at - started < timedelta(hours=4, minutes=1)
    else:
        assert due_at == statutory


async def test_back_to_amber_pages_nobody(front: Front) -> None:
    """Where a person takes red away again, nobody has to acknowledge it at once any more, and it is due later."""
    referral_id = await front.submit(example("07"))
    for colour in ("red", "amber", "amber"):
        async with transaction(front.db) as session:
            case = (await session.scalars(select(Case).where(Case.referral_id == referral_id).with_for_update())).one()
            set_priority(case, colour)
            await set_colour_clock(session, desk_of(front), case)
    shown = (await front.case_of(referral_id))["clocks"]
    assert shown["colour"]["due_at"] == shown["statutory"]["due_at"]
    assert await kinds(front) == {"statutory", "colour"}


async def test_coding_a_danger_starts_the_clock_of_red(front: Front) -> None:
    """A screener who codes an injury turns the case red, with its clocks."""
    case = await front.case_of(await front.submit(example("05")))
    assert case["clocks"]["acknowledgement"] is None
    body = {"indicators": [{"code": "unexplained_injury", "status": "present"}], "source": "The narrative."}
    reply = await front.post(case, "facts", body, SCREENER)
    assert reply.json()["priority"] == "red"
    assert reply.json()["clocks"]["acknowledgement"]["ended_at"] is None
    assert await kinds(front) == {"statutory", "colour", "acknowledgement"}


async def test_a_decision_ends_the_clocks_of_the_case(front: Front) -> None:
    """Decided is decided: nothing of the case's own runs on, and the clocks show when they ended."""
    case = await front.case_of(await front.submit(example("02")))
    body = {
        "children": [{"child": i, "level": 4, "outcome": "strategy_discussion"} for i in range(len(case["children"]))],
        "rationale": "Harm.",
        "feedback_to_referrer": "We are meeting.",
        "override_reason": "As agreed.",
    }
    reply = await front.post(case, "decision", body, MANAGER)
    assert reply.status_code == 200
    assert all(clock is None or clock["ended_at"] for clock in reply.json()["clocks"].values())
    assert await kinds(front) == set()


async def test_a_case_that_opens_again_has_its_clocks_again(front: Front) -> None:
    """New clocks run from then; a time by which the referrer needed to know, gone by, is not waited for again."""
    referral = example("05") | {"needed_by": {"at": "2026-11-17T12:00:00Z", "reason": "School ends at noon."}}
    referral_id = await front.submit(referral, received_at=RECEIVED)
    again = datetime(2026, 11, 19, 10, tzinfo=UTC)
    async with transaction(front.db) as session:
        await session.execute(update(Clock).values(ended_at=RECEIVED, next_at=None))
        case = (await session.scalars(select(Case).where(Case.referral_id == referral_id).with_for_update())).one()
        case.decision_due_at = decision_due_at(again, front.hub)
        await start_case_clocks(session, desk_of(front), case, again)
        assert case.due_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert await kinds(front) == {ClockKind.STATUTORY, ClockKind.COLOUR}


async def test_months_after_its_decision_a_case_has_time_again(front: Front) -> None:
    """The clock of its colour runs from the reopening, and is not bounded by the working day that was."""
    referral_id = await front.submit(example("05"), received_at=datetime(2026, 3, 3, 10, tzinfo=UTC))
    async with transaction(front.db) as session:
        case = (await session.scalars(select(Case).where(Case.referral_id == referral_id).with_for_update())).one()
        await end_case_clocks(session, case)
        await set_colour_clock(session, desk_of(front), case)
        assert case.due_at > datetime.now(UTC)
    shown = (await front.case_of(referral_id))["clocks"]
    assert shown["statutory"]["ended_at"] is not None
    assert at(shown["colour"]["due_at"]) == case.due_at
