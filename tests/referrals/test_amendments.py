"""What a sender adds later, or takes back: a new record each, for a person in triage to read."""

import json
import secrets
from typing import Any

import httpx
import pytest

from shared.db import new_id, transaction
from shared.events import ReferralInformationAdded, ReferralWithdrawn
from tests.referrals.conftest import POLICE, SCHOOL, TRIAGE, Front
from tests.referrals.documents import document, indicators
from tests.referrals.test_following import decided, opened

TEXT = "He came with a new bruise today."


async def amend(
    front: Front, referral_id: Any, verb: str, body: Any, headers: dict[str, str] = SCHOOL, key: str | None = None
) -> httpx.Response:
    sent = {"Idempotency-Key": key or secrets.token_hex(8), **headers}
    return await front.http.post(f"/v1/referrals/{referral_id}/{verb}", json=body, headers=sent)


async def told_to_triage(front: Front, referral_id: str, amendment_id: str) -> httpx.Response:
    return await front.http.get(f"/internal/referrals/{referral_id}/amendments/{amendment_id}", headers=TRIAGE)


async def test_what_is_added_is_a_new_record(front: Front) -> None:
    """The sender sees it beside the referral, triage reads it by itself, and the event only points."""
    accepted = await front.submit(document())
    reply = await amend(front, accepted["id"], "information", {"text": TEXT, "indicators": indicators("self_harm")})
    made = reply.json()
    assert (reply.status_code, set(made)) == (202, {"id", "received_at", "call_now", "warnings"})
    (shown,) = (await front.read(accepted["id"]))["amendments"]
    assert (shown["id"], shown["kind"], shown["text"]) == (made["id"], "information", TEXT)
    detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()
    assert detail["referral"]["concern"]["indicators"] == []
    assert TEXT not in json.dumps(detail)
    by_itself = await told_to_triage(front, accepted["id"], made["id"])
    assert by_itself.json() == {**shown, "not_understood": [], "not_understood_more": 0, "as_sent": ""}
    event = (await front.events())[-1]
    assert isinstance(event.fact, ReferralInformationAdded)
    assert (str(event.fact.amendment_id), event.audience) == (made["id"], ("a-school",))
    assert TEXT not in event.fact.model_dump_json()
    assert ("a-school", "referral.information") in [row[:2] for row in await front.audit(accepted["id"])]
    assert (await told_to_triage(front, (await front.submit(document()))["id"], made["id"])).status_code == 404


async def test_a_sign_of_serious_harm_asks_for_a_call(front: Front) -> None:
    """What is added may be as urgent as a referral: the answer says whom to ring."""
    accepted = await front.submit(document())
    added = {"text": TEXT, "indicators": indicators("unexplained_injury")}
    assert (await amend(front, accepted["id"], "information", added)).json()["call_now"]["phone"]
    assert (await amend(front, accepted["id"], "information", {"text": TEXT})).json()["call_now"] is None


async def test_an_unknown_indicator_stops_no_facts(front: Front) -> None:
    """Where a danger was not ruled out, or it is preferred, what does not fit is kept for staff and warned about."""
    unsafe = await front.submit(document({"immediate_danger": "not_known"}))
    safe = await front.submit(document())
    added = {"text": TEXT, "indicators": [{"code": "moon_sickness"}, *indicators("unexplained_injury")]}

    reply = await amend(front, unsafe["id"], "information", added)
    refused = await amend(front, safe["id"], "information", {**added, "indicators": [{"code": "moon_sickness"}]})
    preferred = await amend(front, safe["id"], "information", added, {**SCHOOL, "Prefer": "handling=lenient"})
    untold = await amend(front, unsafe["id"], "information", {"indicators": [{"code": "??"}]})
    empty = await amend(front, unsafe["id"], "information", {"text": " "})
    first, second = [
        (await told_to_triage(front, unsafe["id"], answer.json()["id"])).json() for answer in (reply, untold)
    ]

    assert (reply.status_code, refused.status_code, preferred.status_code) == (202, 422, 202)
    assert preferred.headers["Preference-Applied"] == "handling=lenient"
    assert [one["pointer"] for one in reply.json()["warnings"]] == ["/indicators/0"]
    assert reply.json()["call_now"] is not None
    assert (untold.status_code, empty.status_code) == (202, 422)
    assert first["not_understood"][0]["value"] == {"code": "moon_sickness"}
    assert json.loads(first["as_sent"]) == added
    assert [one["code"] for one in first["indicators"]] == ["unexplained_injury"]
    assert second["text"] == "not known"
    assert "moon_sickness" not in json.dumps(await front.read(unsafe["id"])) + reply.text


@pytest.mark.parametrize("tells", [{"indicators": indicators("unexplained_injury")}, {"immediate_danger": "yes"}])
async def test_what_tells_of_serious_harm_is_never_refused(front: Front, tells: dict[str, Any]) -> None:
    """Also where the referral ruled a danger out: what is added may be as urgent as a referral."""
    safe = await front.submit(document())

    reply = await amend(front, safe["id"], "information", {"text": TEXT, "shoe_size": 7, **tells})
    refused = await amend(front, safe["id"], "information", {"text": TEXT, "shoe_size": 7, "immediate_danger": "no"})

    assert (reply.status_code, refused.status_code) == (202, 422)
    assert "/shoe_size" in {one["pointer"] for one in reply.json()["warnings"]}


