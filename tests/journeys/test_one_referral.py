"""One referral, all the way, on a running front door: submitted, assessed, offered, decided, told."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import yaml
from standardwebhooks import Webhook

from tests.conftest import EXAMPLES
from tests.faults.receiver import Received, Receiver, receiving
from tests.journeys.conftest import World

T = TypeVar("T")

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text())
HUB = "towcester-family-hub"
AGENCIES = ("northants-police", "towcester-primary", "northampton-general", HUB, "kettering-family-hub")
WAIT_SECONDS = 20


def eventually(ask: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T:
    """Ask until there is an answer: what another process does can't be awaited."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="module")
def receiver(world: World) -> Iterator[Receiver]:
    """Listen anew for each shape of the front door."""
    assert world.http
    with receiving() as listening:
        yield listening


@pytest.fixture(scope="module")
def signing_secrets(world: World, receiver: Receiver) -> dict[str, str]:
    """Register one endpoint for each agency; the secret is shown once."""
    shown = {}
    for agency in AGENCIES:
        headers = {**world.partner(agency), "Idempotency-Key": f"endpoint-{agency}"}
        body = {"url": receiver.url_of(agency), "description": "journey"}
        reply = world.http.post("/v1/webhook-endpoints", json=body, headers=headers)
        assert reply.status_code == 201, reply.text
        shown[agency] = reply.json()["secret"]
    return shown


@pytest.fixture(scope="module")
def submitted(world: World, signing_secrets: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Submit the twelve examples, each by its agency; returns the 202 bodies by name."""
    assert signing_secrets
    answers = {}
    for name, expected in EXPECTED.items():
        reply = world.submit(expected["agency"], json.loads((EXAMPLES / f"{name}.json").read_text()), key=name)
        assert reply.status_code == 202, reply.text
        answers[name] = reply.json()
    return answers


@pytest.mark.parametrize("name", EXPECTED)
def test_the_case_is_as_expected(world: World, submitted: dict[str, dict[str, Any]], name: str) -> None:
    """Each example becomes the case that was written down for it, field by field."""
    expected, answer = EXPECTED[name], submitted[name]
    assert [w["pointer"] for w in answer["quality"]["warnings"]] == expected.get("warnings", [])
    case = eventually(lambda: world.case_of(answer["id"]))
    assert (case["reference"], case["level"], case["priority"], case["council"]) == (
        answer["reference"],
        expected["level"],
        expected["priority"],
        expected["council"],
    )
    assert (case["receipt"]["route"], case["receipt"]["auto_route"]) == (expected["route"], expected["auto_route"])
    assert [offer["provider"] for offer in case["offers"]] == ([expected["offer"]] if "offer" in expected else [])
    if "review" in expected:
        assert expected["review"] in case["receipt"]["review_required"]


def test_the_referrer_reads_that_a_person_has_it(world: World, submitted: dict[str, dict[str, Any]]) -> None:
    """A screener acknowledges with advice; the school reads both under its own token, before anything is decided."""
    referral = submitted["03-attendance-and-routines"]
    case = eventually(lambda: world.case_of(referral["id"]))
    assert world.act(case, "acknowledgement", {"advice": ["keep_in_school"]}, "screener").status_code == 200

    def acknowledged() -> dict[str, Any] | None:
        path = f"/v1/referrals/{referral['id']}"
        shown: dict[str, Any] = world.http.get(path, headers=world.partner("towcester-primary")).json()
        return shown if shown["advice"] else None

    seen = eventually(acknowledged)
    assert (seen["status"], seen["advice"], bool(seen["acknowledged_at"])) == ("in_triage", ["keep_in_school"], True)


def test_a_confirmed_route_comes_back_to_the_referrer(world: World, submitted: dict[str, dict[str, Any]]) -> None:
    """A social worker confirms; the school reads the feedback under its own token."""
    referral = submitted["03-attendance-and-routines"]
    case = eventually(lambda: world.case_of(referral["id"]))
    assert world.act(case, "confirmation", {}, "social-worker").status_code == 200
    waited = f"/v1/referrals/{referral['id']}?status=decided&wait=20"
    seen = world.http.get(waited, headers=world.partner("towcester-primary")).json()
    assert (seen["status"], bool(seen["feedback"]), bool(seen["next_step"])) == ("decided", True, True)


def _expected_deliveries() -> dict[str, int]:
    """Count what each agency should be told: submitted, opened, perhaps routed, and one decided; a hub its offers."""
    told = dict.fromkeys(AGENCIES, 0)
    for expected in EXPECTED.values():
        told[expected["agency"]] += 2 + ("offer" in expected)
        if "offer" in expected:
            told[expected["offer"]] += 1
    told["towcester-primary"] += len(("acknowledged", "advised", "decided"))
    return told


def test_each_agency_is_told_what_it_may_know_and_nothing_else(
    world: World,
    submitted: dict[str, dict[str, Any]],
    receiver: Receiver,
    signing_secrets: dict[str, str],
) -> None:
    """Deliveries verify by an independent library, in sequence per referral, and the feed holds the same events."""
    expected = _expected_deliveries()
    own = {name: submitted[name]["id"] for name in submitted}

    def received() -> list[Received]:
        return [one for one in receiver.received if one.referral_id in own.values()]

    eventually(lambda: len(received()) >= sum(expected.values()))
    for agency in AGENCIES:
        got = [one for one in received() if one.agency == agency]
        assert len({one.webhook_id for one in got}) == expected[agency]
        allowed = {own[n] for n, e in EXPECTED.items() if agency in (e["agency"], e.get("offer"))}
        assert {one.referral_id for one in got} <= allowed
        for one in got:
            _verify(signing_secrets[agency], one)
        _check_sequences(got)
        seen = [event for event in world.feed(agency) if event["data"]["referral_id"] in own.values()]
        assert {event["id"] for event in seen} == {one.webhook_id for one in got}


def _verify(secret: str, one: Received) -> None:
    Webhook(secret).verify(one.body, one.headers)
    body = json.loads(one.body)
    assert set(body) == {"type", "timestamp", "data"}
    assert set(body["data"]) == {"referral_id", "reference", "sequence", "status", "detail_url"}
    assert one.headers["x-correlation-id"]


def _check_sequences(got: list[Received]) -> None:
    for referral_id in {one.referral_id for one in got}:
        sequences = [one.sequence for one in got if one.referral_id == referral_id]
        assert sequences == list(range(1, len(sequences) + 1))


def test_the_pointer_of_a_delivery_can_be_followed(world: World, receiver: Receiver) -> None:
    """`detail_url` under the receiver's own token answers with the status that was told."""
    for one in receiver.received:
        pointer = json.loads(one.body)["data"]
        reply = world.http.get(pointer["detail_url"], headers=world.partner(one.agency))
        assert reply.status_code == 200
        assert reply.json()["id"] in (pointer["referral_id"], pointer["detail_url"].split("/")[3].split("?")[0])


def test_trace_prints_the_way_of_a_referral(world: World, submitted: dict[str, dict[str, Any]]) -> None:
    """`frontdoor trace` names the steps from receipt to the delivery."""
    printed = world.command("trace", submitted["03-attendance-and-routines"]["reference"])
    for step in ("referral.submitted", "case.opened", "case.routed", "case.decided"):
        assert step in printed
