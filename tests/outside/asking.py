"""Who may ask a route of the running front door, and by which path."""

import re

from tests.authorisation.conftest import FrontDoor
from tests.authorisation.parties import OWNERS, PARTIES, Party
from tests.authorisation.test_matrix import expected
from tests.house.routes import Served


def caller_of(route: Served) -> Party:
    """Return somebody whom the route lets in, as far as there is one."""
    return next((party for party in PARTIES if expected(route, party) in (None, 404)), PARTIES[0])


def path_at(door: FrontDoor, path: str, odd: str | None = None) -> str:
    """Return the path with a record in the place of every name, or with something odd."""
    ids = door.ids.by_name
    return re.sub(r"\{(\w+)\}", lambda found: odd or ids.get(found[1]) or OWNERS[found[1]].sample, path)
