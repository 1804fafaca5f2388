"""What people and senders do stands, whatever fails after it: the case says what it lacks, and it is tried again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.triage.clocks import ClockKind
from services.triage.models import NewInformation
from shared.db import transaction
from shared.events import ReferralInformationAdded
from shared.inbox import dead_letters
from tests.triage.conftest import SCREENER, SCREENER_2, SOCIAL_WORKER, Front, example
from tests.triage.test_amendments import amendment, kept
from tests.triage.test_decisions import decision
from tests.triage.test_links import NOW, mistyped, settle
from tests.triage.test_offers import routed, run_out, say
from tests.triage.test_unfinished import fail, finished

SERIOUS = {"indicators": [{"code": "self_harm", "status": "present"}], "source": "a call from the school nurse"}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Let a function of triage fail for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"services.triage.{name}", fail)
        yield


def done(case: dict[str, Any]) -> list[str]:
    return [step["what"] for step in case["timeline"]]


async def test_a_coding_stands_where_it_cannot_be_assessed(front: Front) -> None:
    """The case is on no automatic route meanwhile; then it has the receipt and the duties of what was coded."""
    case = await front.case_of(await front.submit(example("03")))
    assert case["status"] == "routed"
    with broken("actions.code_facts.judge_again"):
        reply = await front.post(case, "facts", SERIOUS, SCREENER)
    assert reply.status_code == 200
    coded = reply.json()
    assert {"facts.coded", "case.assessment_failed", "case.route_withdrawn"} <= set(done(coded))
    assert (coded["unfinished"]["assessment"], coded["status"]) == ("failed", "unassigned")
    case = await finished(front, UUID(case["referral_id"]))
    assert (case["level"], case["status"], case["offers"][0]["status"]) == (3, "unassigned", "closed")


async def test_a_coding_stands_where_its_duties_cannot_be_opened(front: Front) -> None:
    """What was coded calls for a duty: it is opened later, once."""
    case = await front.case_of(await front.submit(example("05")))
    code = min(code for duty in front.hub.parallel_routes.values() for code in duty.indicators)
    body = {"indicators": [{"code": code, "status": "present", "child": 0}], "source": "a call"}
    with broken("actions.code_facts.open_duties"):
        coded = (await front.post(case, "facts", body, SCREENER)).json()
    assert (coded["unfinished"]["duties"], coded["parallel_routes"]) == ("failed", case["parallel_routes"])
    case = await finished(front, UUID(case["referral_id"]))
    assert len(case["parallel_routes"]) == len(coded["parallel_routes"]) + 1


async def test_a_link_is_settled_where_nothing_follows(front: Front) -> None:
    """The person's word stands; the worker of the other case is told, and the case assessed again, later."""
    prose = example("03")
    prose["concern"]["indicators"] = []
    first = await front.case_of(await front.submit(prose, received_at=NOW - timedelta(days=9)))
    claimed = await front.post(first, "claim", {}, SCREENER_2)
    assert claimed.status_code == 200
    case = await front.case_of(await front.submit(mistyped(), received_at=NOW))
    with broken("actions.settle_link.tell_workers"), broken("actions.open_case.judge_again"):
        settled = await settle(front, case, "confirmation", reason="Same mother, same school.")
    assert settled["matches"][0]["state"] == "confirmed"
    assert {settled["unfinished"]["news"], settled["unfinished"]["assessment"]} == {"failed"}
    case = await finished(front, UUID(case["referral_id"]))
    assert case["receipt"]["facts"]["previous_contacts_90_days"] == 1
    async with transaction(front.db) as session:
        news = (await session.scalars(select(NewInformation))).one()
    assert (str(news.case_id), str(news.from_case_id)) == (first["id"], case["id"])


async def test_a_decision_stands_where_help_cannot_be_looked_for(front: Front) -> None:
    """The decision is told at once, and the help that was decided on is offered later."""
    case = await front.case_of(await front.submit(example("05")))
    said = decision((0, 3, "targeted_early_help"), override_reason="Known to us.")
    with broken("actions.decide_case.find_services"):
        reply = await front.post(case, "decision", said, SOCIAL_WORKER)
        assert reply.status_code == 200, reply.text
        assert (reply.json()["status"], reply.json()["offers"]) == ("decided", [])
        assert reply.json()["unfinished"] == {"route": "failed"}
    case = await finished(front, UUID(case["referral_id"]))
    assert (case["status"], [offer["status"] for offer in case["offers"]]) == ("decided", ["offered"])


@pytest.mark.parametrize("turn", ["declined", "bounced"])
async def test_a_child_goes_to_a_person_where_the_next_service_cannot_be_looked_for(front: Front, turn: str) -> None:
    """What the provider says, or its silence, stands: nobody waits for a service that no one can find."""
    case, offer = await routed(front, hubs=2)
    with broken("actions.offers.find_services"):
        if turn == "declined":
            assert (await say(front, offer, "decline", reason="We have no worker.")).status_code == 200
        else:
            await run_out(front, ClockKind.OFFER)
        after = await front.case_of(UUID(case["referral_id"]))
    assert (after["status"], [one["status"] for one in after["offers"]]) == ("unassigned", [turn])


async def test_what_was_added_stands_where_its_clock_cannot_be_set(front: Front) -> None:
    """The text is kept and the case is red, for whoever looks."""
    referral_id = await front.submit(example("05"))
    with broken("actions.take_amendment.set_colour_clock"):
        await front.consume(amendment(front, referral_id, ReferralInformationAdded, "unexplained_injury"))
    assert (await kept(front))[0][1]["text"] == "A new bruise."
    assert (await front.case_of(referral_id))["priority"] == "red"


async def test_an_earlier_contact_opens_where_a_later_case_cannot_be_assessed_again(front: Front) -> None:
    """The case that fails says so and is assessed again later; the one that opens is whole. Nothing is set aside."""
    later = await front.submit(example("07"), received_at=NOW)
    with broken("actions.open_case.judge_again"):
        earlier = await front.submit(example("07"), received_at=NOW - timedelta(days=30))
    assert (await front.case_of(earlier))["unfinished"] == {}
    assert "case.assessment_failed" in done(await front.case_of(later))
    case = await finished(front, later)
    assert case["receipt"]["facts"]["previous_contacts_90_days"] == 1
    async with transaction(front.db) as session:
        assert (await session.scalars(select(dead_letters.c.state))).all() == []
