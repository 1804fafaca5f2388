"""Feeds a service's inbox from the topics of the others, where services run apart; offsets follow effects.

Members of one group share the partitions. Kafka delivers at least once and the inbox makes that exactly once, so a
member that is killed, replaced or late costs repetition and never an event.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError

from shared.db import Database, is_away
from shared.inbox import Entries, consume
from shared.kafka.connection import KAFKA_AWAY, REQUEST_MS, back_off, raise_if_cancelled, stopped
from shared.kafka.dead_letters import publish_dead_letters
from shared.kafka.topics import topic_of
from shared.outbox import LANE, Message
from shared.telemetry import log

BATCH: Final = 500
POLL_SECONDS: Final = 1.0
SESSION_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 15.0
STALLED_SECONDS: Final = 30.0
HUNG_SECONDS: Final = 120.0

Observe = Callable[[str, str, int, int, float], None]
"""Told of consumer, topic, partition, lag in events and age in seconds of the newest event that was taken."""


def ignore(consumer: str, topic: str, partition: int, lag: int, age_seconds: float) -> None:
    """Stand in where nobody observes."""


class Stalled(Exception):  # noqa: N818 - a fact, as a Problem is
    """A member holds partitions that have events, and fetches none."""


async def consume_topics(
    db: Database,
    consumer: str,
    bootstrap: str,
    entries: Mapping[str, Entries],
    *,
    instance: str | None = None,
    observe: Observe = ignore,
    urgent: bool = False,
) -> None:
    """Take the events of every service that `entries` names, until cancelled. What is away is waited for.

    Once cancelled, it finishes and commits the batch in flight before it ends. With an `instance`, which no other
    process may have, a member that comes back within the session keeps its partitions. Where `urgent`, it takes from
    the lanes of these services, as a group of its own and under the same name of the inbox.
    """
    lane = LANE if urgent else ""
    group, topics = consumer + lane, [topic_of(service) + lane for service in entries]
    failures = 0
    while True:
        kafka = _new_client(group, bootstrap, instance)
        member = _Member(db, consumer, entries, bootstrap, partial(observe, group), topics, kafka)
        try:
            await member.run()
        except Exception as error:
            if not (isinstance(error, (*KAFKA_AWAY, Stalled)) or is_away(error)):
                raise
            log.warning("consumer begins anew", reader=group, error=type(error).__name__)
        finally:
            await _leave(member.kafka)
        failures = 0 if member.has_fetched else failures + 1
        await back_off(failures)


async def _leave(kafka: Any) -> None:
    if not await stopped(kafka.stop()):
        await kafka._client.close()  # noqa: SLF001 - there is no public way to hang up


def _new_client(group: str, bootstrap: str, instance: str | None) -> Any:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=topic_of(group),
        group_instance_id=instance,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # aiokafka keeps the sticky assignment on the class, where members of several groups would mix theirs.
        partition_assignment_strategy=(type("Sticky", (StickyPartitionAssignor,), {}),),
        session_timeout_ms=int(SESSION_SECONDS * 1000),
        request_timeout_ms=REQUEST_MS,
    )


@dataclass
class _Member(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """One life of a member of the group, from joining to leaving."""

    db: Database
    consumer: str
    entries: Mapping[str, Entries]
    bootstrap: str
    observe: Callable[[str, int, int, float], None]
    topics: Sequence[str]
    kafka: Any
    has_fetched: bool = False
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)
    fetched_at: float = field(default_factory=time.monotonic)
    newest_at: dict[Any, float] = field(default_factory=dict)

    async def on_partitions_revoked(self, _: Any) -> None:
        """Let the batch in flight be taken and committed before its partitions may go to another member."""
        async with asyncio.timeout(DRAIN_SECONDS), self.taking:
            self.newest_at.clear()

    async def on_partitions_assigned(self, _: Any) -> None:
        self.fetched_at = time.monotonic()

    async def run(self) -> None:
        self.kafka.subscribe(self.topics, listener=self)
        async with asyncio.timeout(HUNG_SECONDS):
            await self.kafka.start()
        while True:
            raise_if_cancelled()
            async with asyncio.timeout(HUNG_SECONDS):
                fetched = await self.kafka.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=BATCH)
            if fetched:
                await self._take_whole(fetched)
                self.has_fetched, self.fetched_at = True, time.monotonic()
            elif time.monotonic() - self.fetched_at > STALLED_SECONDS:
                await self._check_progress()
            await self._report()

    async def _take_whole(self, fetched: Mapping[Any, Sequence[Any]]) -> None:
        """Take a batch; cancelled meanwhile, finish it first."""
        taking = asyncio.create_task(self._take(fetched))
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait({taking}, timeout=DRAIN_SECONDS)
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            raise

    async def _take(self, fetched: Mapping[Any, Sequence[Any]]) -> None:
        entries = {kind: entry for by_kind in self.entries.values() for kind, entry in by_kind.items()}
        records = [record for part in fetched.values() for record in part]
        messages = [_message(record) for record in records]
        async with self.taking:
            await consume(self.db, self.consumer, entries, messages)
            await publish_dead_letters(self.db, self.consumer, self.bootstrap, records, messages)
            try:
                offsets = {partition: part[-1].offset + 1 for partition, part in fetched.items()}
                async with asyncio.timeout(HUNG_SECONDS):
                    await self.kafka.commit(offsets)
            except (CommitFailedError, IllegalStateError):
                log.warning("partitions went to another member", reader=self.consumer, count=len(records))
        self.newest_at.update({partition: part[-1].timestamp / 1000 for partition, part in fetched.items()})

    async def _check_progress(self) -> None:
        """Raise `Stalled` where events wait in our partitions although nothing came for a while."""
        async with asyncio.timeout(HUNG_SECONDS):
            ends = await self.kafka.end_offsets(self.kafka.assignment())
            for partition, end in ends.items():
                if await self.kafka.position(partition) < end:
                    raise Stalled
        self.fetched_at = time.monotonic()

    async def _report(self) -> None:
        for partition in self.kafka.assignment():
            end = self.kafka.highwater(partition)
            lag = end - await self.kafka.position(partition) if end is not None else 0
            age_seconds = max(0.0, time.time() - self.newest_at.get(partition, time.time())) if lag else 0.0
            self.observe(partition.topic, partition.partition, lag, age_seconds)


def _message(record: Any) -> Message:
    headers = {name: _text(value) for name, value in record.headers}
    origin = f"{record.topic}[{record.partition}]@{record.offset}"
    return Message(headers, record.value or b"", origin)


def _text(header: bytes | None) -> str:
    """Return a header as text that PostgreSQL can keep, whatever bytes it has."""
    return (header or b"").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
