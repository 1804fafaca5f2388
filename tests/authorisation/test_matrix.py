"""Every cell of route, role and relation, asked of the running front door with real tokens; and with nothing left."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from services.notifications import api as notifications
from services.referrals import api as referrals
from services.triage import api as triage
from shared.allowances import Allowance, Rate
from shared.http.buckets import Lease
from shared.http.limits import FREE, Limits, Ticket
from shared.security import GUEST_ROLE, Caller
from tests.authorisation.conftest import FrontDoor
from tests.authorisation.parties import NOBODY, OWNERS, PARTIES, SERVICE, Party
from tests.house.routes import Served, served

FORGED = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
REFUSED = (401, 403, 404)


def _routes() -> Iterator[Served]:
    application = FastAPI()
    for service in (referrals, triage, notifications):
        application.include_router(service.router)
    return (route for route in served(application) if route.ours)


ROUTES = sorted(_routes(), key=str)


def expected(route: Served, party: Party) -> int | None:
    """Return the status of the refusal, or None where the party is let in."""
    (policy,) = route.policies
    if policy.public:
        return 404 if route.names else None
    if not party.proven or GUEST_ROLE in party.roles:
        return 401
    if not policy.anybody and policy.scope not in party.scopes and not policy.roles & set(party.roles):
        return 403
    owners = [OWNERS[name] for name in route.names]
    internal = route.path.startswith("/internal/")
    if internal and party.name != SERVICE:
        return 403
    mine = internal or all(owner.everybody or party.agency in owner.agencies for owner in owners)
    return None if mine and not any(owner.sample and owner is not OWNERS["name"] for owner in owners) else 404


CELLS = [
    pytest.param(route, party, id=f"{route}-{party.name}")
    for route in ROUTES
    for party in PARTIES
    if route.method != "DELETE" or expected(route, party) is not None
]
"""Who may delete is left out: the other cells need the record."""


def path_of(door: FrontDoor, route: Served) -> str:
    """Fill in the records of the suite; challenge and feedback are of the case that was decided."""
    decided = "{challenge_id}" in route.path or route.path.endswith("/feedback")
    ids = door.ids.by_name | (door.ids.decided if decided else {})
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1]) or OWNERS[found[1]].sample, route.path)


@pytest.mark.parametrize(("route", "party"), CELLS)
async def test_a_cell_of_the_matrix(door: FrontDoor, route: Served, party: Party) -> None:
    """Refused with 401, 403 or 404 as the table says, else let in; bodies and keys are left out, so nothing changes."""
    reply = await door.http.request(route.method, path_of(door, route), headers=door.headers(party))
    refusal = expected(route, party)
    if refusal is not None:
        assert reply.status_code == refusal
    else:
        assert reply.status_code not in REFUSED
        assert reply.status_code < 500


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_forged_token_is_no_token(door: FrontDoor, route: Served) -> None:
    """A token that nobody signed gets what nobody gets."""
    reply = await door.http.request(route.method, path_of(door, route), headers=FORGED)
    assert (reply.status_code == 401) == (expected(route, NOBODY) == 401)


@pytest.mark.parametrize("party", [party for party in PARTIES if "early-help:respond" in party.scopes], ids=str)
async def test_a_former_provider_sees_nothing_any_more(door: FrontDoor, party: Party) -> None:
    """An offer that was taken back is 404 for whoever had it, as for everybody else."""
    path = f"/v1/early-help-offers/{door.ids.former_offer}"
    assert (await door.http.get(path, headers=door.headers(party))).status_code == 404


NOTHING_LEFT = Ticket(0.0, {Allowance.READS: Lease(Rate(1, 1))})


class Spent(Limits):
    """Nobody has anything left, save services of the front door."""

    async def take(self, caller: Caller, *allowances: Allowance) -> Ticket:
        del allowances
        return FREE if caller.is_service else NOTHING_LEFT


@pytest.fixture
def spent(door: FrontDoor) -> Iterator[FrontDoor]:
    limits: Limits = door.application.state.limits
    door.application.state.limits = Spent(proofs=limits.proofs)
    yield door
    door.application.state.limits = limits


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_route_refuses_whoever_has_nothing_left(spent: FrontDoor, route: Served) -> None:
    """Bodies are good as far as they are parsed. OpenAPI names 429 where it is given, and only there."""
    (policy,) = route.policies
    limited = not policy.public and not route.path.startswith("/internal/")
    seen = set()
    for party in {expected(route, party): party for party in reversed(PARTIES)}.values():
        headers = {**spent.headers(party), "Idempotency-Key": "k"}
        reply = await spent.http.request(route.method, path_of(spent, route), headers=headers, json={})
        refusal = expected(route, party) or (429 if limited and party.name != SERVICE else None)
        assert reply.status_code == refusal or (refusal is None and reply.status_code != 429), party.name
        seen.add(reply.status_code)

    operation = spent.application.openapi()["paths"].get(route.path, {}).get(route.method.lower())
    if operation:
        refused = operation["responses"].get("429")
        assert (refused is not None) == (limited or route.path == "/oauth/token")
        assert refused is None or set(refused["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}
    assert (429 in seen) == (limited and not {"link_id", "route_id", "information_id"} & set(route.names))
