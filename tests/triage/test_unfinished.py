"""Nothing optional stands in the way of a case: what fails is named on it, and is made up for."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.triage.actions import link_people, open_case
from services.triage.domain import DirectoryUnreadable
from shared.db import transaction
from shared.inbox import dead_letters
from shared.problems import NotFound, Problem
from tests.fakes import eventually
from tests.triage.conftest import MANAGER, SCREENER, Front, example

PEOPLE, ASSESSMENT, DUTIES, ROUTE = "people", "assessment", "duties", "route"

FAULTS = (
    ("queries.known_people.people_of", PEOPLE),
    ("queries.directory.postcode_rows", ASSESSMENT),
    ("actions.desk.assess", ASSESSMENT),
    ("actions.desk.council_of", ASSESSMENT),
    ("actions.parallel_routes.duties_of", DUTIES),
    ("actions.places.choose", ROUTE),
    ("actions.route_case.make_offer", ROUTE),
)


class Fault(Exception):  # noqa: N818 - a fact, as a Problem is
    """A defect of ours."""


def fail(*_: Any, **__: Any) -> None:
    raise Fault


async def finished(front: Front, referral_id: UUID, **lacking: str) -> dict[str, Any]:
    """Wait until the case stands without these steps alone; returns it."""

    async def is_so() -> dict[str, Any] | None:
        case = await front.case_of(referral_id)
        return case if case["unfinished"] == lacking else None

    return await eventually(is_so)


@pytest.mark.parametrize(("broken", "step"), FAULTS)
async def test_a_case_stands_without_what_fails(
    front: Front, monkeypatch: pytest.MonkeyPatch, broken: str, step: str
) -> None:
    """A step that fails leaves the rest in place, is shown, and is made up for once it works again."""
    with monkeypatch.context() as patch:
        patch.setattr(f"services.triage.{broken}", fail)
        referral_id = await front.submit(example("03"))
        opened = await front.case_of(referral_id)
        assert opened["status"] == "unassigned"
        case = await finished(front, referral_id, **{ROUTE: "pending", step: "failed"})

    assert (case["status"], case["referral"]) == ("unassigned", example("03"))
    assert case["receipt"]["auto_route"] == (step not in (PEOPLE, ASSESSMENT))
    case = await finished(front, referral_id)
    assert (case["status"], case["level"], case["priority"]) == ("routed", 2, "green")
    assert [offer["provider"] for offer in case["offers"]] == ["towcester-family-hub"]
    async with transaction(front.db) as session:
        assert (await session.scalars(select(dead_letters.c.error))).all() == []


@pytest.mark.parametrize("problem", [NotFound, DirectoryUnreadable])
async def test_a_problem_of_ours_refuses_no_referral(front: Front, problem: type[Problem]) -> None:
    """Nothing by which an answer to a caller would be refused keeps a submitted referral from being a case."""

    def refuse(*_: Any, **__: Any) -> None:
        raise problem("No.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.triage.queries.known_people.people_of", refuse)
        referral_id = await front.submit(example("03"))
        assert (await front.case_of(referral_id))["status"] == "unassigned"
        case = await finished(front, referral_id, people="failed", route="pending")
        assert case["referral"] == example("03")
    assert (await finished(front, referral_id))["status"] == "routed"


async def test_danger_is_red_whatever_fails(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that cannot be assessed has the colour of its danger and a receipt that asks for a person to decide."""
    monkeypatch.setattr("services.triage.actions.desk.assess", fail)
    document = example("05")
    document["concern"]["immediate_danger"] = "yes"
    referral_id = await front.submit(document)
    assert (await front.case_of(referral_id))["priority"] == "red"

    case = await finished(front, referral_id, assessment="failed", route="pending")
    assert case["priority"] == "red"
    assert case["receipt"]["review_required"] == ["immediate_danger_unknown", "narrative_not_coded", "assessment_error"]
    assert case["clocks"]["acknowledgement"]["ended_at"] is None


async def test_what_is_not_looked_for_is_unknown_and_never_none(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its people a case says of earlier contacts, decisions and matches that they are unknown."""
    monkeypatch.setattr("services.triage.queries.known_people.people_of", fail)
    case = await finished(front, await front.submit(example("03")), people="failed", route="pending")
    facts = case["receipt"]["facts"]
    assert facts["previous_contacts_90_days"] == {"at_least": 0}
    assert facts["below_threshold_decision_12_months"] is None
    assert facts["possible_match_waiting"] is None
    assert case["receipt"]["could_reach"]["level"] > case["level"]
    assert case["receipt"]["auto_route"] is False


async def test_others_of_the_batch_do_not_wait(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """A referral that cannot be read as one is on the queue, and so is its neighbour, whole."""
    broken, whole = example("03"), example("05")
    bad = front.announce(broken)
    front.referrals.details[f"/internal/referrals/{bad.fact.subject}"]["referral"] = ["no", "referral"]
    good = front.announce(whole)
    await front.consume(bad, good)

    assert (await front.case_of(good.fact.subject))["unfinished"] == {}
    items = (await front.http.get("/v1/cases", headers=SCREENER)).json()["items"]
    lacking = next(item for item in items if item["referral_id"] == str(bad.fact.subject))
    assert (lacking["status"], lacking["details_pending"]) == ("unassigned", True)
    monkeypatch.undo()


async def test_workers_are_told_later_where_that_failed(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker of an open case about the child hears of the new one once, though telling failed at first."""
    earlier = await front.case_of(await front.submit(example("01")))
    claimed = await front.post(earlier, "claim", {}, MANAGER)
    assert claimed.status_code == 200
    with monkeypatch.context() as patch:
        for module in (link_people, open_case):
            patch.setattr(module, "tell_workers", fail)
        referral_id = await front.submit(example("01"))
        await finished(front, referral_id, news="failed")

    case = await finished(front, referral_id)
    earlier = await front.case_of_path(f"/desk/cases/{earlier['id']}")
    assert [one["from_case_id"] for one in earlier["new_information"]] == [case["id"]]
