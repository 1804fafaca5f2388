"""Transfers, reopened decisions, and what somebody is told whose typing came too late."""

from typing import Any

from sqlalchemy import select

from shared.audit import audit_rows
from shared.db import transaction
from shared.events import CaseReopened
from tests.fakes import as_partner
from tests.triage.conftest import MANAGER, SCREENER, SOCIAL_WORKER, Front, example
from tests.triage.test_decisions import SERVICE, decision

TRANSFER = {
    "authority": "North Northamptonshire",
    "acknowledged_by": "Their duty manager",
    "acknowledged_at": "2026-11-20T10:00:00Z",
}


async def decided_case(front: Front, name: str = "05") -> dict[str, Any]:
    """Let triage open and decide a case as its receipt says; returns it as it stands."""
    case = await front.case_of(await front.submit(example(name)))
    children = [(child["child"], child["level"], child["receipt"]["route"]) for child in case["children"]]
    reply = await front.post(case, "decision", decision(*children), SOCIAL_WORKER)
    assert reply.status_code == 200, reply.text
    return await front.case_of(case["referral_id"])


async def test_a_transfer_needs_the_other_authoritys_word(front: Front) -> None:
    """Without an acknowledgement there is none; with it the decision stands and staff read who gave it."""
    case = await front.case_of(await front.submit(example("05")))
    body = decision((0, 3, "transferred_to_authority"), override_reason="The family lives in Corby now.")
    for transfer, pointer in (
        (None, "/transfer"),
        ({**TRANSFER, "acknowledged_at": "2090-01-01T10:00:00Z"}, "/transfer/acknowledged_at"),
        ({"authority": "North Northamptonshire"}, "/transfer/acknowledged_by"),
    ):
        refused = await front.post(case, "decision", {**body, "transfer": transfer}, SOCIAL_WORKER)
        assert refused.status_code == 422
        assert pointer in {error["pointer"] for error in refused.json()["errors"]}
    decided = (await front.post(case, "decision", {**body, "transfer": TRANSFER}, SOCIAL_WORKER)).json()
    assert decided["status"] == "decided"
    assert decided["decisions"][0]["transfer"]["acknowledged_by"] == TRANSFER["acknowledged_by"]


async def test_a_reopened_case_is_back_on_the_queue(front: Front) -> None:
    """Unassigned with its colour's clock, no outcome; the decision is kept but set aside, and its feedback with it."""
    case = await decided_case(front)
    statutory = case["clocks"]["statutory"]
    assert (await front.post(case, "reopening", {"reason": "The school rang."}, SCREENER)).status_code == 403
    assert (await front.post(case, "reopening", {}, MANAGER)).status_code == 422
    reply = await front.post(case, "reopening", {"reason": "The school rang."}, MANAGER)
    reopened = reply.json()
    assert (reply.status_code, reopened["status"], reopened["owner"]) == (200, "unassigned", None)
    assert [child["outcome"] for child in reopened["children"]] == [None]
    assert [one["state"] for one in reopened["decisions"]] == ["set_aside"]
    assert reopened["clocks"]["statutory"] == statutory
    assert reopened["clocks"]["colour"]["ended_at"] is None
    feedback = await front.http.get(f"/internal/cases/{case['id']}/feedback", headers=SERVICE)
    assert feedback.status_code == 404 or feedback.json()["feedback_to_referrer"] is None
    events = [event for event in await front.events() if event.type == CaseReopened.type]
    assert [event.audience for event in events] == [("a-school",)]


async def test_a_case_is_decided_again(front: Front) -> None:
    """The new decision stands beside the old one, and its feedback is the one that is passed on."""
    case = await decided_case(front)
    case["etag"] = (await front.post(case, "reopening", {"reason": "More is known."}, MANAGER)).headers["ETag"]
    body = decision((0, 4, "section_17_assessment"), override_reason="More is known.", feedback_to_referrer="Anew.")
    again = (await front.post(case, "decision", body, SOCIAL_WORKER)).json()
    assert [one["state"] for one in again["decisions"]] == ["set_aside", "final"]
    feedback = await front.http.get(f"/internal/cases/{case['id']}/feedback", headers=SERVICE)
    assert feedback.json()["feedback_to_referrer"] == "Anew."


async def test_only_a_decided_case_is_reopened(front: Front) -> None:
    """A case that is still open answers 409, and a version that was not read 412 or 428."""
    case = await front.case_of(await front.submit(example("05")))
    assert (await front.post(case, "reopening", {"reason": "Too early."}, MANAGER)).status_code == 409
    unread = await front.http.post(f"/v1/cases/{case['id']}/reopening", json={"reason": "x"}, headers=MANAGER)
    assert unread.status_code == 428


async def test_whoever_comes_too_late_reads_what_changed(front: Front) -> None:
    """A 412 has the case's tag of now, and who did what since the version that was read: no typing is lost."""
    case = await front.case_of(await front.submit(example("05")))
    coded = {"indicators": [], "facts": {}, "source": "A call to the canary."}
    for verb, body in (("claim", {}), ("facts", coded)):
        assert (await front.post(await front.case_of(case["referral_id"]), verb, body, SCREENER)).status_code == 200
    late = await front.post(case, "decision", decision((0, 3, "targeted_early_help")), SOCIAL_WORKER)
    assert late.status_code == 412
    assert [(change["who"], change["what"]) for change in late.json()["changes"]] == [
        ("screener", "case.claimed"),
        ("screener", "facts.coded"),
    ]
    assert "canary" not in late.text
    case["etag"] = late.headers["ETag"]
    again = await front.post(case, "decision", decision((0, 3, "targeted_early_help")), SOCIAL_WORKER)
    assert again.status_code == 200


async def test_staff_name_the_purpose_of_a_read(front: Front) -> None:
    """The audit row has the purpose that staff named, from a list of codes; a partner cannot name one."""
    case = await front.case_of(await front.submit(example("03")))
    path = f"/v1/cases/{case['id']}"
    assert (await front.http.get(path, headers={**MANAGER, "X-Purpose": "complaint"})).status_code == 200
    refused = await front.http.get(path, headers={**MANAGER, "X-Purpose": "curiosity"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/X-Purpose")
    assert "curiosity" not in refused.text
    offer = f"/v1/early-help-offers/{case['offers'][0]['id']}"
    provider = as_partner("towcester-family-hub", "early-help:respond")
    assert (await front.http.get(offer, headers={**provider, "X-Purpose": "court"})).status_code == 200
    async with transaction(front.db) as session:
        rows = (await session.execute(select(audit_rows.c.who, audit_rows.c.purpose, audit_rows.c.action))).all()
    assert ("manager", "complaint", "read") in rows
    assert ("towcester-family-hub", "early help", "read") in rows
