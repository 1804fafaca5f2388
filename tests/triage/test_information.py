"""Staff ask partners about children; each answer, refusal and silence is a fact of the case."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.triage.models import Clock
from services.triage.worker.stepping import step_clocks
from shared.db import transaction
from shared.events import InformationFact
from shared.security import Role
from tests.fakes import as_partner, as_staff
from tests.triage.asking import HOSPITAL, POLICE, QUESTION, asked, claimed_case, family, questions, respond
from tests.triage.conftest import SCREENER, SCREENER_2, SOCIAL_WORKER, Front
from tests.triage.test_case_clocks import desk_of

DECISION = {
    "children": [{"child": child, "level": 3, "outcome": "targeted_early_help"} for child in (0, 1)],
    "rationale": "As the receipt says.",
    "feedback_to_referrer": "Help is offered.",
}


async def facts_of(front: Front) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return what was said of requests: the end of the type, to whom, and whether triage still waits."""
    return [
        (event.type.split(".")[3], event.audience, event.fact.waits)
        for event in await front.events()
        if isinstance(event.fact, InformationFact)
    ]


async def lapse(front: Front, request: dict[str, Any]) -> None:
    """Let the time of a request run out, and its clock take the steps that are due."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    clock = update(Clock).where(Clock.about == UUID(request["id"]))
    async with transaction(front.db) as session:
        await session.execute(clock.values(due_at=past, next_at=past))
    await step_clocks(front.db, desk_of(front))


async def test_a_partner_is_asked_and_answers(front: Front) -> None:
    """The case waits with its owner until the answer is there, which staff read on the case and have to acknowledge."""
    case = await claimed_case(front)
    request = await asked(front, case)
    waiting = await front.case_of(case["referral_id"])
    assert (waiting["status"], waiting["owner"]) == ("waiting", "screener")
    assert (request["state"], request["response"]) == ("asked", None)
    said = {"answer": "Seen on Monday, by Dr Wren.", "may_share_with": ["referrer"]}
    reply = await respond(front, request, said)
    assert (reply.status_code, reply.json()["status"]) == (201, "answered")
    shown = await front.case_of(case["referral_id"])
    (kept,) = shown["information_requests"]
    assert (shown["status"], shown["owner"], kept["state"]) == ("claimed", "screener", "answered")
    assert (kept["questions"], kept["response"]["answer"]) == ([QUESTION], "Seen on Monday, by Dr Wren.")
    assert kept["response"]["may_share_with"] == ["referrer"]
    assert [step["what"] for step in shown["timeline"]][-4:] == [
        "case.claimed", "information.requested", "information.answered", "new_information.response",
    ]  # fmt: skip
    assert await facts_of(front) == [
        ("requested", ("a-hospital", "a-school"), True),
        ("answered", ("a-hospital", "a-school"), False),
    ]


async def test_an_answer_about_a_child_in_danger_is_taken_whatever_else_it_says(front: Front) -> None:
    """Unless a danger was ruled out, or where it is preferred; what does not fit staff read, and nobody else."""
    ordinary = await claimed_case(front)
    urgent = await claimed_case(front, {**family(), "concern": {**family()["concern"], "immediate_danger": "yes"}})
    odd = {
        "answer": ["He is at his uncle's."],
        "may_share_with": ["referrer", "??"],
        "bruises": "two",
        "refuse_reason": "No.",
    }
    prefer = {**HOSPITAL, "Prefer": "handling=lenient"}

    refused = await respond(front, await asked(front, ordinary), odd)
    empty = await respond(front, await asked(front, urgent), {"answer": " ", "bruises": "two"})
    reply = await respond(front, (await front.case_of(urgent["referral_id"]))["information_requests"][0], odd)
    preferred = await respond(
        front, (await front.case_of(ordinary["referral_id"]))["information_requests"][0], odd, prefer
    )

    assert [one.status_code for one in (refused, empty, reply, preferred)] == [422, 422, 201, 201]
    assert preferred.headers["Preference-Applied"] == "handling=lenient"
    (kept,) = (await front.case_of(urgent["referral_id"]))["information_requests"]
    assert kept["response"]["answer"] == '["He is at his uncle\'s."]'
    assert kept["response"]["may_share_with"] == ["referrer"]
    unclear = {one["pointer"]: one["value"] for one in kept["response"]["not_understood"]}
    assert unclear == {
        "/answer": ["He is at his uncle's."],
        "/may_share_with/1": "??",
        "/bruises": "two",
        "/refuse_reason": "No.",
    }
    assert json.loads(kept["response"]["as_sent"]) == odd
    assert {one["pointer"] for one in reply.json()["warnings"]} == set(unclear)
    assert "two" not in reply.text


async def test_the_submitter_hears_of_the_first_question_and_the_last_answer(front: Front) -> None:
    """While triage waits for another agency, nothing changes for the submitter, and none is told of the other."""
    case = await claimed_case(front)
    first, second = await asked(front, case), await asked(front, case, agency="a-police-force")
    await respond(front, first, {"answer": "Yes."})
    assert (await front.case_of(case["referral_id"]))["status"] == "waiting"
    await respond(front, second, {"refuse_reason": "Another force holds it."}, POLICE)
    shown = await front.case_of(case["referral_id"])
    assert (shown["status"], [one["state"] for one in shown["information_requests"]]) == (
        "claimed", ["answered", "refused"],
    )  # fmt: skip
    assert await facts_of(front) == [
        ("requested", ("a-hospital", "a-school"), True),
        ("requested", ("a-police-force",), True),
        ("answered", ("a-hospital",), True),
        ("answered", ("a-police-force", "a-school"), False),
    ]


async def test_silence_is_a_fact_and_may_still_be_broken(front: Front) -> None:
    """Past its time a request is overdue and the case goes on; a late answer is kept, and news to the agency alone."""
    case = await claimed_case(front)
    request = await asked(front, case)
    await lapse(front, request)
    shown = await front.case_of(case["referral_id"])
    assert (shown["status"], shown["information_requests"][0]["state"]) == ("claimed", "overdue")
    assert [step["what"] for step in shown["timeline"]][-2:] == ["information_request.soon", "information_request.over"]
    assert (await facts_of(front))[1:] == [("overdue", ("a-hospital",), True), ("overdue", ("a-hospital",), False)]
    assert (await respond(front, request, {"answer": "Late, but here."})).status_code == 201
    assert (await front.case_of(case["referral_id"]))["information_requests"][0]["state"] == "answered"
    assert (await facts_of(front))[-1] == ("answered", ("a-hospital",), False)


async def test_an_answer_is_taken_once(front: Front) -> None:
    """A second answer is refused, whether the first was an answer or a refusal."""
    case = await claimed_case(front)
    for agency, headers, body in (
        ("a-hospital", HOSPITAL, {"answer": "Yes."}),
        ("a-police-force", POLICE, {"refuse_reason": "No."}),
    ):
        request = await asked(front, case, agency=agency)
        assert (await respond(front, request, body, headers)).status_code == 201
        again = await respond(front, request, {"answer": "Also this."}, headers)
        assert (again.status_code, again.json()["type"]) == (409, "/problems#information-already-given")


async def test_a_decision_closes_what_was_asked(front: Front) -> None:
    """Whoever was asked can neither answer any more nor read whom it was about, and no clock runs on."""
    case = await claimed_case(front)
    request = await asked(front, case)
    waiting = await front.case_of(case["referral_id"])
    assert (await front.post(waiting, "decision", DECISION, SOCIAL_WORKER)).status_code == 200
    reply = await respond(front, request, {"answer": "Too late."})
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems#information-request-closed")
    seen = await front.http.get(f"/v1/information-requests/{request['id']}", headers=HOSPITAL)
    assert (seen.json()["status"], seen.json()["children"]) == ("withdrawn", [])
    asking = await front.post(waiting, "information-requests", questions(), SCREENER)
    assert (asking.status_code, asking.json()["type"]) == (409, "/problems#case-already-decided")
    async with transaction(front.db) as session:
        running = select(Clock).where(Clock.about == UUID(request["id"]), Clock.ended_at.is_(None))
        assert (await session.scalars(running)).all() == []


@pytest.mark.parametrize(("colour", "hours"), [("red", 2), ("amber", 6)])
async def test_the_colour_says_when_the_answer_is_due(colour: str, hours: int, front: Front) -> None:
    """The hub's term runs from the question, and a clock with it; a time that staff give stands instead."""
    signs = {"red": "unexplained_injury", "amber": "low_level_neglect"}
    concern = {**family()["concern"], "indicators": [{"code": signs[colour], "status": "present"}]}
    case = await claimed_case(front, family(concern=concern))
    assert case["priority"] == colour
    request = await asked(front, case)
    asked_at, due_at = (datetime.fromisoformat(request[name]) for name in ("asked_at", "due_at"))
    assert due_at - asked_at == timedelta(hours=hours)
    async with transaction(front.db) as session:
        clock = (await session.scalars(select(Clock).where(Clock.about == UUID(request["id"])))).one()
        assert (clock.kind, clock.due_at) == ("information_request", due_at)
    own = (datetime.now(UTC) + timedelta(hours=3)).replace(microsecond=0)
    given = await asked(front, case, agency="a-police-force", due_at=own.isoformat())
    assert datetime.fromisoformat(given["due_at"]) == own


