"""With nothing left every route refuses whoever is limited, after 401, 403 and 404, and nobody else."""

from collections.abc import Iterator

import pytest

from shared.allowances import Allowance, Rate
from shared.http.buckets import Lease
from shared.http.limits import FREE, Limits, Ticket
from shared.security import Caller, Role
from tests.authorisation.conftest import FrontDoor
from tests.authorisation.parties import ASKED, NOBODY, OTHER, PARTIES, PROVIDER, SERVICE, SUBMITTER
from tests.authorisation.test_matrix import ROUTES, expected, path_of
from tests.house.routes import Served

NAMES = (NOBODY.name, SUBMITTER, OTHER, ASKED, PROVIDER, SERVICE, Role.SCREENER, Role.MANAGER)
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
    for party in (party for party in PARTIES if party.name in NAMES):
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
