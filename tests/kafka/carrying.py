"""What the suites of the transports share: a busy producer, a consumer that notes its effects, and both transports."""

import asyncio
import random
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database, new_id, transaction
from shared.events import CaseOpened, Event, ReferralSubmitted, encode
from shared.inbox import Entries, Entry, Prepared, consume, replay_dead_letters
from shared.kafka import consume_topics, relay
from shared.kafka.topics import DEAD_LETTERS, topic_of
from shared.outbox import LANE, emit, follow, outbox, outbox_row
from tests.factories import case_opened

PATIENCE_SECONDS = 180


@dataclass
class Effects:
    """A consumer whose effect is an outbox row of its own database: what it did, and in what order, is on record."""

    failing: frozenset[UUID] = frozenset()
    applied: set[UUID] = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def apply(self, session: AsyncSession, events: Sequence[Event], _: Prepared) -> None:
        if any(event.id in self.failing for event in events):
            raise ZeroDivisionError
        await emit(session, *(Event(event.fact, id=event.id) for event in events))
        async with self.changed:
            self.applied |= {event.id for event in events}
            self.changed.notify_all()

    async def reach(self, count: int) -> None:
        """Wait until as many events had their effect."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.changed:
            await self.changed.wait_for(lambda: len(self.applied) >= count)

    @property
    def entries(self) -> Entries:
        return {kind: Entry(self.apply) for kind in (CaseOpened.type, ReferralSubmitted.type)}


@dataclass(frozen=True)
class Road:
    """From one service's outbox to another's inbox; `bootstrap` is empty where there is no broker between them."""

    service: str
    producer: Database
    consumer: Database
    bootstrap: str = ""

    def ways(self, effects: Effects) -> list[Coroutine[Any, Any, None]]:
        return self._ways(effects)

    def lane(self, effects: Effects) -> list[Coroutine[Any, Any, None]]:
        """Return the way past all else, to the same inbox."""
        return self._ways(effects, urgent=True)

    def _ways(self, effects: Effects, *, urgent: bool = False) -> list[Coroutine[Any, Any, None]]:
        if not self.bootstrap:
            reader = "reader" + (LANE if urgent else "")
            return [follow(self.producer, reader, partial(consume, self.consumer, "reader", effects.entries))]
        return [self.relaying(urgent=urgent), self.member(effects, urgent=urgent)]

    def relaying(self, *, urgent: bool = False) -> Coroutine[Any, Any, None]:
        return relay(self.producer, self.bootstrap, self.service, urgent=urgent)

    def replaying(self, effects: Effects) -> Coroutine[Any, Any, None]:
        """Try again what was set aside."""
        name = f"reader-{self.service}" if self.bootstrap else "reader"
        return replay_dead_letters(self.consumer, name, effects.entries, every_seconds=0.01)

    def member(
        self, effects: Effects, instance: str | None = None, *, urgent: bool = False
    ) -> Coroutine[Any, Any, None]:
        """Return one more consumer of the same group."""
        name, entries = f"reader-{self.service}", {self.service: effects.entries}
        return consume_topics(self.consumer, name, self.bootstrap, entries, instance=instance, urgent=urgent)


async def new_service(bootstrap: str, *, replication: int = 1) -> str:
    """Return the name of a service that nothing was ever relayed for, with topics of three partitions."""
    name = f"test-{secrets.token_hex(4)}"
    settings = {"min.insync.replicas": str(min(replication, 2))}
    ends = ("", DEAD_LETTERS, LANE, LANE + DEAD_LETTERS)
    topics = [NewTopic(topic_of(name) + end, 3, replication, topic_configs=settings) for end in ends]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics(topics)
    await admin.close()
    return name


@asynccontextmanager
async def running(*ways: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run these beside the block; at its end stop them as a shutdown does. One that fails, fails the test."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [error for error in ended if isinstance(error, Exception)] == []


async def write(db: Database, count: int, *, seed: int, subjects: int = 8, pause_seconds: float = 0.0) -> None:
    """Emit as a service does: one transaction after the other, some with several events, over a few subjects."""
    chance = random.Random(seed)
    about = [new_id() for _ in range(subjects)]
    while count:
        at_once = min(count, chance.choice([1, 1, 1, 3, 20]))
        async with transaction(db) as session:
            await emit(session, *(Event(case_opened(referral_id=chance.choice(about))) for _ in range(at_once)))
        count -= at_once
        await asyncio.sleep(pause_seconds)


async def emit_poison(db: Database, before: Event, *after: Event) -> list[bytes]:
    """Emit an unknown version and bytes of nothing between events that are whole; the payloads of the two."""
    headers, payload = encode(Event(case_opened()))
    nothing = b"\xff\x00"
    unknown = {**outbox_row(Event(case_opened())), "headers": {**headers, "ce_type": "uk.frontdoor.case.opened.v9"}}
    broken = {**outbox_row(Event(case_opened())), "headers": headers, "payload": nothing}
    async with transaction(db) as session:
        await emit(session, before)
        await session.execute(insert(outbox), [{**unknown, "payload": payload}, broken])
        await emit(session, *after)
    return [payload, nothing]


async def by_subject(db: Database) -> dict[str, list[UUID]]:
    """Return the events of a database's outbox, in order, by subject."""
    events: dict[str, list[UUID]] = defaultdict(list)
    async with transaction(db) as session:
        for row in await session.execute(select(outbox.c.subject, outbox.c.event_id).order_by(outbox.c.position)):
            events[row.subject].append(row.event_id)
    return events
