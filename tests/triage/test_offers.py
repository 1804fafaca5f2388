"""The life of an offer: accepted, started, declined, bounced, stepped up and closed, and who has the child then."""

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from services.triage.actions.desk import Desk
from services.triage.actions.directory import import_directory
from services.triage.actions.take_steps import take_steps
from services.triage.clocks import ClockKind
from services.triage.models import Clock, UnmetNeed
from shared.db import transaction
from shared.events import OfferFact
from tests.fakes import as_partner
from tests.triage.conftest import SCREENER, SOCIAL_WORKER, Front, example
from tests.triage.directory import LISTINGS
from tests.triage.test_decisions import decision

TOWCESTER, OTHER = "towcester-family-hub", "other-family-hub"
HUB, OTHER_HUB = (as_partner(slug, "early-help:respond") for slug in (TOWCESTER, OTHER))
NAMES = ("Ada", "Bruno", "Cleo", "Dominic", "Esmeralda", "Fox")
TODAY = datetime.now(UTC).date().isoformat()


def second_hub() -> dict[str, Any]:
    """Return the listing of another provider for the same districts, which names none of them its own."""
    listing = json.loads(json.dumps(LISTINGS[0]))
    listing["id"], listing["name"] = "f7c0f4b4-9d3f-4ad8-8c0d-2f4f7e0b1a11", "Other Family Hub"
    listing["organization"]["organization_identifiers"][0]["identifier"] = OTHER
    council = {"id": "0f3c3a58-07a4-45dc-9c6c-5b0f43d3b9a2", "name": "West Northamptonshire"}
    council["uri"] = "http://statistics.data.gov.uk/id/statistical-geography/E06000062"
    return {**listing, "service_areas": [council]}


async def routed(front: Front, *, hubs: int = 1) -> tuple[dict[str, Any], str]:
    """Let triage route a case to one of so many hubs; returns the case and its offer's id."""
    async with transaction(front.db) as session:
        await import_directory(session, json.dumps([*LISTINGS, second_hub()][: 5 + hubs - 1]).encode())
    case = await front.case_of(await front.submit(example("03")))
    assert case["status"] == "routed"
    return case, case["offers"][0]["id"]


def another_child(name: str) -> dict[str, Any]:
    """Return a referral of a child who is nobody else's brother or sister."""
    referral = example("03")
    child = {"given_name": name, "family_name": f"{name}son", "date_of_birth": f"201{len(name)}-0{len(name)}-11"}
    referral["children"] = [
        {**child, "address": {"lines": [f"{name} House"], "postcode": f"NN12 {len(name)}{name[:2]}"}}
    ]
    referral["household"] = [{**referral["household"][0], "name": f"Maud {name}son"}]
    return referral


async def say(front: Front, offer: str, verb: str, headers: dict[str, str] = HUB, **body: Any) -> httpx.Response:
    sent = {"Idempotency-Key": secrets.token_hex(8), **headers}
    return await front.http.post(f"/v1/early-help-offers/{offer}/{verb}", json=body, headers=sent)


async def again(front: Front, case: dict[str, Any]) -> dict[str, Any]:
    shown = await front.http.get(f"/v1/cases/{case['id']}", headers=SCREENER)
    return {**shown.json(), "etag": shown.headers["ETag"]}


async def told(front: Front, provider: str) -> list[str]:
    """Return the events of offers to this provider, without prefix and version."""
    events = [event.fact for event in await front.events() if isinstance(event.fact, OfferFact)]
    return [fact.type.split(".")[-2] for fact in events if fact.provider == provider]


async def run_out(front: Front, kind: ClockKind) -> None:
    """Let the running clocks of a kind take both their steps."""
    desk = Desk(None, front.hub, front.service.resources.vault)  # type: ignore[arg-type]
    for _ in range(2):
        async with transaction(front.db) as session:
            due = update(Clock).where(Clock.kind == kind, Clock.next_at.is_not(None), Clock.ended_at.is_(None))
            await session.execute(due.values(next_at=func.clock_timestamp() - timedelta(hours=1)))
        async with transaction(front.db) as session:
            await take_steps(session, desk)


