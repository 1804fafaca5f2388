"""Work on a case beside deciding: acknowledgement, colour, notes, parallel routes, new information."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from services.triage.actions.desk import Desk
from services.triage.actions.new_information import add_new_information
from services.triage.domain import NewInformationKind
from services.triage.models import Clock
from services.triage.queries.cases import find_case
from shared.calendar import term_ends_at
from shared.db import transaction
from shared.events import CaseAcknowledged, CaseAdviceGiven, CasePrioritised
from tests.fakes import as_partner
from tests.triage.conftest import MANAGER, SCREENER, SCREENER_2, SOCIAL_WORKER, Front, example

SERVICE = as_partner("service-referrals", "internal:read")


async def running(front: Front, case_id: str) -> set[tuple[str, UUID | None]]:
    """Return kind and record of every clock that runs on a case."""
    query = select(Clock.kind, Clock.about).where(Clock.case_id == UUID(case_id), Clock.ended_at.is_(None))
    async with transaction(front.db) as session:
        return {(kind, about) for kind, about in (await session.execute(query)).all()}


async def told(front: Front, *facts: type) -> int:
    return sum(isinstance(event.fact, facts) for event in await front.events())


@pytest.mark.parametrize("name", ["05", "03"], ids=["unassigned", "routed"])
async def test_the_referrer_is_told_that_a_person_has_it(front: Front, name: str) -> None:
    """The first acknowledgement is told once, every advice is; the case keeps both, and the feedback the latest."""
    case = await front.case_of(await front.submit(example(name)))
    first = await front.post(case, "acknowledgement", {"advice": ["keep_in_school"]}, SCREENER)
    second = await front.post(case, "acknowledgement", {"advice": ["send_home", "share_with_gp"]}, SOCIAL_WORKER)
    third = await front.post(case, "acknowledgement", {}, SOCIAL_WORKER)
    assert {reply.status_code for reply in (first, second, third)} == {200}
    shown = third.json()
    assert (
        shown["acknowledged_at"] == first.json()["acknowledged_at"] == shown["acknowledgements"][0]["acknowledged_at"]
    )
    assert [one["advice"] for one in shown["acknowledgements"]] == [
        ["keep_in_school"],
        ["send_home", "share_with_gp"],
        [],
    ]
    assert (await told(front, CaseAcknowledged), await told(front, CaseAdviceGiven)) == (1, 2)
    assert ("acknowledgement", None) not in await running(front, case["id"])
    feedback = (await front.http.get(f"/internal/cases/{case['id']}/feedback", headers=SERVICE)).json()
    assert feedback["advice"] == ["send_home", "share_with_gp"]
    assert feedback["acknowledged_at"] == shown["acknowledged_at"]
    assert (feedback["feedback_to_referrer"], feedback["decided_at"]) == (None, None)


async def test_advice_is_coded(front: Front) -> None:
    """A word that is no code is refused by its place, unsaid; a replay acknowledges nothing twice."""
    case = await front.case_of(await front.submit(example("05")))
    refused = await front.post(case, "acknowledgement", {"advice": ["send_home", "canary"]}, SCREENER)
    assert (refused.status_code, [e["pointer"] for e in refused.json()["errors"]]) == (422, ["/advice/1"])
    assert "canary" not in refused.text
    key = {"Idempotency-Key": "acknowledge-1"}
    replies = [await front.post(case, "acknowledgement", {"advice": ["send_home"]}, SCREENER, **key) for _ in range(2)]
    assert (replies[1].headers["Idempotent-Replayed"], await told(front, CaseAdviceGiven)) == ("true", 1)


async def test_a_colour_set_by_a_person_stays_until_an_assessment_says_more(front: Front) -> None:
    """Raised to red it stays red though the policy says amber; lowered, a new sign of harm raises it again."""
    raised = await front.case_of(await front.submit(example("05")))
    reply = await front.post(
        raised, "priority", {"priority": "red", "reason": "CANARY she is alone tonight."}, SCREENER
    )
    shown = reply.json()
    assert (shown["priority"], shown["notes"][0]["about"]) == ("red", "case.prioritised")
    assert shown["notes"][0]["text"].startswith("CANARY")
    assert (shown["timeline"][-1]["what"], await told(front, CasePrioritised)) == ("case.prioritised", 1)
    again = {"indicators": [{"code": "bullying", "status": "present"}], "source": "the school"}
    assert (await front.post(raised, "facts", again, SCREENER)).json()["priority"] == "red"
    lowered = await front.case_of(await front.submit(example("05")))
    assert lowered["priority"] == "amber"
    await front.post(lowered, "priority", {"priority": "green", "reason": "Seen and well."}, SCREENER)
    harm = {"indicators": [{"code": "sexual_abuse", "status": "present"}], "source": "the school nurse"}
    assert (await front.post(lowered, "facts", harm, SCREENER)).json()["priority"] == "red"
    async with transaction(front.db) as session:
        stored = (await session.scalars(text("SELECT details FROM notes"))).all()
    assert all(b"CANARY" not in bytes(sealed) for sealed in stored)


async def test_danger_stays_red(front: Front) -> None:
    """Nobody sets the colour below the floor of a child in danger, with the details or without."""
    danger = example("05")
    danger["concern"]["immediate_danger"] = "yes"
    for fetched in (True, False):
        case = await front.case_of(await front.submit(danger, fetched=fetched))
        refused = await front.post(case, "priority", {"priority": "amber", "reason": "All quiet."}, MANAGER)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems#priority-below-floor")
        assert (await front.post(case, "priority", {"priority": "red", "reason": "Yes."}, MANAGER)).status_code == 200
        assert await told(front, CasePrioritised) == 0


@pytest.mark.parametrize("body", [{"priority": "red"}, {"priority": "pink", "reason": "x"}, {"reason": "x"}])
async def test_a_colour_needs_its_reason(front: Front, body: dict[str, Any]) -> None:
    """Without a reason or with a colour that is none, nothing changes."""
    case = await front.case_of(await front.submit(example("05")))
    assert (await front.post(case, "priority", body, SCREENER)).status_code == 422
    assert (await front.post(case, "priority", body, SCREENER, **{"If-Match": '"99"'})).status_code == 412


async def test_a_note_is_for_staff(front: Front) -> None:
    """A note stands on the case with its writer, and no event is made of it."""
    case = await front.case_of(await front.submit(example("05")))
    before = len(await front.events())
    shown = (await front.post(case, "notes", {"text": "Rang the school.\nNobody there."}, SCREENER)).json()
    (note,) = shown["notes"]
    assert (note["about"], note["written_by"], note["text"]) == ("note", "screener", "Rang the school.\nNobody there.")
    assert len(await front.events()) == before
    assert (await front.post(case, "notes", {"text": " "}, SCREENER)).status_code == 422


async def test_a_parallel_route_runs_until_it_is_completed(front: Front) -> None:
    """It is due by the hub's term unless a time is given; completed once, its clock ends and its texts are shown."""
    case = await front.case_of(await front.submit(example("10")))
    body = {"route": "marac", "owner": "marac-coordinator", "child": 1, "reason": "High risk, third call."}
    (route,) = (await front.post(case, "parallel-routes", body, SCREENER)).json()["parallel_routes"]
    opened_at = datetime.fromisoformat(route["opened_at"])
    due_at = term_ends_at(opened_at, front.hub.clocks.parallel_routes["marac"], front.hub)
    assert abs(datetime.fromisoformat(route["due_at"]) - due_at) < timedelta(seconds=5)
    assert (route["owner"], route["child"], route["reason"]) == ("marac-coordinator", 1, "High risk, third call.")
    assert ("parallel_route", UUID(route["id"])) in await running(front, case["id"])
    path = f"parallel-routes/{route['id']}/completion"
    done = (await front.post(case, path, {"result": "Heard on Monday."}, SOCIAL_WORKER)).json()["parallel_routes"][0]
    assert (done["completed_by"], done["result"], done["reason"]) == (
        "social-worker",
        "Heard on Monday.",
        body["reason"],
    )
    assert ("parallel_route", UUID(route["id"])) not in await running(front, case["id"])
    again = await front.post(case, path, {}, SOCIAL_WORKER)
    assert (again.status_code, again.json()["type"]) == (409, "/problems#parallel-route-completed")
    other = await front.case_of(await front.submit(example("05")))
    assert (await front.post(other, path, {}, SOCIAL_WORKER)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"route": "court", "owner": "a"}, "/route"),
        ({"route": "nrm", "owner": "a", "child": 7}, "/child"),
        ({"route": "nrm", "owner": " \n\u200b"}, "/owner"),
        ({"route": "nrm", "owner": "a", "due_at": "tomorrow"}, "/due_at"),
        ({"route": "nrm"}, "/owner"),
    ],
)
async def test_a_parallel_route_that_lacks_something_names_it(front: Front, body: dict[str, Any], pointer: str) -> None:
    """What does not fit is a 422 with a pointer, and no route is opened."""
    case = await front.case_of(await front.submit(example("10")))
    reply = await front.post(case, "parallel-routes", body, SCREENER)
    assert (reply.status_code, [error["pointer"] for error in reply.json()["errors"]]) == (422, [pointer])
    assert (await front.case_of(UUID(case["referral_id"])))["parallel_routes"] == []


