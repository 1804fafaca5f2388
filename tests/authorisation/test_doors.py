"""What somebody may not learn, followed through every door that anything leaves by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import transaction
from tests.authorisation.conftest import FrontDoor, marked
from tests.authorisation.parties import ASKED, OTHER, PROVIDER, SUBMITTER
from tests.authorisation.test_matrix import ROUTES

CANARY = "Canary"
WHEREABOUTS = ("CanaryLane", "CanaryPark", "CanaryHostel", "CanarySchool", "CanaryClinic")


@dataclass(frozen=True)
class Door:
    """Who goes through it and what they send; no party where only what is the caller's own can come back."""

    party: str = ""
    body: Mapping[str, Any] | None = None


NOTHING_COMES_OUT = Door()
DOORS: Mapping[str, Door] = {
    "GET /v1/early-help-offers": Door(PROVIDER),
    "GET /v1/early-help-offers/{offer_id}": Door(PROVIDER),
    "GET /v1/events": Door(PROVIDER),
    "GET /v1/information-requests": Door(ASKED),
    "GET /v1/information-requests/{request_id}": Door(ASKED),
    "GET /v1/referrals": Door(SUBMITTER),
    "GET /v1/referrals/{referral_id}": Door(SUBMITTER),
    "GET /v1/referrals/{referral_id}/challenges": Door(SUBMITTER),
    "GET /v1/webhook-endpoints/{endpoint_id}/deliveries": Door(SUBMITTER),
    "GET /v1/deliveries/{delivery_id}": Door(SUBMITTER),
    "POST /v1/threshold-checks": Door(OTHER, {"facts": {}}),
    "POST /v1/early-help-offers/{offer_id}/acceptance": Door(PROVIDER, {}),
    "POST /v1/early-help-offers/{offer_id}/start": Door(PROVIDER, {"on": "2026-11-20"}),
    "POST /v1/early-help-offers/{offer_id}/closure": Door(PROVIDER, {"result": "needs_met"}),
    "POST /v1/early-help-offers/{offer_id}/decline": NOTHING_COMES_OUT,
    "POST /v1/early-help-offers/{offer_id}/step-up": NOTHING_COMES_OUT,
    "POST /v1/information-requests/{request_id}/response": Door(ASKED, {"answer": "He was seen in May."}),
    "POST /v1/deliveries/{delivery_id}/replay": NOTHING_COMES_OUT,
    "POST /v1/referrals": NOTHING_COMES_OUT,
    "POST /v1/referral-batches": NOTHING_COMES_OUT,
    "GET /v1/referral-batches/{batch_id}": NOTHING_COMES_OUT,
    "POST /v1/referrals/{referral_id}/challenge": NOTHING_COMES_OUT,
    "POST /v1/referrals/{referral_id}/information": NOTHING_COMES_OUT,
    "POST /v1/referrals/{referral_id}/withdrawal": NOTHING_COMES_OUT,
    "GET /v1/code-lists": NOTHING_COMES_OUT,
    "GET /v1/code-lists/{name}": NOTHING_COMES_OUT,
    "POST /v1/webhook-endpoints": NOTHING_COMES_OUT,
    "GET /v1/webhook-endpoints": NOTHING_COMES_OUT,
    "GET /v1/webhook-endpoints/{endpoint_id}": NOTHING_COMES_OUT,
    "PATCH /v1/webhook-endpoints/{endpoint_id}": NOTHING_COMES_OUT,
    "DELETE /v1/webhook-endpoints/{endpoint_id}": NOTHING_COMES_OUT,
    "POST /v1/webhook-endpoints/{endpoint_id}/enablement": NOTHING_COMES_OUT,
    "POST /v1/webhook-endpoints/{endpoint_id}/verification": NOTHING_COMES_OUT,
}
"""Every route of partners, also of some that are still to come."""

FAMILIES = iter(("Ash", "Birch", "Cedar", "Damson", "Elder", "Fir", "Gorse", "Hazel", "Ivy", "Juniper"))


