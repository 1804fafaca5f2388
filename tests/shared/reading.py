"""How the suites of the outbox read it: a taker that keeps what it is handed, and a reader that ends."""

import asyncio
from collections.abc import Sequence

from shared.db import Database, transaction
from shared.events import Event, decode
from shared.outbox import Message, emit, open_cursor, read_round
from tests.factories import case_opened


class Taker:
    """Takes what it is handed, and knows when it has as many events as are expected."""

    def __init__(self, expected: int, *, at_once: int = 500) -> None:
        self.events: list[Event] = []
        self.expected = expected
        self.at_once = at_once
        self.done = asyncio.Event()

    async def __call__(self, messages: Sequence[Message]) -> int:
        taken = messages[: self.at_once]
        self.events += [decode(message.headers, message.payload) for message in taken]
        if len(self.events) >= self.expected:
            self.done.set()
        return len(taken)


async def drain(db: Database, taker: Taker, reader: str = "test", *, rounds: int = 1000) -> None:
    """Read, in this task, until a round is empty or as many rounds as are asked for are done."""
    async with db.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        cursor = await open_cursor(connection, reader)
        for _ in range(rounds):
            if not await read_round(connection, cursor, taker):
                break


async def emit_some(db: Database, count: int) -> list[Event]:
    events = [Event(case_opened()) for _ in range(count)]
    async with transaction(db) as session:
        await emit(session, *events)
    return events