async def test_an_allegation_against_who_works_with_children_opens_the_lado_route(front: Front) -> None:
    """Opened by itself with the case, due in one working day; coding the case again opens no second one."""
    referral = example("05")
    referral["household"] = [
        {
            "name": "Test Adult",
            "role_in_concern": "alleged_perpetrator",
            "works_with_children": True,
            "relationship": "other",
        }
    ]
    received_at = datetime(2026, 11, 20, 16, 29, tzinfo=UTC)
    case = await front.case_of(await front.submit(referral, received_at=received_at))
    (route,) = case["parallel_routes"]
    assert (route["route"], route["owner"], route["opened_by"]) == ("lado", "lado", "service-triage")
    assert datetime.fromisoformat(route["due_at"]) == datetime(2026, 11, 23, 16, 29, tzinfo=UTC)
    assert ("parallel_route", UUID(route["id"])) in await running(front, case["id"])
    coded = {"indicators": [{"code": "bullying", "status": "present"}], "source": "the school"}
    assert len((await front.post(case, "facts", coded, SCREENER)).json()["parallel_routes"]) == 1


async def test_private_fostering_opens_its_route_when_it_is_said_or_coded(front: Front) -> None:
    """The indicator calls for a visit to the child that it is about; ruled out it does not."""
    said = example("10")
    said["concern"]["indicators"] = [{"code": "private_fostering", "status": "present", "child": 1}]
    (route,) = (await front.case_of(await front.submit(said)))["parallel_routes"]
    assert (route["route"], route["child"]) == ("private_fostering", 1)
    case = await front.case_of(await front.submit(example("05")))
    coded = {"indicators": [{"code": "private_fostering", "status": "ruled_out"}], "source": "the narrative"}
    assert (await front.post(case, "facts", coded, SCREENER)).json()["parallel_routes"] == []
    coded["indicators"] = [{"code": "private_fostering", "status": "present"}]
    shown = (await front.post(case, "facts", coded, SCREENER)).json()
    assert [(r["route"], r["child"]) for r in shown["parallel_routes"]] == [("private_fostering", None)]


