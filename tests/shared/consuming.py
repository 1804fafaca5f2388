"""What the tests of the inbox share: a consumer that fails where it is told to, and what became of its events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from shared.db import Database, transaction
from shared.events import CaseOpened, Event, encode
from shared.inbox import (
    Entries,
    Entry,
    Prepared,
    Transient,
    dead_letters,
    replay_dead_letters,
)
from shared.outbox import Message, emit, outbox
from shared.problems import Problem


def message(event: Event) -> Message:
    return Message(*encode(event))


class Refused(Problem):
    """What the domain of these tests says no by."""

    slug = "refused"


class Effects:
    """A consumer whose effect is an outbox row, and that fails where it is told to."""

    def __init__(
        self,
        *,
        poison: UUID | None = None,
        refused: UUID | None = None,
        missing: UUID | None = None,
        away_times: int = 0,
    ) -> None:
        self.poison, self.refused, self.missing, self.away_times = poison, refused, missing, away_times
        self.batches: list[list[UUID]] = []
        self.mourned: list[UUID] = []

    async def apply(self, session: AsyncSession, events: Sequence[Event], _: Prepared) -> None:
        self.batches.append([event.id for event in events])
        await emit(session, *(Event(event.fact, id=event.id) for event in events))
        for event in events:
            if event.id == self.poison:
                raise ZeroDivisionError
            if event.id == self.refused:
                raise Refused
            if event.id == self.missing:
                raise Transient
        if self.away_times:
            self.away_times -= 1
            raise Transient

    @property
    def entries(self) -> Entries:
        return {CaseOpened.type: Entry(self.apply, mourn=self.mourn, refusals=(Refused,))}

    async def mourn(self, _: AsyncSession, letter: UUID) -> None:
        self.mourned.append(letter)


async def effects_in(db: Database) -> list[UUID]:
    async with transaction(db) as session:
        return list((await session.scalars(select(outbox.c.event_id).order_by(outbox.c.position))).all())


async def letters_in(db: Database) -> list[tuple[str, str | None]]:
    """Return state and subject of what was set aside or is dead, oldest first."""
    async with transaction(db) as session:
        rows = await session.execute(select(dead_letters).order_by(dead_letters.c.died_at))
    return [(row.state, row.subject) for row in rows]


async def make_due(db: Database) -> None:
    async with transaction(db) as session:
        await session.execute(dead_letters.update().values(next_at=func.clock_timestamp()))


@asynccontextmanager
async def replaying(db: Database, effects: "Effects", patience_seconds: float = 60) -> AsyncIterator[None]:
    """Try again, all the time, what was set aside."""
    replay = replay_dead_letters(db, "test", effects.entries, every_seconds=0.01, patience_seconds=patience_seconds)
    task = asyncio.create_task(replay)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def shut_out(server: str, db: Database) -> AsyncIterator[None]:
    """Keep everybody out of a database, as where its server is away; `server` is the superuser's URL."""
    name = db.engine.url.database
    ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute(ended, {"name": name})
        try:
            yield
        finally:
            await connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await engine.dispose()
