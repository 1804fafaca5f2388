"""How long callers may take: what is too slow is closed, in whatever way it is slow, and others are served."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError

from services.front_door.connections import UPLOADS
from services.front_door.server import server_of, taken_socket
from services.front_door.settings import Patience
from shared.http.rendering import Correlation, install_problems
from shared.http.strict import Body
from tests.fakes import eventually
from tests.faults.front_door import free_port
from tests.front_door.callers import (
    DRIP_SECONDS,
    WAYS,
    Caller,
    Way,
    closed,
    drip_chunks,
    drip_the_body,
    promise_a_body,
    say_nothing,
    send_half_a_body,
)

SHORT = Patience(caller_seconds=0.5)
UNHURRIED = Patience(caller_seconds=2, upload_bytes_per_second=1000)
"""Leaves a busy machine its pauses, and is over before what takes 32 pauses of a tenth of a second is."""
MEBIBYTE = 1024 * 1024
MORE_THAN_SOCKETS_HOLD = 32 * MEBIBYTE
GENEROUS_SECONDS = 60
HEAD = b"POST /bodies HTTP/1.1\r\nHost: a\r\n"
UPLOAD = b"POST /v1/referral-batches HTTP/1.1\r\nHost: a\r\n"


def application() -> FastAPI:
    """Return routes that read a body, that read none and take long, and that say much."""
    app = FastAPI()
    install_problems(app)
    app.add_middleware(Correlation)

    @app.get("/health/live")
    async def get_live() -> None: ...

    @app.get("/address")
    async def get_address(request: Request) -> str:
        return f"{request.url.scheme} {request.client.host if request.client else None}"

    @app.post("/v1/referrals")
    async def refuse() -> Response:
        return Response(status_code=401)

    @app.post("/bodies")
    @app.post(UPLOADS[0])
    async def post_body(body: Body) -> int:
        return len(body)

    @app.get("/much")
    async def get_much() -> Response:
        return Response(b"x" * MORE_THAN_SOCKETS_HOLD)

    @app.post("/patience")
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "here"

    return app


@asynccontextmanager
async def serving(patience: Patience = SHORT) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """Serve on a port; gives both."""
    port, ready = free_port(), asyncio.Event()
    server = server_of(application(), ready.set, patience)
    running = asyncio.create_task(server.serve(sockets=[taken_socket(port)]))
    async with asyncio.timeout(GENEROUS_SECONDS):
        await ready.wait()
        try:
            yield port, server
        finally:
            server.should_exit = True
            await running


async def ask(port: int, request: bytes) -> bytes:
    """Send a request that ends the connection, and return the answer."""

    async def send(caller: Caller) -> None:
        await caller.send(request)

    return await closed(port, send, b"")


async def ask_for_life(port: int) -> bytes:
    return await ask(port, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")


FORWARDED = (
    b"GET /address HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-For: 198.51.100.7, 192.0.2.1, 10.0.0.9\r\n\r\n"
)


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        ("", b"http 127.0.0.1"),
        ("10.0.0.0/8", b"http 127.0.0.1"),
        ("127.0.0.1", b"https 10.0.0.9"),
        ("127.0.0.1, 10.0.0.0/8", b"https 192.0.2.1"),
    ],
)
async def test_only_trusted_proxies_say_where_a_request_comes_from(trusted: str, seen: bytes) -> None:
    """By default nobody, this machine included; of a chain the last that no trusted one vouches for."""
    async with serving(Patience(trusted_proxies=trusted)) as (port, _):
        assert seen in await ask(port, FORWARDED)


@pytest.mark.parametrize("written", ["*", "proxy", "10.0.0.0/33", "10.0.0.1/8"])
def test_a_proxy_is_an_address_or_a_network(written: str) -> None:
    """What is neither is refused at start, and so is everybody."""
    with pytest.raises(ValidationError):
        Patience(trusted_proxies=written)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_whoever_is_slow_is_closed(way: Way) -> None:
    """However somebody takes their time, the connection is closed, and others are served meanwhile."""
    async with serving() as (port, _):
        slow = asyncio.create_task(closed(port, way, HEAD))

        assert (await ask_for_life(port)).startswith(b"HTTP/1.1 200")

        await slow


@pytest.mark.parametrize("way", [drip_the_body, drip_chunks, send_half_a_body, promise_a_body])
async def test_a_body_that_comes_too_late_is_answered(way: Way) -> None:
    """A route that reads it answers 408 as a problem, and the connection is closed."""
    async with serving() as (port, _):
        said = await closed(port, way, HEAD)

    answer = said.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer
    assert b'"type":"/problems#too-slow"' in answer
    assert answer.count(b"HTTP/1.1") == 1


async def test_whole_requests_may_take_their_time() -> None:
    """Only callers have a time: an answer that takes longer than that is given; one to half a request is not."""
    request = b"POST /patience?seconds=1.5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    async with serving() as (port, _):
        whole = await ask(port, request + b"{}")
        half = await ask(port, request.replace(b"=1.5", b"=3600") + b"{")

    assert whole.endswith(b'"here"')
    assert half == b""


async def test_an_answer_has_to_be_read() -> None:
    """Whoever asks for much and reads nothing of it is closed."""
    async with serving() as (port, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")

        await eventually(lambda: nobody_left(server), GENEROUS_SECONDS)

        writer.transport.abort()


async def nobody_left(server: uvicorn.Server) -> bool:
    return not server.server_state.connections


async def test_an_answer_may_be_read_slowly() -> None:
    """Whoever reads on gets it whole, though it takes longer than nothing may be read."""
    async with serving(UNHURRIED) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /much HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(MORE_THAN_SOCKETS_HOLD // MEBIBYTE):
            await reader.readexactly(MEBIBYTE)
            await asyncio.sleep(DRIP_SECONDS)
        writer.close()

        assert await reader.read() == b""


async def test_an_upload_is_held_to_a_rate() -> None:
    """At a good rate it may take longer than other bodies; below that it is answered 408, and so are others at any."""
    kibibytes = [b"x" * 1024] * 32
    length = b"Connection: close\r\nContent-Length: 32768\r\n\r\n"

    async def upload(caller: Caller) -> None:
        await caller.send(caller.head + length)
        for one in kibibytes:
            await caller.send(one)
            await asyncio.sleep(DRIP_SECONDS)

    async with serving(UNHURRIED) as (port, _):
        good, other, slow = await asyncio.gather(
            closed(port, upload, UPLOAD), closed(port, upload, HEAD), closed(port, drip_the_body, UPLOAD)
        )

    assert good.endswith(b"32768")
    assert other.startswith(b"HTTP/1.1 408")
    assert slow.startswith(b"HTTP/1.1 408")


async def test_room_is_made_for_whoever_comes() -> None:
    """Over the most connections, those that have been awaited longest give way, and a request is answered."""
    async with serving(Patience(caller_seconds=3600, connections=16)) as (port, _):
        many = [asyncio.create_task(closed(port, say_nothing, b"")) for _ in range(40)]

        for one in islice(asyncio.as_completed(many), 24):
            await one
        assert (await ask_for_life(port)).startswith(b"HTTP/1.1 200")

        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)


async def test_a_stall_of_ours_is_no_caller_s() -> None:
    """A time in which the process served nobody is not counted: half a request may then be finished."""
    async with serving(Patience(caller_seconds=1.5)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{")
        await asyncio.sleep(DRIP_SECONDS)
        time.sleep(2.5)  # noqa: ASYNC251 - this is the stall
        writer.write(b"}")

        said = await reader.read()

        writer.close()
    assert said.startswith(b"HTTP/1.1 200")
    assert said.endswith(b"2")


async def test_headers_have_a_size() -> None:
    """Headers that go on and on at full speed are not kept."""

    async def pour(caller: Caller) -> None:
        await caller.send(b"GET /health/live HTTP/1.1\r\n")
        while True:
            await caller.send(b"X-More: " + b"x" * 8000 + b"\r\n")

    async with serving(Patience(caller_seconds=3600)) as (port, _):
        assert await closed(port, pour, b"") == b""
