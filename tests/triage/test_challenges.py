"""A partner disagrees with a decision; somebody who did not decide answers, stage by stage."""

import asyncio
import secrets
from typing import Any

import httpx
import pytest

from services.triage.domain import ChallengeState, next_stage
from shared.problems import Problem
from shared.security import Role
from tests.fakes import as_partner, as_staff
from tests.triage.conftest import MANAGER, MANAGER_2, SOCIAL_WORKER, Front, example
from tests.triage.test_decisions import decision
from tests.triage.test_reopening import decided_case

SCHOOL = as_partner("a-school", "referrals:write", "referrals:read")
OTHER = as_partner("a-police-force", "referrals:write", "referrals:read")
MANAGER_3 = as_staff("manager-3", Role.MANAGER)
REASON = {"reason": "He has come to school hungry again.", "wanted_outcome": "section_17_assessment"}


async def challenge(front: Front, referral_id: str, headers: dict[str, str] = SCHOOL, **more: Any) -> httpx.Response:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    path = f"/v1/referrals/{referral_id}/challenge"
    return await front.http.post(path, json={**REASON, **more}, headers={**key, **headers})


async def answer(
    front: Front, case: dict[str, Any], made: Any, headers: dict[str, str], outcome: str
) -> httpx.Response:
    body = {"answer": "We spoke with the school nurse.", "outcome": outcome}
    path = f"/v1/cases/{case['id']}/challenges/{made['id']}/answer"
    return await front.http.post(path, json=body, headers=headers)


async def read(front: Front, referral_id: str, headers: dict[str, str] = SCHOOL) -> httpx.Response:
    return await front.http.get(f"/v1/referrals/{referral_id}/challenges", headers=headers)


def test_stages_follow_each_other() -> None:
    """The next stage is open after an answer alone, and none after the last."""
    assert next_stage([], 2) == 1
    assert next_stage([ChallengeState.NOT_UPHELD], 2) == 2
    for states in (["open"], ["not_upheld", "not_upheld"]):
        with pytest.raises(Problem) as refused:
            next_stage(states, 2)
        assert refused.value.status == 409


async def test_a_challenge_goes_through_its_stages(front: Front) -> None:
    """Answered, escalated, answered by another manager, and then no further."""
    case = await decided_case(front)
    first = await challenge(front, case["referral_id"])
    assert (first.status_code, first.json()["stage"]) == (201, 1)
    assert (await challenge(front, case["referral_id"])).status_code == 409
    assert (await answer(front, case, first.json(), MANAGER, "not_upheld")).status_code == 200
    assert (await answer(front, case, first.json(), MANAGER, "not_upheld")).status_code == 409
    second = (await challenge(front, case["referral_id"], reason="It goes on.")).json()
    assert second["stage"] == 2
    assert (await answer(front, case, second, MANAGER, "upheld")).status_code == 403
    assert (await answer(front, case, second, MANAGER_2, "upheld")).status_code == 200
    assert (await challenge(front, case["referral_id"])).status_code == 409
    shown = (await read(front, case["referral_id"])).json()["items"]
    assert [(one["stage"], one["state"]) for one in shown] == [(1, "not_upheld"), (2, "upheld")]
    assert {one["answer"] for one in shown} == {"We spoke with the school nurse."}
    assert "manager" not in str(shown)


async def test_whoever_decided_does_not_answer(front: Front) -> None:
    """Neither the one who decided nor the countersigner may answer, nor somebody without the stage's role."""
    case = await front.case_of(await front.submit(example("01")))
    body = decision((0, 2, "family_hub"), override_reason="The marks are a birthmark, seen by the paediatrician.")
    case["etag"] = (await front.post(case, "decision", body, MANAGER)).headers["ETag"]
    agreed = {"agree": True, "reason": "I read the letter."}
    assert (await front.post(case, "decision/countersignature", agreed, MANAGER_2)).status_code == 200
    made = (await challenge(front, case["referral_id"])).json()
    for headers in (MANAGER, MANAGER_2, SOCIAL_WORKER):
        assert (await answer(front, case, made, headers, "not_upheld")).status_code == 403
    assert (await answer(front, case, made, SCHOOL, "upheld")).status_code == 403
    assert (await answer(front, case, made, MANAGER_3, "not_upheld")).status_code == 200


async def test_an_answer_can_reopen_the_case(front: Front) -> None:
    """The case is back on the queue; the partner has to wait for the new decision to challenge again, from stage 1."""
    case = await decided_case(front)
    made = (await challenge(front, case["referral_id"])).json()
    reopened = (await answer(front, case, made, MANAGER, "reopen")).json()
    assert (reopened["status"], reopened["challenges"][0]["state"]) == ("unassigned", "reopen")
    assert (await challenge(front, case["referral_id"])).status_code == 409
    again = await front.case_of(case["referral_id"])
    assert (await front.post(again, "decision", decision((0, 3, "targeted_early_help")), SOCIAL_WORKER)).is_success
    assert (await challenge(front, case["referral_id"])).json()["stage"] == 1


async def test_only_the_referrer_of_a_decided_case_challenges(front: Front) -> None:
    """Another agency's referral is 404, an open one 409, another's challenges are not shown."""
    case = await decided_case(front)
    open_case = await front.case_of(await front.submit(example("10")))
    assert (await challenge(front, case["referral_id"], OTHER)).status_code == 404
    assert (await challenge(front, open_case["referral_id"])).status_code == 409
    assert (await challenge(front, case["referral_id"], as_partner("a-school", "referrals:read"))).status_code == 403
    assert (await read(front, case["referral_id"], OTHER)).status_code == 404
    assert (await challenge(front, case["referral_id"], wanted_outcome="prison")).status_code == 422


async def test_many_challenges_at_once_are_one(front: Front) -> None:
    """Ten at once under ten keys make one challenge; the others are told that it waits."""
    case = await decided_case(front)
    replies = await asyncio.gather(*(challenge(front, case["referral_id"]) for _ in range(10)))
    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 9


async def test_staff_see_what_waits(front: Front) -> None:
    """An open challenge stands on the case with its reason, and on the list with who has to answer by when."""
    case = await decided_case(front)
    made = (await challenge(front, case["referral_id"])).json()
    listed = (await front.http.get("/v1/challenges", headers=MANAGER)).json()["items"]
    assert [(one["id"], one["case_id"], one["role"]) for one in listed] == [(made["id"], case["id"], "manager")]
    assert REASON["reason"] not in str(listed)
    shown = (await front.case_of(case["referral_id"]))["challenges"]
    assert [(one["agency"], one["reason"]) for one in shown] == [("a-school", REASON["reason"])]
    assert (await answer(front, case, made, MANAGER, "upheld")).status_code == 200
    assert (await front.http.get("/v1/challenges", headers=MANAGER)).json()["items"] == []


async def test_the_list_of_what_waits_has_pages(front: Front) -> None:
    """Those due first come first, and the cursor goes on where the page ended."""
    cases = [await decided_case(front) for _ in range(3)]
    made = [(await challenge(front, case["referral_id"])).json()["id"] for case in cases]

    first = (await front.http.get("/v1/challenges?limit=2", headers=MANAGER)).json()
    path = f"/v1/challenges?limit=2&cursor={first['next_cursor']}"
    second = (await front.http.get(path, headers=MANAGER)).json()

    assert [one["id"] for one in first["items"] + second["items"]] == made
    assert (len(first["items"]), second["next_cursor"]) == (2, None)
