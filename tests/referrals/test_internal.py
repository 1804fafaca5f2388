"""What triage sends and reads for the people who are signed in to its pages."""

from typing import Any

import httpx
import pytest

from services.referrals.actions.agencies import disable_agency, register_agency
from shared.db import transaction
from shared.events import ReferralSubmitted
from shared.http.client import ON_BEHALF_OF
from tests.fakes import as_partner
from tests.referrals.conftest import SCHOOL, SCREENER, TRIAGE, Front
from tests.referrals.documents import document
from tests.referrals.test_submission import count_of

PATH = "/internal/referrals"
ROSA, TAKER = "rosa%20q referrer a-school", "screener manager,screener front-door"


async def send(front: Front, person: str, key: str = "k", caller: dict[str, str] = TRIAGE) -> httpx.Response:
    headers = {**caller, "Idempotency-Key": key, ON_BEHALF_OF: person}
    return await front.http.post(PATH, json=document(), headers=headers)


async def shown(front: Front, person: str, query: str = "") -> httpx.Response:
    return await front.http.get(f"{PATH}{query}", headers={**TRIAGE, ON_BEHALF_OF: person})


async def test_a_call_is_recorded_for_whom_took_it(front: Front) -> None:
    """Triage sends what its staff take by telephone, once under a key; it is theirs to follow."""
    reply = await send(front, TAKER)
    assert reply.status_code == 202
    assert (await send(front, TAKER)).json() == reply.json()
    followed = await front.http.get(f"/v1/referrals/{reply.json()['id']}", headers=SCREENER)
    assert followed.json()["reference"] == reply.json()["reference"]
    [event] = await front.events()
    assert isinstance(event.fact, ReferralSubmitted)
    assert (event.fact.agency, event.audience) == ("front-door", ("front-door",))
    assert await count_of(front) == 1


async def test_a_person_refers_for_their_agency(front: Front) -> None:
    """It is the agency's: in its list, its feed and its audit, with its source, under the person's account."""
    reply = await send(front, ROSA)
    assert reply.status_code == 202
    [event] = await front.events()
    assert event.audience == ("a-school",)
    listed = (await front.http.get("/v1/referrals", headers=SCHOOL)).json()["items"]
    assert [item["id"] for item in listed] == [reply.json()["id"]]
    whole = (await front.http.get(f"/internal/referrals/{reply.json()['id']}", headers=TRIAGE)).json()
    assert (whole["agency"], whole["source"]) == ("a-school", "2A")
    assert ("rosa q", "referral.submitted") in [row[:2] for row in await front.audit(reply.json()["id"])]


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("manager manager front-door", 403),
        ("screener screener a-school", 403),
        ("rosa referrer nowhere", 403),
        ("rosa referrer front-door", 403),
        ("rosa referrer service-triage", 403),
        ("rosa screener,nobody a-school", 400),
        ("rosa referrer", 400),
        ("", 400),
    ],
)
async def test_nobody_else_is_spoken_for(front: Front, person: str, status: int) -> None:
    """Staff who take no calls, people of no agency that may refer, and nobody."""
    assert (await send(front, person)).status_code == status
    assert (await shown(front, person)).status_code == status
    assert await count_of(front) == 0


async def test_triage_alone_speaks_for_people(front: Front) -> None:
    """Another service, a partner and staff with a token of their own are refused, whomever they name."""
    for caller in (as_partner("service-notifications", "internal:read"), SCHOOL, SCREENER):
        assert (await send(front, ROSA, caller=caller)).status_code == 403
        headers = {**caller, ON_BEHALF_OF: ROSA}
        assert (await front.http.get(PATH, headers=headers)).status_code == 403
    assert await count_of(front) == 0


async def test_people_read_what_people_of_their_agency_sent(front: Front) -> None:
    """Neither what the agency's programs sent nor what another agency did; each is audited under the account."""
    async with transaction(front.db) as session:
        await register_agency(session, "b-school", "B", source="2A", scopes=["referrals:write"])
    await front.submit(document())
    mine: dict[str, Any] = (await send(front, ROSA)).json()
    colleague: dict[str, Any] = (await send(front, "ann referrer a-school")).json()
    theirs: dict[str, Any] = (await send(front, "bob referrer b-school")).json()
    page = (await shown(front, ROSA, "?limit=1")).json()
    assert [item["id"] for item in page["items"]] == [colleague["id"]]
    rest = (await shown(front, ROSA, f"?limit=1&cursor={page['next_cursor']}")).json()
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([mine["id"]], None)
    assert ("rosa q", "referral.listed") in [row[:2] for row in await front.audit(mine["id"])]
    assert "rosa q" not in [row[0] for row in await front.audit(theirs["id"])]


async def test_an_agency_that_may_not_refer_any_more(front: Front) -> None:
    """Disabled, or without the scope, it is none of those that refer, and nothing is taken from its people."""
    referring = "/internal/agencies/referring"
    assert "a-school" in (await front.http.get(referring, headers=TRIAGE)).json()["agencies"]
    async with transaction(front.db) as session:
        await register_agency(session, "b-school", "B", source="2A", scopes=["referrals:read"])
        await disable_agency(session, "a-school")
    assert (await front.http.get(referring, headers=TRIAGE)).json() == {"agencies": {}}
    for person in (ROSA, "bob referrer b-school"):
        assert (await send(front, person)).status_code == 403
