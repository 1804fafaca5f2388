"""Senders that take their time: a body that goes on when the test says so."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

MORE_THAN_THE_POOL = 16
"""A service's pool for requests has 12 connections."""


@dataclass
class SlowSenders:
    """Requests under way at once; each has sent the first byte of its body, and sends the others when `released`."""

    begun: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def body(self) -> AsyncIterator[bytes]:
        self.begun += 1
        if self.begun == MORE_THAN_THE_POOL:
            self.waiting.set()
        yield b"{"
        await self.released.wait()
        yield b"}"


@asynccontextmanager
async def slow_senders(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> AsyncIterator[Sequence[httpx.Response]]:
    """Let more senders than there are connections begin; their replies are in the list once the block has ended."""
    senders, replies = SlowSenders(), list[httpx.Response]()

    async def send(number: int) -> None:
        sent = {**headers, "Idempotency-Key": f"slow-{number}"}
        replies.append(await http.post(path, content=senders.body(), headers=sent))

    async with asyncio.TaskGroup() as group:
        for number in range(MORE_THAN_THE_POOL):
            group.create_task(send(number))
        async with asyncio.timeout(60):
            await senders.waiting.wait()
        try:
            yield replies
        finally:
            senders.released.set()
