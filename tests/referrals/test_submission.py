"""Submitting a referral: durable, announced and audited at once, or nothing of it."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import yaml
from sqlalchemy import func, select

from services.referrals.actions import submit_referral
from services.referrals.actions.agencies import register_agency
from services.referrals.app import build
from services.referrals.domain.agencies import PARTNER_SCOPES
from services.referrals.models import Referral
from shared.calendar import decision_due_at
from shared.db import open_database, transaction
from shared.events import ReferralSubmitted
from shared.http.client import ServiceClient
from shared.http.service import new_application
from shared.settings.hub import Hub
from tests.conftest import EXAMPLES, owner_url
from tests.fakes import OtherService, as_partner, serving, verifier
from tests.referrals.conftest import POLICE, SCHOOL, SCREENER, TRIAGE, Front, settings_for
from tests.referrals.documents import child, document, indicators

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text(encoding="utf-8"))


async def count_of(front: Front) -> int:
    async with transaction(front.db) as session:
        return await session.scalar(select(func.count()).select_from(Referral)) or 0


async def test_a_referral_is_accepted_announced_and_audited(front: Front, hub: Hub) -> None:
    """The reply, the event, the row and the audit row agree, and carry one correlation id."""
    before = datetime.now(UTC)
    reply = await front.post(document(), {**SCHOOL, "X-Correlation-Id": "one-thread"})
    accepted = reply.json()
    received_at = datetime.fromisoformat(accepted["received_at"])
    assert reply.status_code == 202
    assert set(accepted) == {
        "id", "reference", "status", "received_at", "decision_due_at", "call_now", "quality", "links",
    }  # fmt: skip
    assert reply.headers["Location"] == accepted["links"]["self"] == f"/v1/referrals/{accepted['id']}"
    assert re.fullmatch(r"FD-\d{4}-\w{4}-\w{4}", accepted["reference"])
    assert before <= received_at <= datetime.now(UTC)
    assert accepted["received_at"].endswith("Z")
    assert datetime.fromisoformat(accepted["decision_due_at"]) == decision_due_at(received_at, hub)

    [event] = await front.events()
    assert isinstance(event.fact, ReferralSubmitted)
    assert (event.subject, event.fact.reference) == (accepted["id"], accepted["reference"])
    assert (event.fact.agency, event.audience, event.urgency) == ("a-school", ("a-school",), "no")
    assert event.fact.detail_url == f"/internal/referrals/{accepted['id']}"
    assert event.correlation_id == "one-thread"
    assert await front.audit(accepted["id"]) == [("a-school", "referral.submitted", "one-thread")]


async def test_the_examples_are_accepted(front: Front, subtests: pytest.Subtests) -> None:
    """Each example is taken on its agency's behalf, with the warnings that are known, and kept whole."""
    for name, expected in EXPECTED.items():
        with subtests.test(name):
            sent = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
            accepted = await front.submit(sent, as_partner(expected["agency"], "referrals:write"))
            warned = {warning["pointer"] for warning in accepted["quality"]["warnings"]}
            assert warned == set(expected.get("warnings", []))
            assert (accepted["call_now"] is not None) >= (expected["level"] == 4)
            detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()
            assert detail["referral"]["concern"]["what_happened"] == sent["concern"]["what_happened"]
            assert detail["quality"] == accepted["quality"]


@pytest.mark.parametrize("danger", ["no", "yes"])
async def test_a_source_that_the_hub_does_not_have_refuses_nothing(front: Front, danger: str) -> None:
    """Of an agency registered with a code that the hub has not, or no longer, the source counts as not known."""
    async with transaction(front.db) as session:
        await register_agency(session, "b-school", "A school", source="2Z", scopes=PARTNER_SCOPES)
    sender = as_partner("b-school", "referrals:write")
    accepted = await front.submit(document({"immediate_danger": danger}, source=None), sender)
    detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()
    assert detail["referral"]["source"] == "10"
    assert "not_understood" not in detail["referral"]


async def test_no_name_stands_outside_the_sealed_column(front: Front) -> None:
    """Neither the child's name nor the narrative is in any row, event or stored answer, save sealed."""
    canary = "Quillfeather"
    sent = document({"what_happened": canary}, children=[child(family_name=canary)], agency_reference=canary)
    await front.submit(sent)
    async with transaction(front.db) as session:
        for table in ("referrals", "outbox", "audit_rows", "idempotent_answers"):
            found = await (await session.connection()).exec_driver_sql(f"SELECT t::text FROM {table} t")
            texts = [row[0] for row in found]
            assert texts
            assert not any(canary in row or canary.encode().hex() in row for row in texts)


