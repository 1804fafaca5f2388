"""Coding, confirming, deciding and countersigning, through HTTP."""

from typing import Any

import pytest

from shared.events import CaseDecided, CaseRouted, EarlyHelpClosed
from tests.fakes import as_partner
from tests.triage.conftest import MANAGER, MANAGER_2, SCREENER, SOCIAL_WORKER, Front, example

SERVICE = as_partner("service-referrals", "internal:read")
PROVIDER = as_partner("towcester-family-hub", "early-help:respond")


def decision(*children: tuple[int, int, str], **said: Any) -> dict[str, Any]:
    return {
        "children": [{"child": child, "level": level, "outcome": outcome} for child, level, outcome in children],
        "rationale": "What the school and the health visitor said fits together.",
        "feedback_to_referrer": "Thank you. We have decided.",
        **said,
    }


async def test_coding_the_narrative_keeps_both_receipts(front: Front) -> None:
    """A prose-only referral waits for a screener; coded, it is assessed again and takes the route it may."""
    prose = example("03")
    prose["concern"]["indicators"] = []
    case = await front.case_of(await front.submit(prose))
    assert (case["level"], case["priority"], case["status"]) == (1, "amber", "unassigned")
    assert "narrative_not_coded" in case["receipt"]["review_required"]
    body = {
        "indicators": [{"code": "attendance_slipping", "status": "present", "child": 0, "note": "84 %"}],
        "source": "the narrative",
    }
    coded = (await front.post(case, "facts", body, SCREENER)).json()
    assert (coded["level"], coded["status"]) == (2, "routed")
    assert [(one["cause"], one["receipt"]["level"]) for one in coded["assessments"]] == [("opened", 1), ("coded", 2)]
    assert [event.type for event in await front.events()].count(CaseRouted.type) == 1


async def test_coding_can_take_a_route_back(front: Front) -> None:
    """A level 3 found later closes the offer, and the provider no longer sees it."""
    case = await front.case_of(await front.submit(example("03")))
    offer = case["offers"][0]["id"]
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=PROVIDER)).status_code == 200
    body = {"indicators": [{"code": "self_harm", "status": "present"}], "source": "a call from the school nurse"}
    coded = (await front.post(case, "facts", body, SCREENER)).json()
    assert (coded["level"], coded["status"], coded["offers"][0]["status"]) == (3, "unassigned", "closed")
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=PROVIDER)).status_code == 404
    assert EarlyHelpClosed.type in [event.type for event in await front.events()]


async def test_what_is_coded_has_to_fit(front: Front) -> None:
    """Wrong codes, children and facts are each named; nothing is recorded."""
    case = await front.case_of(await front.submit(example("05")))
    body = {
        "indicators": [{"code": "canary", "status": "present"}, {"code": "bullying", "status": "present", "child": 3}],
        "facts": {"shoe_size": 3},
        "source": "the narrative",
    }
    reply = await front.post(case, "facts", body, SCREENER)
    assert reply.status_code == 422
    pointers = {error["pointer"] for error in reply.json()["errors"]}
    assert pointers == {"/indicators/0/code", "/indicators/1/child", "/facts/shoe_size"}
    assert "canary" not in reply.text


async def test_a_person_confirms_an_automatic_route(front: Front) -> None:
    """The case is decided with the hub's feedback; a screener may not, and a second time is 409."""
    case = await front.case_of(await front.submit(example("03")))
    assert (await front.post(case, "confirmation", {}, SCREENER)).status_code == 403
    reply = await front.post(case, "confirmation", {"reason": "Read and agreed."}, SOCIAL_WORKER)
    confirmed = reply.json()
    assert (reply.status_code, confirmed["status"]) == (200, "decided")
    assert confirmed["children"][0]["outcome"] == "family_hub"
    assert confirmed["offers"][0]["status"] == "offered"
    assert confirmed["decisions"][0]["feedback_to_referrer"] == front.hub.feedback["family_hub"]
    case["etag"] = reply.headers["ETag"]
    assert (await front.post(case, "confirmation", {}, SOCIAL_WORKER)).status_code == 409
    decided = next(event.fact for event in await front.events() if isinstance(event.fact, CaseDecided))
    feedback = await front.http.get(decided.detail_url, headers=SERVICE)
    assert feedback.json()["feedback_to_referrer"] == front.hub.feedback["family_hub"]


async def test_two_siblings_are_decided_differently(front: Front) -> None:
    """One decision holds an outcome for each child; what the referrer may read is all that is passed on."""
    case = await front.case_of(await front.submit(example("10")))
    body = decision((0, 3, "targeted_early_help"), (1, 2, "family_hub"), override_reason="Each needs something else.")
    decided = (await front.post(case, "decision", body, SOCIAL_WORKER)).json()
    assert [child["outcome"] for child in decided["children"]] == ["targeted_early_help", "family_hub"]
    feedback = (await front.http.get(f"/internal/cases/{case['id']}/feedback", headers=SERVICE)).json()
    said = {"status", "acknowledged_at", "advice", "feedback_to_referrer", "next_step", "decided_at"}
    assert set(feedback) == said
    assert (feedback["status"], feedback["feedback_to_referrer"]) == ("decided", body["feedback_to_referrer"])


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        (decision((0, 3, "no_further_action"), (1, 3, "targeted_early_help")), "/override_reason"),
        (decision((0, 3, "targeted_early_help")), "/children"),
        (decision((0, 3, "targeted_early_help"), (5, 3, "family_hub")), "/children/1/child"),
        (
            decision((0, 4, "section_47"), (1, 3, "targeted_early_help"), override_reason="New facts."),
            "/strategy_discussion",
        ),
        (
            decision(
                (0, 4, "section_47"),
                (1, 3, "targeted_early_help"),
                override_reason="New facts.",
                strategy_discussion={"held_at": "2090-01-01T10:00:00Z", "present": ["social_care", "police", "health"]},
            ),
            "/strategy_discussion/held_at",
        ),
        ({**decision((0, 3, "targeted_early_help"), (1, 3, "targeted_early_help")), "rationale": " "}, "/rationale"),
    ],
)
async def test_a_decision_that_lacks_something_names_it(front: Front, said: dict[str, Any], pointer: str) -> None:
    """What is missing is a 422 with a pointer, and the case stays as it was."""
    case = await front.case_of(await front.submit(example("10")))
    reply = await front.post(case, "decision", said, SOCIAL_WORKER)
    assert reply.status_code == 422
    assert pointer in {error["pointer"] for error in reply.json()["errors"]}
    assert (await front.case_of(case["referral_id"]))["status"] == "unassigned"


