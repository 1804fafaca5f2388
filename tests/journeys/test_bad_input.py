"""Bad input on a running front door: a problem that names the place, never echoes, and loses nothing."""

import json
from typing import Any

import pytest

from tests.conftest import EXAMPLES
from tests.factories import another_family
from tests.journeys.conftest import World

CANARY = "Zebedee-Quillfeather"
SCHOOL = "towcester-primary"


def referral(**changed: Any) -> dict[str, Any]:
    document = json.loads((EXAMPLES / "03-attendance-and-routines.json").read_text())
    return {**another_family(document, "Mallory", born="2017-08-09"), **changed}


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


MALFORMED = {
    "not JSON": raw('{"kind": '),
    "a duplicate key": raw('{"kind": "request", "kind": "information"}'),
    "NaN": raw('{"children": NaN}'),
    "an infinity by overflow": raw('{"concern": {"immediate_danger": "no"}, "children": 1e999}'),
    "a huge integer": raw('{"concern": {"immediate_danger": "no"}, "kind": 123456789012345678901234567890}'),
    "NUL": raw('{"kind": "re\\u0000quest"}'),
    "a lone surrogate": raw('{"kind": "\\ud800"}'),
    "bytes that are no UTF-8": b'{"kind": "\xff"}',
    "twenty-one levels": raw("[" * 21 + "]" * 21),
    "a thousand levels": raw("[" * 1000 + "]" * 1000),
    "nothing": b"",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_bodies_are_400(world: World, name: str) -> None:
    """What two parsers could read differently is refused before it is read."""
    headers = {**world.partner(SCHOOL), "Idempotency-Key": "malformed", "Content-Type": "application/json"}
    reply = world.http.post("/v1/referrals", content=MALFORMED[name], headers=headers)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json()["type"] == "/problems#malformed"


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": (referral(nickname=CANARY), "/nickname"),
    "a wrong code": (referral(kind=CANARY), "/kind"),
    "a wrong source": (referral(source=CANARY), "/source"),
    "an impossible date": (
        referral(children=[{"given_name": "A", "date_of_birth": "2018-02-30"}]),
        "/children/0/date_of_birth",
    ),
    "a birth to come": (
        referral(children=[{"given_name": "A", "date_of_birth": "2090-01-01"}]),
        "/children/0/date_of_birth",
    ),
    "no child": (referral(children=[]), "/children"),
    "a text for a flag": (referral(restricted=CANARY), "/restricted"),
    "a list for an object": (referral(openness=[CANARY]), "/openness"),
    "nobody to call back": (referral(referrer={"name": CANARY}), "/referrer"),
    "a child that is not there": (
        referral(
            concern={
                "what_happened": CANARY,
                "immediate_danger": "no",
                "indicators": [{"code": "bullying", "status": "present", "child": 7}],
            }
        ),
        "/concern/indicators/0/child",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_wrong_fields_are_named_and_never_echoed(world: World, name: str) -> None:
    """A 422 points at the place and says what to do, without what was sent."""
    document, pointer = INVALID[name]
    reply = world.submit(SCHOOL, document)
    assert reply.status_code == 422
    assert any(error["pointer"].startswith(pointer) and error["detail"] for error in reply.json()["errors"])
    assert CANARY not in reply.text


def test_a_wrong_code_names_the_allowed_ones(world: World) -> None:
    """Whoever sent a wrong code reads the right ones."""
    reply = world.submit(SCHOOL, referral(kind="letter"))
    detail = reply.json()["errors"][0]["detail"]
    assert all(code in detail for code in ("request", "notification", "information"))


def test_two_megabytes_are_413(world: World) -> None:
    """A body over the cap is refused, whether its length is declared or not."""
    headers = {**world.partner(SCHOOL), "Idempotency-Key": "large"}
    body = b'{"kind": "' + b"x" * 2_000_000 + b'"}'
    assert world.http.post("/v1/referrals", content=body, headers=headers).status_code == 413
    chunked = world.http.post(
        "/v1/referrals", content=(body[i : i + 65536] for i in range(0, len(body), 65536)), headers=headers
    )
    assert chunked.status_code == 413


def test_who_may_not_is_told_so_in_order(world: World) -> None:
    """401 before 403 before 404 before 400."""
    assert world.http.post("/v1/referrals", content=b"{").status_code == 401
    forged = {"Authorization": "Bearer e30.e30.e30"}
    assert world.http.post("/v1/referrals", content=b"{", headers=forged).status_code == 401
    provider = world.partner("towcester-family-hub")
    assert world.http.post("/v1/referrals", content=b"{", headers=provider).status_code == 403
    staff = world.staff("screener")
    nobody = "/v1/cases/00000000-0000-7000-8000-000000000000/facts"
    assert world.http.post(nobody, content=b"{", headers=staff).status_code == 404
    assert world.http.post("/v1/referrals", content=b"{", headers=world.partner(SCHOOL)).status_code == 400
    assert world.http.get("/v1/referral-batches", headers=world.partner(SCHOOL)).status_code == 404


def test_another_agency_cannot_tell_that_a_referral_exists(world: World) -> None:
    """A referral of the school is 404 for the police, as one that never was."""
    made = world.submit(SCHOOL, referral()).json()["id"]
    police = world.partner("northants-police")
    theirs = world.http.get(f"/v1/referrals/{made}", headers=police)
    nobodys = world.http.get("/v1/referrals/00000000-0000-7000-8000-000000000000", headers=police)
    assert theirs.status_code == nobodys.status_code == 404
    assert {**theirs.json(), "correlation_id": ""} == {**nobodys.json(), "correlation_id": ""}


def test_replay_gives_the_first_answer_and_another_body_is_refused(world: World) -> None:
    """The same key and body answer alike and record one referral; another body is 422."""
    first, again = world.submit(SCHOOL, referral(), key="k-1"), world.submit(SCHOOL, referral(), key="k-1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    other = world.submit(SCHOOL, referral(kind="information"), key="k-1")
    assert (other.status_code, other.json()["type"]) == (422, "/problems#idempotency-key-reused")


def test_what_a_problem_is_called_resolves(world: World) -> None:
    """The type of a problem leads to its explanation."""
    assert "## idempotency-key-reused" in world.http.get("/problems").text
