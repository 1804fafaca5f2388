"""A query is read as strictly as a body: names that a route has, once each, with text; after 401, 403 and 404."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from shared.http.answers import Limit
from shared.http.routes import StrictRoute
from shared.http.service import new_application
from shared.problems import NotFound
from shared.security import Caller, allow, public
from tests.fakes import as_partner, serving, verifier

READER, STRANGER = as_partner("a-school", "read"), as_partner("a-school", "write")
router = APIRouter(route_class=StrictRoute)
Reader = Annotated[Caller, allow(scope="read")]
found: list[str] = []


class Wanted(BaseModel):
    colour: str = ""
    size: int = 1


async def _known(record: str) -> str:
    if record == "nothing":
        raise NotFound
    return record


@router.get("/v1/records")
async def list_records(_: Reader, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
    return wanted.model_dump()


@router.get("/v1/records/{record}")
async def get_record(_: Reader, record: str, limit: Limit = 50) -> dict[str, Any]:
    if record == "nothing":
        raise NotFound
    return {"limit": limit}


@router.post("/v1/records/{record}")
async def post_record(_: Reader, record: Annotated[str, Depends(_known)]) -> dict[str, Any]:
    found.append(record)
    return {}


@router.get("/open", dependencies=[public("a test")])
async def get_open(search: str = "") -> dict[str, Any]:
    return {"search": search}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(new_application("Test", "1", verifier(), router)) as client:
        yield client


REFUSED = [
    ("/v1/records?agency_reference=X", ["/agency_reference"], "Known: colour, size."),
    ("/v1/records?colour=a&colour=b", ["/colour"], "once"),
    ("/v1/records?colour=a&Colour=b&cursor=", ["", "/cursor"], "Known: colour, size."),
    ("/v1/records?colour=%00", ["/colour"], "UTF-8"),
    ("/v1/records?colour=%ED%A0%80", ["/colour"], "UTF-8"),
    ("/v1/records/1?x=1", ["/x"], "Known: limit."),
    *((f"/v1/records/1?limit={odd}", ["/limit"], "A whole number") for odd in ("1_0", "%2B5", "%205", "5.0", "\u0665")),
]


@pytest.mark.parametrize(("asked", "pointers", "advice"), REFUSED)
async def test_what_a_query_does_not_have_is_refused(
    http: httpx.AsyncClient, asked: str, pointers: list[str], advice: str
) -> None:
    """An unknown name, a name twice and a value that is no text are 422 at their names, with the known names."""
    reply = await http.get(asked, headers=READER)
    errors = reply.json()["errors"]
    assert (reply.status_code, [error["pointer"] for error in errors]) == (422, pointers)
    assert advice in errors[0]["detail"]


async def test_known_names_are_taken(http: httpx.AsyncClient) -> None:
    """Each once, in UTF-8."""
    reply = await http.get("/v1/records?colour=gr%C3%BCn&size=2", headers=READER)
    assert reply.json() == {"colour": "grün", "size": 2}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v1/records?x=1", {}, 401),
        ("GET", "/v1/records?x=1", STRANGER, 403),
        ("GET", "/v1/records/nothing?x=1", READER, 404),
        ("POST", "/v1/records/nothing?x=1", READER, 404),
        ("POST", "/v1/records/one?x=1", READER, 422),
    ],
)
async def test_other_refusals_come_first(
    http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Whoever may not ask is told nothing of names, and nothing is done that was asked under a wrong one."""
    found.clear()
    assert (await http.request(method, path, headers=headers)).status_code == status
    assert found == []


async def test_open_routes_pass_over_other_names(http: httpx.AsyncClient) -> None:
    """Outside the API unknown names are ignored; a value that is no text is refused there too."""
    assert (await http.get("/open?search=a&search=b&x=%00")).json() == {"search": "b"}
    assert (await http.get("/open?search=%00")).status_code == 422