async def test_help_that_is_accepted_started_and_closed(front: Front) -> None:
    """Each turn is told to the provider and the submitter, and the day of the first meeting stands on the case."""
    case, offer = await routed(front)
    assert (await say(front, offer, "acceptance")).json()["status"] == "accepted"
    assert (await say(front, offer, "start", on=TODAY)).json()["started_on"] == TODAY
    closed = await say(front, offer, "closure", result="needs_met")
    assert (closed.status_code, closed.json()["status"], closed.json()["result"]) == (200, "closed", "needs_met")
    shown = (await again(front, case))["offers"][0]
    assert (shown["status"], shown["started_on"], shown["result"]) == ("closed", TODAY, "needs_met")
    assert shown["considered"][0] == {"service": TOWCESTER, "fits": True, "reasons": ["own_district"]}
    assert await told(front, TOWCESTER) == ["offered", "accepted", "started", "closed"]
    heard = [
        e.fact.type.split(".")[-2]
        for e in await front.events()
        if isinstance(e.fact, OfferFact) and "a-school" in e.audience
    ]
    assert heard == ["accepted", "started", "closed"]
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=HUB)).json()["status"] == "closed"


async def test_turns_follow_each_other(front: Front) -> None:
    """Nothing starts before it is accepted or closes before it started; another provider knows of nothing."""
    _, offer = await routed(front)
    assert (await say(front, offer, "start", on=TODAY)).status_code == 409
    assert (await say(front, offer, "closure", result="needs_met")).status_code == 409
    assert (await say(front, offer, "start", on="2999-01-01")).status_code == 422
    assert (await say(front, offer, "acceptance", OTHER_HUB)).status_code == 404
    assert (await say(front, offer, "acceptance")).status_code == 200
    assert (await say(front, offer, "acceptance")).status_code == 409


async def test_a_request_sent_twice_is_answered_alike(front: Front) -> None:
    """A decline whose answer was lost gets it again, though the offer can no longer be read."""
    _, offer = await routed(front)
    key = {"Idempotency-Key": "once", **HUB}
    url = f"/v1/early-help-offers/{offer}/decline"
    first, second = [await front.http.post(url, json={"reason": "No worker."}, headers=key) for _ in range(2)]
    assert (first.json(), second.json()) == (first.json(), first.json())
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=HUB)).status_code == 404


async def test_a_declined_child_goes_to_the_next_service_then_to_a_person(front: Front) -> None:
    """Who declined sees nothing more; after the last one the case waits for a person, and is never routed by itself."""
    case, offer = await routed(front, hubs=2)
    assert (await say(front, offer, "decline", reason="We have no worker.")).status_code == 200
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=HUB)).status_code == 404
    after = await again(front, case)
    assert [(one["provider"], one["status"]) for one in after["offers"]] == [
        (TOWCESTER, "declined"),
        (OTHER, "offered"),
    ]
    assert (after["status"], after["offers"][0]["reason"]) == ("routed", "We have no worker.")
    assert {"service": TOWCESTER, "fits": False, "reasons": ["offered_before"]} in after["offers"][1]["considered"]
    await say(front, after["offers"][1]["id"], "decline", OTHER_HUB, reason="Nor have we.")
    last = await again(front, case)
    assert last["status"] == "unassigned"
    body = {"indicators": [{"code": "bullying", "status": "present"}], "source": "a call"}
    assert (await front.post(last, "facts", body, SCREENER)).json()["status"] == "unassigned"
    assert await told(front, OTHER) == ["offered", "declined"]
    async with transaction(front.db) as session:
        assert (await session.scalars(select(UnmetNeed.why))).all() == ["offered_before"]


async def test_a_familys_refusal_goes_to_a_person(front: Front) -> None:
    """No other provider is asked; a case that was decided is open again."""
    case, offer = await routed(front, hubs=2)
    assert (await front.post(case, "confirmation", {}, SOCIAL_WORKER)).status_code == 200
    assert (await say(front, offer, "decline", reason="family_refused")).status_code == 200
    after = await again(front, case)
    assert (after["status"], len(after["offers"])) == ("unassigned", 1)
    assert "reopened" in {event.type.split(".")[-2] for event in await front.events()}


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_step_up_brings_the_case_back_at_once(front: Front, confirmed: bool) -> None:
    """Decided or not, it is on the queue, at least amber, and the provider is told that it was heard."""
    case, offer = await routed(front)
    if confirmed:
        await front.post(case, "confirmation", {}, SOCIAL_WORKER)
    await say(front, offer, "acceptance")
    assert (await say(front, offer, "step-up", reason="A bruise on her arm.")).json()["status"] == "stepped_up"
    after = await again(front, case)
    assert (after["status"], after["priority"], after["owner"]) == ("unassigned", "amber", None)
    assert after["offers"][0]["reason"] == "A bruise on her arm."
    assert (await told(front, TOWCESTER))[-1] == "stepped_up"
    assert after["clocks"]


