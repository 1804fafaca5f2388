"""How long callers may take, held in the protocol: what sends or reads too slowly is closed, whoever it is.

The server looks at every connection ten times a second, which costs less than a timer for each phase of each request.
Runs in every process that serves HTTP.
"""

import asyncio
import resource
from collections.abc import Callable, Collection
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.front_door.settings import Patience
from shared.http.strict import OVERDUE
from shared.telemetry.metrics import connections_closed

MOST_FILES: Final = 65_536
HEAD_BYTES: Final = 64 * 1024
ANSWER_SECONDS: Final = 2.0
STALL_SECONDS: Final = 1.0
UPLOADS: Final = ("/v1/referral-batches",)
"""Where bodies may be large, there and below: they are held to a rate, and not to a time in all."""


class Phase(StrEnum):
    """What is awaited of the caller; once its request is whole nothing is, and in `ANSWER` a body came too late."""

    HEAD = "head"
    BODY = "body"
    UPLOAD = "upload"
    ANSWER = "answer"
    NOTHING = "nothing"


class Connection(HttpToolsProtocol):
    """A connection that knows since when its caller is awaited: `received` counts bytes since then."""

    phase = Phase.HEAD
    since = 0.0
    received = 0
    begun = False
    unsent = 0
    unsent_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._enter(Phase.HEAD)
        self.unsent_since = self.since

    def data_received(self, data: bytes) -> None:
        idle, self.begun = self.phase is Phase.NOTHING, False
        self.received += len(data)
        super().data_received(data)
        if idle and not self.begun:
            self._enter(Phase.HEAD)
        if self.phase is Phase.HEAD and self.received > HEAD_BYTES:
            self._end("head")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.begun = True
        if self.phase is not Phase.HEAD:
            self._enter(Phase.HEAD)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._enter(Phase.UPLOAD if self.scope["path"].startswith(UPLOADS) else Phase.BODY)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._enter(Phase.NOTHING)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unsent_since = self.loop.time()

    @property
    def is_answering(self) -> bool:
        """Whether a whole request waits for its answer, or is given it."""
        return self.phase is Phase.NOTHING and self._is_in_hand()

    def look(self, now: float, patience: Patience) -> None:
        """Close the connection where its caller has taken longer than it may."""
        if self._reads_too_slowly(now, patience):
            self._end("unread", self.transport.abort)
        elif self.phase is Phase.NOTHING or self.transport.is_closing():
            return
        elif self.flow.read_paused:
            self.since, self.received = now, 0
        elif now - self.since >= (ANSWER_SECONDS if self.phase is Phase.ANSWER else patience.caller_seconds):
            self._be_late(now, patience)

    def spare(self, seconds: float) -> None:
        """Leave a time out of account in which nobody was served."""
        self.since += seconds
        self.unsent_since += seconds

    def shed(self) -> None:
        """Make room for others."""
        self._end("crowded", self.transport.abort)

    def _enter(self, phase: Phase) -> None:
        self.phase, self.since, self.received = phase, self.loop.time(), 0

    def _is_in_hand(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _be_late(self, now: float, patience: Patience) -> None:
        uploads = self.phase is Phase.UPLOAD and self._is_in_hand()
        if self.phase is Phase.HEAD and self._is_in_hand():
            return
        if uploads and self.received >= patience.upload_bytes_per_second * patience.caller_seconds:
            self.since, self.received = now, 0
        elif self.phase in (Phase.BODY, Phase.UPLOAD) and not self.cycle.response_started:
            self._let_answer()
        else:
            self._end(self.phase)

    def _let_answer(self) -> None:
        """End the body as it stands, and mark the request, so that what reads it answers 408; then it is closed."""
        connections_closed.labels(self.phase).inc()
        scope: Any = self.scope
        scope[OVERDUE] = True
        self.cycle.keep_alive = self.cycle.more_body = False
        self.cycle.message_event.set()
        self._enter(Phase.ANSWER)

    def _reads_too_slowly(self, now: float, patience: Patience) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or self.unsent - unsent >= patience.upload_bytes_per_second:
            self.unsent, self.unsent_since = unsent, now
        self.unsent = max(self.unsent, unsent)
        return now - self.unsent_since >= patience.caller_seconds

    def _end(self, why: str, end: Callable[[], None] | None = None) -> None:
        if self.phase is not Phase.ANSWER:
            connections_closed.labels(why).inc()
        (end or self.transport.close)()


class Watch:
    """Looks at the connections of one server."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._most = min(patience.connections, _most_files() // 2)
        self._looked_at = float("inf")

    def look(self, connections: Collection[Any], now: float) -> None:
        """Close what is overdue; over the most connections, those whose callers are awaited longest."""
        stalled = now - self._looked_at
        self._looked_at = now
        watched: list[Connection] = list(connections)
        for connection in watched:
            if stalled > STALL_SECONDS:
                connection.spare(stalled)
            connection.look(now, self._patience)
        if len(watched) > self._most:
            idle = sorted((one for one in watched if not one.is_answering), key=attrgetter("since"))
            for connection in idle[: len(watched) - self._most]:
                connection.shed()


def _most_files() -> int:
    """Allow this process as many files as it may have, and return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