BAD = [
    ({"agency": "no-such-agency"}, "/agency"),
    ({"agency": "Not A Slug"}, "/agency"),
    ({"children": [2]}, "/children/0"),
    ({"children": [0, 0]}, "/children/1"),
    ({"children": []}, "/children"),
    ({"questions": []}, "/questions"),
    ({"purpose": " "}, "/purpose"),
    ({"lawful_basis": "curiosity"}, "/lawful_basis"),
    ({"due_at": "2020-01-01T00:00:00Z"}, "/due_at"),
    ({"due_at": "9999-12-31T23:59:59-14:00"}, "/due_at"),
    ({"unknown": 1}, "/unknown"),
]


@pytest.mark.parametrize(("said", "pointer"), BAD)
async def test_a_bad_question_is_named(said: dict[str, Any], pointer: str, front: Front) -> None:
    """What does not fit is pointed at, and nobody is asked."""
    case = await claimed_case(front)
    reply = await front.post(case, "information-requests", questions(**said), SCREENER)
    assert (reply.status_code, [error["pointer"] for error in reply.json()["errors"]]) == (422, [pointer])
    assert (await front.case_of(case["referral_id"]))["information_requests"] == []


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({}, "/answer"),
        ({"answer": "Yes.", "refuse_reason": "No."}, "/answer"),
        ({"answer": "Yes.", "may_share_with": ["everybody"]}, "/may_share_with/0"),
    ],
)
async def test_a_bad_answer_is_named(said: dict[str, Any], pointer: str, front: Front) -> None:
    """Either an answer or a refusal, and codes of the list."""
    request = await asked(front, await claimed_case(front))
    reply = await respond(front, request, said)
    assert (reply.status_code, [error["pointer"] for error in reply.json()["errors"]]) == (422, [pointer])