async def test_an_offer_that_is_not_accepted_bounces(front: Front) -> None:
    """After the hub's days it goes to the next service, then to a person; who let it lie sees it no more."""
    case, offer = await routed(front, hubs=2)
    await run_out(front, ClockKind.OFFER)
    after = await again(front, case)
    assert [one["status"] for one in after["offers"]] == ["bounced", "offered"]
    assert (await say(front, offer, "acceptance")).status_code == 404
    await run_out(front, ClockKind.OFFER)
    last = await again(front, case)
    assert ([one["status"] for one in last["offers"]], last["status"]) == (["bounced", "bounced"], "unassigned")
    assert await told(front, TOWCESTER) == ["offered", "bounced"]
    async with transaction(front.db) as session:
        assert (
            await session.scalars(select(Clock.id).where(Clock.kind == ClockKind.OFFER, Clock.ended_at.is_(None)))
        ).all() == []


async def test_acceptance_is_not_help(front: Front) -> None:
    """A family that nobody met in time brings the case to a person; the provider may still start."""
    case, offer = await routed(front)
    await front.post(case, "confirmation", {}, SOCIAL_WORKER)
    await say(front, offer, "acceptance")
    await run_out(front, ClockKind.OFFER_START)
    assert (await again(front, case))["status"] == "unassigned"
    assert (await say(front, offer, "start", on=TODAY)).status_code == 200


async def test_a_new_decision_takes_back_what_was_not_started(front: Front) -> None:
    """Decided again for early help, a child whose help never started goes to the next service, under its clock."""
    case, offer = await routed(front, hubs=2)
    await front.post(case, "confirmation", {}, SOCIAL_WORKER)
    await say(front, offer, "acceptance")
    await run_out(front, ClockKind.OFFER_START)
    case = await again(front, case)
    decided = (await front.post(case, "decision", decision((0, 2, "family_hub")), SOCIAL_WORKER)).json()
    assert [(one["provider"], one["status"]) for one in decided["offers"]] == [
        (TOWCESTER, "bounced"),
        (OTHER, "offered"),
    ]
    assert (await say(front, offer, "start", on=TODAY)).status_code == 404
    assert await told(front, TOWCESTER) == ["offered", "accepted", "bounced"]


@pytest.mark.parametrize(
    ("outcome", "level", "providers"),
    [
        ("family_hub", 2, [TOWCESTER]),
        ("targeted_early_help", 3, ["trust-targeted-support"]),
        ("universal_advice", 1, []),
    ],
)
async def test_a_persons_decision_offers_help_too(front: Front, outcome: str, level: int, providers: list[str]) -> None:
    """A decision for early help goes to the service of its level; one for advice to none."""
    not_asked = example("03")
    not_asked["openness"]["agreement"] = {"position": "not_sought"}
    case = await front.case_of(await front.submit(not_asked))
    assert (case["status"], case["offers"]) == ("unassigned", [])
    body = decision((0, level, outcome), override_reason="We spoke with the family.")
    decided = (await front.post(case, "decision", body, SOCIAL_WORKER)).json()
    assert [one["provider"] for one in decided["offers"] if one["status"] == "offered"] == providers


async def test_a_decision_takes_back_what_no_longer_fits(front: Front) -> None:
    """A routed case that is decided for targeted help changes the service; the hub sees it no more."""
    case, offer = await routed(front)
    body = decision((0, 3, "targeted_early_help"), override_reason="More than a hub can do.")
    decided = (await front.post(case, "decision", body, SOCIAL_WORKER)).json()
    assert {(one["provider"], one["status"]) for one in decided["offers"]} == {
        (TOWCESTER, "closed"),
        ("trust-targeted-support", "offered"),
    }
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=HUB)).status_code == 404


async def test_a_provider_waits_until_its_offer_was_accepted(front: Front) -> None:
    """A read that waits for `accepted` answers as soon as a colleague accepts, and at once for what was passed."""
    _, offer_id = await routed(front)
    url = f"/v1/early-help-offers/{offer_id}"
    waiting = asyncio.create_task(front.http.get(f"{url}?status=accepted&wait=30", headers=HUB))
    passed = await front.http.get(f"{url}?status=offered&wait=30", headers=HUB)
    accepted = await front.http.post(
        f"{url}/acceptance", headers=HUB | {"Idempotency-Key": secrets.token_hex()}, json={}
    )
    assert (passed.json()["status"], accepted.status_code) == ("offered", 200)
    assert (await waiting).json()["status"] == "accepted"
