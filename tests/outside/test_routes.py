"""No request makes the front door fail, whatever stands in the path, query and headers of a route of the API."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications import api as notifications
from services.referrals import api as referrals
from services.triage import api as triage
from shared.http.routes import StrictRoute
from tests.authorisation.conftest import FrontDoor
from tests.authorisation.test_matrix import ROUTES
from tests.house.routes import Served
from tests.outside.asking import caller_of, path_at
from tests.outside.odd import cursors, fuzzed, header_values, query_values, raw

HEADERS = ("If-Match", "Idempotency-Key", "X-Purpose", "X-Correlation-Id", "traceparent", "Cookie", "Content-Type",
           "Content-Length", "X-On-Behalf-Of", "Accept", "Accept-Language", "Prefer", "Host",
           "X-Forwarded-For")  # fmt: skip
CURSORS = ("cursor", "after")


def _with_query() -> Iterator[tuple[Served, str]]:
    """Yield every name that a query may have, with its route."""
    application = FastAPI()
    for service in (referrals, triage, notifications):
        application.include_router(service.router)
    named = {
        (method, route.path): sorted(route.original_route.names)
        for route in iter_route_contexts(application.routes)
        if isinstance(route.original_route, StrictRoute)
        for method in route.methods or ()
    }
    for route in ROUTES:
        yield from ((route, name) for name in named[route.method, route.path])


@pytest.mark.parametrize(
    ("route", "name"), [pytest.param(*named, id=" ".join(map(str, named))) for named in _with_query()]
)
@settings(fuzzed, max_examples=25)
@given(data=st.data())
async def test_no_query_fails(door: FrontDoor, route: Served, name: str, data: st.DataObject) -> None:
    """An odd value of a name that the route knows, or a cursor of somebody's own making, leads to no 5xx."""
    value = data.draw(cursors if name in CURSORS else query_values)
    reply = await door.http.request(
        route.method, f"{path_at(door, route.path)}?{name}={value}", headers=door.headers(caller_of(route))
    )
    assert reply.status_code < 500, reply.text


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method != "DELETE"], ids=str)
@settings(fuzzed, max_examples=10)
@given(
    headers=st.dictionaries(st.sampled_from(HEADERS), header_values, max_size=3),
    odd_id=st.none() | raw,
    body=st.sampled_from([b"", b"{}", b"[]", b"\xff", b"a=%00"]),
)
async def test_no_header_fails(
    door: FrontDoor, route: Served, headers: dict[str, str], odd_id: str | None, body: bytes
) -> None:
    """Odd headers, and an odd id in the path, lead to no 5xx."""
    odd = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    sent = {name.encode(): value.encode() for name, value in door.headers(caller_of(route)).items()} | odd
    reply = await door.http.request(route.method, path_at(door, route.path, odd_id), headers=sent, content=body)
    assert reply.status_code < 500, reply.text
