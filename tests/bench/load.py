"""The load generator of the intake row: requests over kept-open sockets, as cheap as Python makes them."""

import asyncio
from collections.abc import Callable
from time import perf_counter

CONNECTIONS = 16


async def requests_per_second(port: int, seconds: float, request: Callable[[], bytes]) -> float:
    """Send what `request` makes over 16 connections, each awaiting its reply; every reply has to be a 202."""
    stopping_at = perf_counter() + seconds
    counts = await asyncio.gather(*(_keep_asking(port, stopping_at, request) for _ in range(CONNECTIONS)))
    return sum(counts) / seconds


async def _keep_asking(port: int, stopping_at: float, request: Callable[[], bytes]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while perf_counter() < stopping_at:
        writer.write(request())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(head.decode() + (await reader.read(2000)).decode())
        await reader.readexactly(_length(head))
        count += 1
    writer.close()
    await writer.wait_closed()
    return count


def _length(head: bytes) -> int:
    return int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


def post(path: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of one HTTP request."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
