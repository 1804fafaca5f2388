"""A real local webhook receiver that answers as it is told and keeps what came."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    def verified_by(self, secret: str) -> dict[str, Any]:
        """Return the body as the independent library verifies it."""
        verified: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return verified

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Answers each path with the next of its answers, and with 204 where there is none (left)."""

    base: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    most_at_once: dict[str, int] = field(default_factory=dict)
    _now: dict[str, int] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(path, headers, await request.read()))
        self._now[path] = self._now.get(path, 0) + 1
        self.most_at_once[path] = max(self.most_at_once.get(path, 0), self._now[path])
        async with self.arrived:
            self.arrived.notify_all()
        try:
            answers = self.answers.get(path, [])
            return await answers.pop(0)(request) if answers else web.Response(status=204)
        finally:
            self._now[path] -= 1

    def at(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    async def until(self, count: int, path: str | None = None) -> list[Received]:
        """Wait until `count` requests have come, to one path or to any, and return them."""

        def come() -> list[Received]:
            return self.received if path is None else self.at(path)

        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: len(come()) >= count)
        return come()


def status(code: int, headers: dict[str, str] | None = None) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


def hang_until(released: asyncio.Event) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response(status=204)

    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    """Break the connection off without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer 200 and never stop sending, until the sender has had enough."""
    response = web.StreamResponse(status=200)
    await response.prepare(request)
    while True:
        await response.write(b"x" * 16384)


async def return_challenge(request: web.Request) -> web.StreamResponse:
    return web.json_response({"challenge": (await request.json())["challenge"]})


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.base = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
