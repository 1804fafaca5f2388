"""Callers who take their time, each in a way of its own, on plain sockets."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

DRIP_SECONDS = 0.1

Way = Callable[["Caller"], Awaitable[None]]


@dataclass
class Caller:
    """One connection; `head` is what stands before a body, with `Host` and who calls."""

    writer: asyncio.StreamWriter
    head: bytes
    pause_seconds: float

    async def send(self, sent: bytes) -> None:
        self.writer.write(sent)
        await self.writer.drain()

    async def drip(self, drop: bytes) -> None:
        """Send this again and again, until the other side has had enough."""
        while True:
            await self.send(drop)
            await asyncio.sleep(self.pause_seconds)


async def say_nothing(caller: Caller) -> None:
    del caller


async def never_end_the_headers(caller: Caller) -> None:
    await caller.send(b"GET /health/live HTTP/1.1\r\nHost: a\r\n")
    await caller.drip(b"X-More: x\r\n")


async def send_empty_lines(caller: Caller) -> None:
    await caller.drip(b"\r\n")


async def drip_the_body(caller: Caller) -> None:
    await caller.send(caller.head + b"Content-Length: 100000\r\n\r\n{")
    await caller.drip(b" ")


async def drip_chunks(caller: Caller) -> None:
    await caller.send(caller.head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
    await caller.drip(b"1\r\n \r\n")


async def send_half_a_body(caller: Caller) -> None:
    await caller.send(caller.head + b"Content-Length: 100\r\n\r\n{")


async def promise_a_body(caller: Caller) -> None:
    await caller.send(caller.head + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")


async def drip_what_nobody_reads(caller: Caller) -> None:
    """Without a token: 401 comes before the body."""
    await caller.send(b"POST /v1/referrals HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{")
    await caller.drip(b" ")


async def send_half_of_the_next(caller: Caller) -> None:
    await caller.send(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /health/live HTTP/1.1\r\nHo")
    await caller.drip(b"o")


WAYS: tuple[Way, ...] = (
    say_nothing,
    never_end_the_headers,
    send_empty_lines,
    drip_the_body,
    drip_chunks,
    send_half_a_body,
    promise_a_body,
    drip_what_nobody_reads,
    send_half_of_the_next,
)


async def closed(port: int, way: Way, head: bytes, pause_seconds: float = DRIP_SECONDS) -> bytes:
    """Call in this way until the other side closes; returns what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.ensure_future(way(Caller(writer, head, pause_seconds)))
    said = b""
    try:
        with contextlib.suppress(ConnectionError):
            while more := await reader.read(65536):
                said += more
        return said
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()
