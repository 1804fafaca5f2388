"""A school refers, a screener asks the hospital, the hospital answers; each is told what it may know."""

import json
import secrets
from typing import Any

import pytest

from tests.conftest import EXAMPLES
from tests.journeys.conftest import World
from tests.journeys.test_one_referral import eventually

SCHOOL, HOSPITAL, POLICE = "towcester-primary", "northampton-general", "northants-police"
QUESTION = "Has the girl missed appointments?"
ANSWER = "Two, in September."


UPN = "A941030824711"
OTHER_FAMILY = {
    "Whitlock": "Larkspur",
    "1 Old Forge": "2 Old Forge",
    "2016-01-30": "2016-03-21",
    "2020-06-11": "2020-08-02",
    "A941030824628": UPN,
}


def young_carer() -> dict[str, Any]:
    """Return the referral of a young carer as of a family that no other test speaks of."""
    text = (EXAMPLES / "10-young-carer-two-siblings.json").read_text()
    for said, instead in OTHER_FAMILY.items():
        text = text.replace(said, instead)
    document: dict[str, Any] = json.loads(text)
    document["children"][0]["location_protected"] = True
    return document


@pytest.fixture(scope="module")
def referral(world: World) -> dict[str, Any]:
    reply = world.submit(SCHOOL, young_carer())
    assert reply.status_code == 202, reply.text
    made: dict[str, Any] = reply.json()
    return made


def status_of(world: World, referral: dict[str, Any], awaited: str) -> str:
    path = f"/v1/referrals/{referral['id']}?status={awaited}&wait=20"
    status: str = world.http.get(path, headers=world.partner(SCHOOL)).json()["status"]
    return status


def told(world: World, agency: str, referral: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the types, from their third part on, and the states that the agency was told of the referral."""
    mine = [event for event in world.feed(agency) if event["data"]["referral_id"] == referral["id"]]
    return [(event["type"].removeprefix("uk.frontdoor."), event["data"]["status"]) for event in mine]


def test_the_hospital_is_asked_and_answers(world: World, referral: dict[str, Any]) -> None:
    """The case waits and goes on with the answer; the school sees only that triage waited."""
    case = eventually(lambda: world.case_of(referral["id"]))
    assert world.act(case, "claim", {}, "screener").status_code == 200
    asking = {
        "agency": HOSPITAL,
        "children": [0],
        "purpose": "To see how much care the girl gives.",
        "lawful_basis": "public_task",
        "questions": [QUESTION],
    }
    made = world.act(case, "information-requests", asking, "screener")
    assert made.status_code == 201, made.text
    assert status_of(world, referral, "information_requested") == "information_requested"
    news = eventually(lambda: [e for e in world.feed(HOSPITAL) if e["data"]["referral_id"] == referral["id"]])
    shown = world.http.get(news[0]["data"]["detail_url"], headers=world.partner(HOSPITAL))
    assert (shown.json()["id"], shown.json()["children"][0]["given_name"]) == (made.json()["id"], "Poppy")
    for secret in ("Finlay", "Alan", "Helen Marsh", "Old Forge", "NN12", "sclerosis", UPN, POLICE):
        assert secret not in shown.text
    path = f"/v1/information-requests/{made.json()['id']}"
    for stranger in (SCHOOL, POLICE):
        assert world.http.get(path, headers=world.partner(stranger)).status_code == 404
    headers = {**world.partner(HOSPITAL), "Idempotency-Key": secrets.token_hex(8)}
    answered = world.http.post(f"{path}/response", json={"answer": ANSWER}, headers=headers)
    assert answered.status_code == 201, answered.text
    after = world.case_of(referral["id"])
    assert after is not None
    assert (after["status"], after["information_requests"][0]["response"]["answer"]) == ("claimed", ANSWER)


def test_each_agency_is_told_its_part(world: World, referral: dict[str, Any]) -> None:
    """The hospital is told of its request, the school of the referral's state, and the police of nothing."""
    eventually(lambda: ("information.answered.v1", "in_triage") in told(world, SCHOOL, referral))
    eventually(lambda: len(told(world, HOSPITAL, referral)) > 1)
    assert told(world, HOSPITAL, referral) == [
        ("information.requested.v1", "asked"),
        ("information.answered.v1", "answered"),
    ]
    assert told(world, SCHOOL, referral)[-2:] == [
        ("information.requested.v1", "information_requested"),
        ("information.answered.v1", "in_triage"),
    ]
    assert told(world, POLICE, referral) == []
    seen = world.http.get(f"/v1/referrals/{referral['id']}", headers=world.partner(SCHOOL)).text
    for text in (seen, json.dumps(world.feed(SCHOOL))):
        assert not any(secret in text for secret in (HOSPITAL, QUESTION, ANSWER, "information-requests"))


def test_what_the_school_adds_and_takes_back_reaches_the_worker(world: World, referral: dict[str, Any]) -> None:
    """Both come to the case in their order; it stays open until a person decides."""
    eventually(lambda: status_of(world, referral, "in_triage") == "in_triage")
    for verb, body in (("information", {"text": "She was late again."}), ("withdrawal", {"reason": "By mistake."})):
        headers = {**world.partner(SCHOOL), "Idempotency-Key": secrets.token_hex(8)}
        reply = world.http.post(f"/v1/referrals/{referral['id']}/{verb}", json=body, headers=headers)
        assert reply.status_code == 202, reply.text

    def steps() -> list[str]:
        case = world.case_of(referral["id"])
        assert case is not None
        assert case["status"] == "claimed"
        return [step["what"] for step in case["timeline"] if step["what"].startswith("new_information")]

    eventually(lambda: len(steps()) == 3)
    assert steps() == ["new_information.response", "new_information.information", "new_information.withdrawal"]
    assert status_of(world, referral, "withdrawn") == "withdrawn"
