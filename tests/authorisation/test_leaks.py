"""Ten thousand random reads by everybody of everything: nobody reads another agency's child."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Mapping

import httpx

from shared.security import CASE_ROLES
from tests.authorisation.conftest import FrontDoor
from tests.authorisation.parties import ASKED, NOBODY, OTHER, PARTIES, PROVIDER, SERVICE, SUBMITTER, Party
from tests.authorisation.test_matrix import ROUTES
from tests.house.routes import Served

READS = 10_000
AT_ONCE = 8
SEED = 20261122

SCHOOLS, POLICES = "ofschool", "ofpolice"
OTHER_CHILDREN = ("Abbotofschool", "Hyssopofschool")
UNSAID = (POLICES, "Narrativeofschool", "Referrerofschool", *OTHER_CHILDREN)
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    SUBMITTER: (POLICES,),
    OTHER: (SCHOOLS,),
    ASKED: UNSAID,
    PROVIDER: UNSAID,
    SERVICE: (),
    **dict.fromkeys(CASE_ROLES, ()),
}
"""What a party may not read; whoever is not named may read neither agency's."""

READERS = [party for party in PARTIES if FORBIDDEN.get(party.name, UNSAID)]
"""Everybody from whom something is kept."""

GETS = [route for route in ROUTES if route.method == "GET" and not any(policy.public for policy in route.policies)]


async def known_ids(door: FrontDoor) -> list[str]:
    """Return every id there is: of records, and whatever staff and agencies are shown beside them."""
    seen = {*door.ids.by_name.values(), *door.ids.decided.values(), door.ids.former_offer}
    listed = await door.ask("GET", "/v1/cases?limit=200", "screener")
    for item in listed.json()["items"]:
        shown = await door.ask("GET", f"/v1/cases/{item['id']}", "screener")
        seen |= set(re.findall(r'"([0-9a-f]{8}-[0-9a-f-]{27})"', shown.text))
    return sorted(seen)


def leaks(party: Party, reply: httpx.Response) -> list[str]:
    return [canary for canary in FORBIDDEN.get(party.name, (SCHOOLS, POLICES)) if canary in reply.text]


async def test_no_random_read_leaks(door: FrontDoor) -> None:
    """Whoever may not know all, on any route, with any ids, gets back no canary of somebody else's child."""
    chance, ids = random.Random(SEED), await known_ids(door)
    tokens = {party.name: door.headers(party) for party in PARTIES}
    statuses: Counter[int] = Counter()
    found: list[str] = []
    shown = 0

    async def read(route: Served, party: Party) -> None:
        nonlocal shown
        path = re.sub(r"\{\w+\}", lambda _: chance.choice(ids), route.path)
        reply = await door.http.get(path, headers=tokens[party.name])
        statuses[reply.status_code] += 1
        shown += SCHOOLS in reply.text or POLICES in reply.text
        found.extend(f"{party.name}: {route}: {canary}" for canary in leaks(party, reply))

    async def reader(count: int) -> None:
        for _ in range(count):
            await read(chance.choice(GETS), chance.choice(READERS))

    await asyncio.gather(*(reader(READS // AT_ONCE) for _ in range(AT_ONCE)))
    assert found == []
    assert shown > 0, "no read showed anything, so none could have leaked"
    assert {200, 401, 403, 404} <= statuses.keys() <= {200, 400, 401, 403, 404, 422}
    assert statuses.total() >= READS


async def test_the_search_for_leaks_finds_them(door: FrontDoor) -> None:
    """The school's own case, as the screener reads it, would be a leak to everybody but those who work on cases."""
    reply = await door.ask("GET", f"/v1/cases/{door.ids.by_name['case_id']}", "screener")
    blind = [party.name for party in PARTIES if not leaks(party, reply)]
    assert blind == [*CASE_ROLES, SUBMITTER, SERVICE]
    assert leaks(NOBODY, reply)