async def test_an_agency_has_one_open_request(front: Front) -> None:
    """A second question to an agency that can still answer the first is refused."""
    case = await claimed_case(front)
    await asked(front, case)
    again = await front.post(case, "information-requests", questions(), SCREENER_2)
    assert (again.status_code, again.json()["type"]) == (409, "/problems#agency-already-asked")


async def test_nobody_is_asked_while_the_agencies_are_not_known(front: Front) -> None:
    """Where the referrals service is away, staff are told so instead of a request going nowhere."""
    case = await claimed_case(front)
    front.referrals.away = True
    reply = await front.post(case, "information-requests", questions(), SCREENER)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")


async def test_only_case_roles_ask_and_only_the_scope_answers(front: Front) -> None:
    """An auditor and a partner can't ask; staff and a partner without the scope can't read requests."""
    case = await claimed_case(front)
    request = await asked(front, case)
    for headers in (as_staff("auditor", Role.AUDITOR), HOSPITAL):
        assert (await front.post(case, "information-requests", questions(), headers)).status_code == 403
    for headers in (SCREENER, as_partner("a-hospital", "referrals:read")):
        assert (await front.http.get("/v1/information-requests", headers=headers)).status_code == 403
        assert (await respond(front, request, {"answer": "Yes."}, headers)).status_code == 403


async def test_an_unclaimed_case_stays_on_the_queue(front: Front) -> None:
    """Who asks about a case that nobody has claimed takes it off no queue."""
    case = await claimed_case(front)
    other = await front.case_of(await front.submit(family()))
    await asked(front, other)
    shown = await front.case_of(other["referral_id"])
    assert (shown["status"], shown["owner"]) == ("unassigned", None)
    assert (await front.case_of(case["referral_id"]))["information_requests"] == []