async def _add_new_information(front: Front, case: dict[str, Any], details: Any) -> UUID:
    desk = Desk(None, front.hub, front.service.resources.vault)  # type: ignore[arg-type]
    async with transaction(front.db) as session:
        locked = await find_case(session, UUID(case["id"]), lock=True)
        return await add_new_information(session, desk, locked, NewInformationKind.INFORMATION, details=details)


async def test_new_information_is_its_workers_to_acknowledge(front: Front) -> None:
    """Its clock runs until the worker who has the case acknowledges it, once; another worker cannot."""
    case = await front.case_of(await front.submit(example("05")))
    await front.post(case, "claim", {}, SCREENER)
    row_id = await _add_new_information(front, case, {"added": "He was seen at the park."})
    shown = await front.case_of(UUID(case["referral_id"]))
    assert [(one["kind"], one["content"]) for one in shown["new_information"]] == [
        ("information", {"added": "He was seen at the park."})
    ]
    assert ("new_information", row_id) in await running(front, case["id"])
    path = f"new-information/{row_id}/acknowledgement"
    assert (await front.post(case, path, {}, SCREENER_2)).status_code == 409
    done = (await front.post(case, path, {}, SCREENER)).json()
    assert done["new_information"][0]["acknowledged_by"] == "screener"
    assert ("new_information", row_id) not in await running(front, case["id"])
    again = await front.post(case, path, {}, SCREENER)
    assert (again.status_code, again.json()["type"]) == (409, "/problems#new-information-acknowledged")
    assert (await front.post(case, f"new-information/{case['id']}/acknowledgement", {}, SCREENER)).status_code == 404