async def test_information_is_taken_at_any_time(front: Front) -> None:
    """Also about a referral that is decided, or withdrawn."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted))
    assert (await amend(front, accepted["id"], "information", {"text": TEXT})).status_code == 202
    assert (await front.read(accepted["id"]))["status"] == "decided"


async def test_a_withdrawal_is_shown_and_said_once(front: Front) -> None:
    """The referral shows as withdrawn; a second withdrawal is refused, and so is one without a reason."""
    accepted = await front.submit(document())
    assert (await amend(front, accepted["id"], "withdrawal", {})).status_code == 422
    assert (await amend(front, accepted["id"], "withdrawal", {"reason": "Sent by mistake."})).status_code == 202
    shown = await front.read(accepted["id"])
    assert (shown["status"], shown["amendments"][0]["reason"]) == ("withdrawn", "Sent by mistake.")
    again = await amend(front, accepted["id"], "withdrawal", {"reason": "Really."})
    assert (again.status_code, again.json()["type"]) == (409, "/problems#referral-already-withdrawn")
    assert [type(event.fact) for event in await front.events()][1:] == [ReferralWithdrawn]


async def test_a_decision_cannot_be_withdrawn_from(front: Front) -> None:
    """After a decision there is nothing to withdraw."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted))
    reply = await amend(front, accepted["id"], "withdrawal", {"reason": "Sent by mistake."})
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems#referral-already-decided")


async def test_the_sender_learns_what_a_person_decided_after_a_withdrawal(front: Front) -> None:
    """A withdrawal ends nothing by itself: whoever waits for the decision still gets it."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted))
    await amend(front, accepted["id"], "withdrawal", {"reason": "Sent by mistake."})
    assert (await front.read(accepted["id"], "?status=decided&wait=1"))["status"] == "withdrawn"
    await front.hear(decided(front, accepted))
    shown = await front.read(accepted["id"])
    assert (shown["status"], shown["feedback"]) == ("decided", "Help was offered.")


@pytest.mark.parametrize("verb", ["information", "withdrawal"])
async def test_referrals_of_others_cannot_be_amended(verb: str, front: Front) -> None:
    """Another agency's referral, one that never was and no id are the same 404, whatever the body; nothing is kept."""
    accepted = await front.submit(document())
    for place in (accepted["id"], str(new_id()), "x"):
        for body in ({"text": TEXT}, {"reason": TEXT}, {}):
            assert (await amend(front, place, verb, body, POLICE)).status_code == 404
    assert (await front.read(accepted["id"]))["amendments"] == []
    read_only = {**TRIAGE}
    assert (await amend(front, accepted["id"], verb, {"text": TEXT}, read_only)).status_code == 403


BAD = [
    ({}, "/text"),
    ({"text": " "}, "/text"),
    ({"text": TEXT, "level": 4}, "/level"),
    ({"text": TEXT, "indicators": [{"code": "Quillcode"}]}, "/indicators/0/code"),
    ({"text": TEXT, "indicators": [{"code": "self_harm", "child": 1}]}, "/indicators/0/child"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD)
async def test_bad_information_is_named(body: Any, pointer: str, front: Front) -> None:
    """Every wrong field is pointed at, and none of what was sent is repeated."""
    accepted = await front.submit(document())
    reply = await amend(front, accepted["id"], "information", body)
    assert (reply.status_code, [error["pointer"] for error in reply.json()["errors"]]) == (422, [pointer])
    assert "Quillcode" not in reply.text
    assert TEXT not in reply.text


async def test_an_amendment_is_made_once_under_its_key(front: Front) -> None:
    """A replay gets the first answer, another body is refused, and a missing key too."""
    accepted = await front.submit(document())
    first = await amend(front, accepted["id"], "information", {"text": TEXT}, key="one")
    again = await amend(front, accepted["id"], "information", {"text": TEXT}, key="one")
    other = await amend(front, accepted["id"], "information", {"text": "Other."}, key="one")
    assert (first.json(), other.status_code) == (again.json(), 422)
    keyless = await front.http.post(f"/v1/referrals/{accepted['id']}/information", json={"text": TEXT}, headers=SCHOOL)
    assert keyless.status_code == 400
    assert len((await front.read(accepted["id"]))["amendments"]) == 1


async def test_what_is_added_is_sealed(front: Front) -> None:
    """Neither text nor reason stands in a column in the open."""
    accepted = await front.submit(document())
    await amend(front, accepted["id"], "information", {"text": "Quillfeather"})
    await amend(front, accepted["id"], "withdrawal", {"reason": "Quillfeather"})
    async with transaction(front.db) as session:
        connection = await session.connection()
        for table in ("amendments", "outbox", "audit_rows", "idempotent_answers"):
            found = await connection.exec_driver_sql(f"SELECT t::text FROM {table} t")
            assert not any("Quillfeather" in row[0] or b"Quillfeather".hex() in row[0] for row in found)


async def test_only_services_learn_who_answers_requests(front: Front) -> None:
    """Triage gets the agencies that may be asked, with what each refers; nobody else does."""
    path = "/internal/agencies/answering"
    assert (await front.http.get(path, headers=TRIAGE)).json() == {"agencies": {"a-school": "2A"}}
    assert (await front.http.get(path, headers=SCHOOL)).status_code == 403
    assert "a-school" not in json.dumps((await front.http.get(path)).json())