def withheld(restriction: str) -> dict[str, Any]:
    """Return a referral in which all that this restriction withholds is a canary; the child's own name is none."""
    family = next(FAMILIES)
    document = marked("", family=family, born=f"2019-03-{10 + len(family)}")
    document["referrer"]["name"] = "CanaryReferrer"
    document["concern"]["what_happened"] = "CanaryStory"
    watched = {"name": "CanaryWatched", "relationship": "father", "address": {"lines": ["CanaryFlat"]}}
    document["household"].append({**watched, **({"must_not_learn": [restriction]} if restriction != "place" else {})})
    if restriction == "place":
        document["household"][-1]["role_in_concern"] = "alleged_perpetrator"
        document["children"][0] |= {
            "location_protected": True,
            "address": {"lines": ["CanaryLane"], "postcode": "NN12 6HQ"},
            "found_at": {"text": "CanaryPark"},
            "whereabouts_now": "CanaryHostel",
            "school": {"name": "CanarySchool"},
            "gp_practice": "CanaryClinic",
        }
    return document


def test_every_route_of_partners_is_a_door() -> None:
    """A new route fails here until it is said who goes through it, or that nothing of others comes out."""
    partners = [
        route
        for route in ROUTES
        if not route.path.startswith("/internal/") and any(policy.scope or policy.anybody for policy in route.policies)
    ]
    assert [str(route) for route in partners if str(route) not in DOORS] == []


@pytest.mark.parametrize("restriction", ["place", "location", "referral", "referrer", "intelligence"])
async def test_what_is_withheld_leaves_by_no_door(
    door: FrontDoor, restriction: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither offers, requests, feed, deliveries nor the status of the referral hold it, and no log does."""
    capsys.readouterr()
    case = await door.refer(SUBMITTER, withheld(restriction))
    ids = door.ids.by_name | {"referral_id": case["referral_id"], "offer_id": case["offers"][0]["id"]}
    ids["request_id"] = await door.ask_hospital(case)
    routes = {str(route) for route in ROUTES}
    for name, opened in DOORS.items():
        if opened.party and name in routes:
            method, path = name.split()
            reply = await door.ask(method, path.format_map(ids), opened.party, opened.body)
            assert CANARY not in reply.text, name
    logged = capsys.readouterr().out
    assert "/v1/early-help-offers/{offer_id}" in logged
    assert CANARY not in logged


async def test_what_is_not_withheld_does_leave(door: FrontDoor) -> None:
    """The provider is told where an unprotected child lives, so that the test above could fail."""
    document = withheld("location")
    document["children"][0]["address"] = {"lines": ["CanaryLane"], "postcode": "NN12 6HQ"}
    case = await door.refer(SUBMITTER, document)
    shown = await door.ask("GET", f"/v1/early-help-offers/{case['offers'][0]['id']}", PROVIDER)
    assert "CanaryLane" in shown.text


async def test_a_match_does_not_tell_where_a_protected_child_is(door: FrontDoor) -> None:
    """Whoever works on another referral about the child learns of the match, not of the place."""
    protected = withheld("place")
    await door.refer(SUBMITTER, protected)
    again = marked("", family=protected["children"][0]["family_name"], born=protected["children"][0]["date_of_birth"])
    case = await door.refer(OTHER, again)
    assert case["matches"]
    assert [place for place in WHEREABOUTS if place in json.dumps(case)] == []


async def test_nothing_withheld_stands_where_webhooks_are_made(door: FrontDoor) -> None:
    """No table of the notifications service, and no event of any service, holds a canary: no webhook can carry one."""
    await door.refer(SUBMITTER, withheld("place"))
    for name, db in door.databases.items():
        async with transaction(db) as session:
            listed = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            for table in listed.all():
                if name != "notifications" and table != "outbox":
                    continue
                rows = (await session.scalars(text(f'SELECT t::text FROM "{table}" t'))).all()
                assert [row for row in rows if CANARY in row or CANARY.encode().hex() in row] == [], f"{name}.{table}"