async def test_a_replay_gives_the_first_answer(front: Front) -> None:
    """The same key and body twice is one referral and one answer; another body is refused, as is another's key not."""
    first = await front.post(document(), key="k1")
    again = await front.post(document(), key="k1")
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert (await front.post(document(kind="information"), key="k1")).status_code == 422
    assert (await front.post(document(source="6"), POLICE, key="k1")).json()["id"] != first.json()["id"]
    assert await count_of(front) == 2
    assert len(await front.events()) == 2


async def test_the_same_request_many_times_at_once_is_one_referral(front: Front) -> None:
    """Of many at once under one key each is answered with the one referral, or told that it is in flight."""
    replies = await asyncio.gather(*(front.post(document(), key="k1") for _ in range(12)))
    assert {reply.status_code for reply in replies} <= {202, 409}
    assert len({reply.json()["id"] for reply in replies if reply.status_code == 202}) == 1
    assert await count_of(front) == 1


async def test_a_key_in_flight_is_told_so(front: Front) -> None:
    """While another holds the key the answer is 409; once it let go without an answer the key serves."""
    async with transaction(front.db) as session:
        holding = "SELECT pg_advisory_xact_lock(hashtextextended('a-school' || chr(31) || 'k1', 0))"
        await (await session.connection()).exec_driver_sql(holding)
        assert (await front.post(document(), key="k1")).status_code == 409
        assert await count_of(front) == 0
    assert (await front.post(document(), key="k1")).status_code == 202


async def test_a_replay_wins_over_a_body_that_is_no_referral(front: Front) -> None:
    """A key that was used says so before the body's own faults are named."""
    await front.post(document(), key="k1")
    reply = await front.post({}, key="k1")
    assert (reply.status_code, reply.json()["type"]) == (422, "/problems#idempotency-key-reused")


async def test_a_key_is_needed(front: Front) -> None:
    """Without an Idempotency-Key nothing is recorded."""
    reply = await front.http.post("/v1/referrals", json=document(), headers=SCHOOL)
    assert reply.status_code == 400
    assert await count_of(front) == 0


NO_DOCUMENTS: dict[str, tuple[bytes, int]] = {
    "cut": (b"{", 400),
    "duplicate key": (b'{"kind": "request", "kind": "request"}', 400),
    "NaN": (b'{"kind": NaN}', 400),
    "overflow": (b'{"kind": 1e999}', 400),
    "NUL": (b'{"kind": "\\u0000"}', 400),
    "surrogate": (b'{"kind": "\\ud800"}', 400),
    "deep": (b"[" * 30 + b"]" * 30, 400),
    "list": (b"[]", 422),
    "2 MB": (b'"' + b"x" * 2_000_000 + b'"', 413),
}


async def test_what_is_no_document_is_refused(front: Front, subtests: pytest.Subtests) -> None:
    """Malformed, oversized and foreign bodies are problems, and nothing is recorded."""
    for case, (body, status) in NO_DOCUMENTS.items():
        with subtests.test(case):
            headers = {**SCHOOL, "Idempotency-Key": case}
            reply = await front.http.post("/v1/referrals", content=body, headers=headers)
            assert reply.status_code == status
            assert reply.headers["Content-Type"] == "application/problem+json"
    assert await count_of(front) == 0


async def test_an_invalid_referral_names_its_places_and_records_nothing(front: Front) -> None:
    """A 422 carries pointers and no input, and the same key may be used for the corrected body's first answer."""
    sent = document({"claimed_level": 9}, children=[child(sex="Quillfeather")])
    reply = await front.post(sent, key="k1")
    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.json()["errors"]} == {"/children/0/sex", "/concern/claimed_level"}
    assert "Quillfeather" not in reply.text
    assert await count_of(front) == 0
    assert (await front.post(document(), key="k1")).status_code == 202


