"""A partner's webhook receiver that outlives the front door: it answers, and keeps what it was sent in order."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Received:
    """One POST: which agency's endpoint got it, its stable id, and the pointer that it carried."""

    agency: str
    webhook_id: str
    type: str
    referral_id: str
    sequence: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, in order of arrival; `url_of` is where an agency's endpoint lies.

    With `refuse_one_in`, the first attempt at every so many new webhooks is answered 503.
    """

    port: int
    received: list[Received] = field(default_factory=list)
    refuse_one_in: int = 0
    known: set[tuple[str, str]] = field(default_factory=set)

    def forget(self) -> None:
        self.received.clear()
        self.known.clear()

    def refuses(self, agency: str, webhook_id: str) -> bool:
        if not self.refuse_one_in or (agency, webhook_id) in self.known:
            return False
        self.known.add((agency, webhook_id))
        return len(self.known) % self.refuse_one_in == 0

    def url_of(self, agency: str) -> str:
        return f"http://127.0.0.1:{self.port}/{agency}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver in a thread and event loop of its own."""
    loop = asyncio.new_event_loop()
    receiver = Receiver(port=0)

    async def take(request: web.Request) -> web.Response:
        raw = await request.read()
        if receiver.refuses(request.match_info["agency"], request.headers["webhook-id"]):
            return web.Response(status=503)
        body = json.loads(raw)
        pointer = body["data"]
        receiver.received.append(
            Received(
                request.match_info["agency"],
                request.headers["webhook-id"],
                body["type"],
                pointer["referral_id"],
                pointer["sequence"],
                {name.lower(): value for name, value in request.headers.items()},
                raw,
            )
        )
        return web.Response(status=204)

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{agency}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.port = runner.addresses[0][1]
        return runner

    runner = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(runner.cleanup())
        loop.close()
