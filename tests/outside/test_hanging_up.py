"""Callers who hang up, before, in and after a body, in a long poll and in a stream, of the API and of pages."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvicorn
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from structlog.testing import capture_logs

from services.front_door.connections import Connection
from services.front_door.server import taken_socket
from services.triage import pages
from services.triage.pages.page import PageRoute
from tests.authorisation.conftest import FrontDoor
from tests.authorisation.parties import PARTIES, SUBMITTER
from tests.authorisation.test_matrix import ROUTES
from tests.fakes import eventually
from tests.faults.front_door import free_port
from tests.outside.asking import caller_of, path_at

WAYS = {"before a body": b"", "in a body": b'{"a"', "after a body": b"{" + b" " * 98 + b"}"}
OPEN = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
)


@pytest.fixture
async def listening(door: FrontDoor) -> AsyncIterator[uvicorn.Server]:
    """Give a server of the front door that runs already, on a port of its own."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await door.application({name: part for name, part in scope.items() if name != "state"}, receive, send)

    config = uvicorn.Config(application, http=Connection, lifespan="off", log_config=None, access_log=False)
    server, bound = uvicorn.Server(config), taken_socket(free_port())
    running = asyncio.create_task(server.serve(sockets=[bound]))
    await eventually(lambda: _is(server.started))
    yield server
    server.should_exit = True
    await running


async def _is(found: object) -> bool:
    return bool(found)


def port_of(listening: uvicorn.Server) -> int:
    port: int = listening.servers[0].sockets[0].getsockname()[1]
    return port


async def hang_up(listening: uvicorn.Server, head: str, body: bytes = b"", until: bytes = b"") -> None:
    """Send this, read as far as `until`, and go."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listening))
    writer.write(head.encode("latin-1") + b"\r\n\r\n" + body)
    await writer.drain()
    if until:
        await reader.readuntil(until)
    writer.transport.abort()


def head_of(method: str, path: str, **headers: str) -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines)


async def at_rest(listening: uvicorn.Server, door: FrontDoor) -> bool:
    """Tell whether every request is over, and no transaction of any service is left open."""
    if listening.server_state.tasks or listening.server_state.connections:
        return False
    for db in door.databases.values():
        async with db.engine.connect() as connection:
            if await connection.scalar(OPEN):
                return False
    return True


async def signed_in(door: FrontDoor, persona: str) -> dict[str, str]:
    reply = await door.http.post(
        "/desk/sign-in/persona", data={"persona": persona}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    door.http.cookies.clear()
    return {"Cookie": reply.headers["Set-Cookie"].partition(";")[0], "Sec-Fetch-Site": "same-origin"}


def _forms() -> Iterator[str]:
    for route in iter_route_contexts(pages.router.routes):
        if isinstance(route.original_route, PageRoute) and "POST" in (route.methods or ()):
            yield route.path or ""


FORMS = sorted(_forms())


@pytest.mark.parametrize("way", WAYS)
async def test_whoever_hangs_up_is_no_error_of_ours(
    door: FrontDoor, listening: uvicorn.Server, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """On every route of the API that takes a body, and every form: nothing is logged as ours, nothing stays open."""
    body = WAYS[way]
    length = {"Content-Length": "100", "Idempotency-Key": f"hanging up {way}"}
    desk = {**await signed_in(door, "manager"), "Content-Type": "application/x-www-form-urlencoded"}
    heads = [
        head_of(route.method, path_at(door, route.path), **door.headers(caller_of(route)), **length)
        for route in ROUTES
        if route.method in ("POST", "PATCH")
    ]
    heads += [head_of("POST", path_at(door, path), **desk, **length) for path in FORMS]
    referrals = await kept_referrals(door)

    with capture_logs() as logs:
        for head in heads:
            await hang_up(listening, head, body)
        await eventually(lambda: at_rest(listening, door))

    assert [entry for entry in logs if "route" in entry and entry["log_level"] not in ("debug", "info")] == []
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
    assert way == "after a body" or 499 in {entry["status"] for entry in logs if entry["event"] == "request"}
    assert await kept_referrals(door) == referrals


async def kept_referrals(door: FrontDoor) -> int:
    async with door.databases["referrals"].engine.connect() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM referrals")) or 0)


WAITING = ["/v1/referrals/{referral_id}?status=withdrawn&wait=30", "/v1/events?after=now&wait=30"]


async def test_a_long_poll_may_be_left(
    door: FrontDoor, listening: uvicorn.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends then, and no longer counts among those of its client; nothing is logged as ours."""
    party = next(party for party in PARTIES if party.name == SUBMITTER)

    with capture_logs() as logs:
        for path in WAITING:
            await hang_up(listening, head_of("GET", path_at(door, path), **door.headers(party)))
        await eventually(lambda: at_rest(listening, door))

    assert [entry["status"] for entry in logs if entry["event"] == "request"] == [499, 499]
    assert [entry for entry in logs if "route" in entry and entry["log_level"] not in ("debug", "info")] == []
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_stream_may_be_left(
    door: FrontDoor, listening: uvicorn.Server, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """The stream of the queue ends with its browser, and one whose head alone was asked for at once."""
    desk = await signed_in(door, "screener")

    with capture_logs() as logs:
        until = b"event: version" if method == "GET" else b"\r\n\r\n"
        await hang_up(listening, head_of(method, "/desk/changes", **desk), until=until)
        await eventually(lambda: at_rest(listening, door))

    assert [(entry["route"], entry["status"]) for entry in logs if entry["event"] == "request"] == [
        ("/desk/changes", 200)
    ]
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
