"""Tells open pages that the queue has changed, whichever process changed it; never what changed.

A process that changed a case says so by NOTIFY after the commit, on a connection of its own, so that no commit waits
for another's. Every process that serves triage listens, and passes it on to the browsers that watch.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse
from sqlalchemy import text

from services.triage.pages.page import Page, PageRoute, page_for
from shared.db import Database, is_away
from shared.security import CASE_ROLES, Role
from shared.telemetry import log

CHANNEL = "frontdoor_desk"
GATHER_SECONDS = 0.1
AGAIN_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 300.0
MOST_STREAMS = 4
"""Of one session in one process: a browser holds six connections to a place over HTTP/1.1, and pages need some."""
MOST_STREAMS_OF_ONE = 12
"""Of one person in one process, however often they sign in."""

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Changes:
    """Counts the changes that this process heard of, and wakes whoever waits for the next."""

    def __init__(self) -> None:
        self._process, self._count = secrets.token_hex(4), 0
        self._next = asyncio.Event()
        self._watching: dict[str, dict[object, str]] = {}

    @property
    def version(self) -> str:
        """Differs after every change, and between processes, which count for themselves."""
        return f"{self._process}.{self._count}"

    def add(self) -> None:
        self._count += 1
        self._next.set()
        self._next = asyncio.Event()

    @contextmanager
    def watched(self, person: str, secret: str) -> Iterator[Callable[[], bool]]:
        """Count a stream of this person's session, which tells whether it may go on: the oldest of too many may not."""
        stream, streams = object(), self._watching.setdefault(person, {})
        streams[stream] = secret
        of_session = [one for one, of in streams.items() if of == secret]
        for oldest in (*of_session[:-MOST_STREAMS], *list(streams)[:-MOST_STREAMS_OF_ONE]):
            streams.pop(oldest, None)
        try:
            yield lambda: stream in streams
        finally:
            streams.pop(stream, None)
            if not streams:
                self._watching.pop(person, None)

    async def wait(self, seconds: float) -> None:
        """Wait for the next change, or so long."""
        try:
            await asyncio.wait_for(self._next.wait(), seconds)
        except TimeoutError:
            return


async def announce(db: Database) -> None:
    """Say by NOTIFY that cases were changed here; changes of a tenth of a second are said together."""
    changed = asyncio.Event()
    db.watchers.add(changed)
    try:
        while True:
            await changed.wait()
            await asyncio.sleep(GATHER_SECONDS)
            changed.clear()
            async with _passing():
                async with db.engine.begin() as connection:
                    await connection.execute(text(f"NOTIFY {CHANNEL}"))
                continue
            changed.set()
    finally:
        db.watchers.discard(changed)


async def listen(db: Database, changes: Changes) -> None:
    """Count every NOTIFY; after a broken connection as if there had been one."""
    while True:
        broken = asyncio.Event()
        async with _passing(), db.engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None  # noqa: S101 - it is connected
            raw.add_termination_listener(lambda *_, broken=broken: broken.set())
            await raw.add_listener(CHANNEL, lambda *_: changes.add())
            changes.add()
            try:
                await broken.wait()
            finally:
                await connection.invalidate()


@asynccontextmanager
async def _passing() -> AsyncIterator[None]:
    """Let the block fail while the database is away, and give it a moment."""
    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("waiting for what is away", service="triage", error=type(error).__name__)
        await asyncio.sleep(AGAIN_SECONDS)


@router.get("/desk/changes")
async def get_changes(page: Annotated[Page, page_for(CASE_ROLES, active=False)], request: Request) -> Response:
    """Stream the version of the queue, at once and after each change; watching keeps no session alive."""
    return EventSourceResponse(versions(request, page.caller.subject, page.secret), headers={"X-Accel-Buffering": "no"})


async def versions(request: Request, person: str, secret: str) -> AsyncIterator[str]:
    """Yield for five minutes; the browser then asks again, and its session is looked at anew.

    A process that is asked to stop does not wait for its streams: they end within a second. One that gives way to a
    newer one of its session says so, so that the browser does not ask again.
    """
    changes: Changes = request.state.triage_changes
    begun_at, told, told_at = time.monotonic(), "", 0.0
    yield "retry: 2000\n\n"
    with changes.watched(person, secret) as may_go_on:
        while time.monotonic() - begun_at < STREAM_SECONDS and not getattr(request.app.state, "stopping", False):
            if not may_go_on():
                yield "event: over\ndata: elsewhere\n\n"
                return
            if changes.version != told or time.monotonic() - told_at > HEARTBEAT_SECONDS:
                told, told_at = changes.version, time.monotonic()
                yield f"event: version\ndata: {told}\n\n"
            await changes.wait(AGAIN_SECONDS)


@router.get("/desk/stay")
async def get_stay(_page: Annotated[Page, page_for(tuple(Role))]) -> Response:
    """Keep the session alive: somebody is there and says so."""
    return Response(status_code=204)