async def test_lowering_a_level_4_needs_another_manager(front: Front) -> None:
    """202 until another manager agrees; the one who decided can't, and the referrer hears nothing before."""
    case = await front.case_of(await front.submit(example("01")))
    body = decision((0, 2, "family_hub"), override_reason="The marks are a birthmark, seen by the paediatrician.")
    reply = await front.post(case, "decision", body, MANAGER)
    assert (reply.status_code, reply.json()["status"]) == (202, "awaiting_countersignature")
    assert (await front.http.get(f"/internal/cases/{case['id']}/feedback", headers=SERVICE)).json()[
        "decided_at"
    ] is None
    case["etag"] = reply.headers["ETag"]
    given = {"agree": True, "reason": "I read the paediatrician's letter."}
    assert (await front.post(case, "decision/countersignature", given, MANAGER)).status_code == 403
    assert (await front.post(case, "decision/countersignature", given, SOCIAL_WORKER)).status_code == 403
    agreed = await front.post(case, "decision/countersignature", given, MANAGER_2)
    assert (agreed.status_code, agreed.json()["status"]) == (200, "decided")
    assert [event.type for event in await front.events()].count(CaseDecided.type) == 1


async def test_a_refused_countersignature_sends_the_case_back(front: Front) -> None:
    """The case is unassigned again, the refused decision is kept, nobody outside is told."""
    case = await front.case_of(await front.submit(example("02")))
    body = decision(
        (0, 3, "targeted_early_help"), (1, 4, "strategy_discussion"), override_reason="He is at his aunt's."
    )
    case["etag"] = (await front.post(case, "decision", body, SOCIAL_WORKER)).headers["ETag"]
    given = {"agree": False, "reason": "He is still at large."}
    refused = (await front.post(case, "decision/countersignature", given, MANAGER)).json()
    assert (refused["status"], refused["decisions"][0]["state"]) == ("unassigned", "refused")
    assert CaseDecided.type not in [event.type for event in await front.events()]


async def test_a_decision_sent_twice_is_made_once(front: Front) -> None:
    """The replay gives the first answer though the version has moved on; another body under the key is 422."""
    case = await front.case_of(await front.submit(example("05")))
    key = {"Idempotency-Key": "decide-1"}
    body = decision((0, 3, "targeted_early_help"))
    first = await front.post(case, "decision", body, SOCIAL_WORKER, **key)
    again = await front.post(case, "decision", body, SOCIAL_WORKER, **key)
    other = await front.post(case, "decision", {**body, "rationale": "Another."}, SOCIAL_WORKER, **key)
    assert (first.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (200, first.json(), "true")
    assert (other.status_code, other.json()["type"]) == (422, "/problems#idempotency-key-reused")


async def test_a_provider_sees_its_child_and_nothing_else(front: Front) -> None:
    """The offer holds what is needed to meet the family; another provider gets 404."""
    case = await front.case_of(await front.submit(example("03")))
    offer = case["offers"][0]["id"]
    seen = await front.http.get(f"/v1/early-help-offers/{offer}", headers=PROVIDER)
    assert seen.json()["child"]["given_name"] == "Oscar"
    assert "sofa" not in seen.text
    assert "Ruth Ansah" not in seen.text
    other = as_partner("kettering-family-hub", "early-help:respond")
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=other)).status_code == 404
    assert (await front.http.get("/v1/early-help-offers", headers=other)).json()["items"] == []


async def test_a_protected_location_stays_hidden_from_the_provider(front: Front) -> None:
    """Where the child lives, learns and is treated is left out of the offer."""
    protected = example("03")
    protected["children"][0]["location_protected"] = True
    case = await front.case_of(await front.submit(protected))
    seen = await front.http.get(f"/v1/early-help-offers/{case['offers'][0]['id']}", headers=PROVIDER)
    assert not {"address", "school", "gp_practice"} & seen.json()["child"].keys()


@pytest.mark.parametrize("headers", [PROVIDER, as_partner("a-school", "referrals:read"), {}])
async def test_partners_never_read_cases(front: Front, headers: dict[str, str]) -> None:
    """Cases are for staff: 401 without a token, 403 with a partner's."""
    case = await front.case_of(await front.submit(example("05")))
    for path in ("/v1/cases", f"/v1/cases/{case['id']}"):
        assert (await front.http.get(path, headers=headers)).status_code == (403 if headers else 401)