async def test_who_may_submit(front: Front) -> None:
    """Partners with the scope and staff who take calls; the token is looked at before the key and the body."""
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        (as_partner("a-school", "referrals:read", "internal:read"), 403),
        (TRIAGE, 403),
        (SCREENER, 202),
    ):
        assert (await front.post(document(), headers)).status_code == status
        bare = await front.http.post("/v1/referrals", content=b"{", headers=headers)
        assert bare.status_code == (status if status != 202 else 400)


async def test_staff_refer_for_the_public_under_the_front_door(front: Front) -> None:
    """A screener's referral belongs to the front door, names the screener in the audit, and its source is unknown."""
    anonymous = document(source=None)
    accepted = await front.submit(anonymous, SCREENER)
    detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()
    assert (detail["agency"], detail["source"]) == ("front-door", "10")
    assert [row[0] for row in await front.audit(accepted["id"])] == ["screener", "service-triage"]


async def test_the_source_is_the_agencys_unless_it_says_another(front: Front) -> None:
    """The registration gives the source, for the referral and for the rules that rest on it."""
    silent = document({"indicators": indicators("fgm_forced_marriage_honour")}, source=None)
    accepted = await front.submit(silent)
    assert any("police" in asked["ask"] for asked in accepted["quality"]["missing"])
    detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()
    assert detail["source"] == detail["referral"]["source"] == "2A"


async def test_danger_is_told_to_ring(front: Front, hub: Hub) -> None:
    """A danger now gets a number at once, and the event carries the urgency."""
    accepted = await front.submit(document({"immediate_danger": "yes"}, referrer=None))
    assert accepted["call_now"]["phone"] == hub.phones.emergency.phone
    assert [event.urgency for event in await front.events()] == ["yes"]


FAILING_COMMIT = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {body}; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON referrals DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION fail();
"""


@pytest.mark.parametrize(
    "body",
    [
        "RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'",
        "RAISE EXCEPTION 'serialize' USING ERRCODE = '40001'",
        "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)",
    ],
    ids=["disk full", "serialization", "connection lost"],
)
async def test_a_commit_that_fails_is_no_acceptance(body: str, front: Front, server: str) -> None:
    """Where the commit fails the reply is 503 with Retry-After, nothing is recorded, and the key stays free."""
    owner = open_database(owner_url(server, front.db))
    async with owner.engine.begin() as connection:
        for statement in FAILING_COMMIT.format(body=body).strip().split(";\nCREATE"):
            await connection.exec_driver_sql(statement if statement.startswith("CREATE") else f"CREATE{statement}")
    reply = await front.post(document(), key="k1")
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) > 0
    assert await count_of(front) == 0
    assert await front.events() == []
    async with owner.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TRIGGER fail ON referrals")
    await owner.close()
    assert (await front.post(document(), key="k1")).status_code == 202


async def test_without_its_database_the_service_says_so(hub: Hub, unused_tcp_port: int) -> None:
    """PostgreSQL gone is 503 with Retry-After, for submitting, reading and tokens."""
    url = f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none"
    service = build(settings_for(url), hub, cast("ServiceClient", OtherService()))
    async with serving(new_application("Referrals", "test", verifier(), service.router)) as http:
        replies = [
            await http.post("/v1/referrals", json=document(), headers={**SCHOOL, "Idempotency-Key": "k"}),
            await http.get("/v1/referrals", headers=SCHOOL),
            await http.get("/internal/referrals/01935b3e-7a00-7000-8000-000000000000", headers=TRIAGE),
        ]
    assert [reply.status_code for reply in replies] == [503] * 3
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in replies)


async def test_a_reference_that_is_taken_asks_for_another_try(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two referrals never share a reference: the second is not recorded, and its sender is told to send it again."""
    monkeypatch.setattr(submit_referral, "new_reference", lambda _: "FD-2611-0000-0000")
    assert (await front.post(document())).status_code == 202
    assert (await front.post(document(), key="k2")).status_code == 503
    monkeypatch.undo()
    assert (await front.post(document(), key="k2")).status_code == 202


async def test_what_must_have_happened_may_lie_a_day_ahead(front: Front) -> None:
    """Today in any time zone is taken, the day after tomorrow is not."""
    today = datetime.now(UTC).date()
    assert (await front.post(document({"happened_on": str(today + timedelta(days=1))}))).status_code == 202
    assert (await front.post(document({"happened_on": str(today + timedelta(days=2))}))).status_code == 422
