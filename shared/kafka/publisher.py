"""Publishes a service's outbox to its topic, where services run apart; one relay of an outbox is active at a time.

A batch is cut by partition and each part sent whole, so that no event is ever published behind a later one of its
subject: what fails is sent again from the first that is not durable on, and consumers drop what they know.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from shared.db import Database
from shared.kafka.connection import KAFKA_AWAY, REQUEST_MS, back_off, raise_if_cancelled, stopped
from shared.kafka.topics import topic_of
from shared.outbox import LANE, Message, follow
from shared.telemetry import log

READER: Final = "kafka"
READERS: Final = (READER, READER + LANE)
BATCH_BYTES: Final = 512 * 1024

partition_of = DefaultPartitioner()


async def relay(db: Database, bootstrap: str, service: str, *, urgent: bool = False) -> None:
    """Publish every event of this outbox, in order, until cancelled. Kafka or a database that is away is waited for.

    Where `urgent`, those of children in danger alone, a second time, to a topic on which nothing else lies before them.
    """
    lane = LANE if urgent else ""
    publisher = Publisher(bootstrap, topic_of(service) + lane)
    try:
        await follow(db, READER + lane, publisher.publish)
    finally:
        await publisher.close()


async def open_producer(bootstrap: str) -> Any:
    """Return a producer for which sent means: on every replica in sync, once. Raises what `KAFKA_AWAY` names."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=REQUEST_MS,
    )
    try:
        async with asyncio.timeout(REQUEST_MS / 1000):
            await producer.start()
        raise_if_cancelled()
    except BaseException:
        await close_producer(producer)
        raise
    return producer


async def close_producer(producer: Any) -> None:
    """Flush and close; what a broker that is away keeps from being flushed is given up."""
    if await stopped(producer.flush()):
        await producer.stop()
        return
    # `stop()` would wait for the flush for ever, and there is no public way around it.
    producer._closed = True  # noqa: SLF001
    await producer._sender.close()  # noqa: SLF001
    await producer.client.close()


class Publisher:
    """What the relay hands batches to: a producer that is opened when needed and replaced when it failed."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.bootstrap, self.topic = bootstrap, topic
        self.producer: Any = None

    async def publish(self, messages: Sequence[Message]) -> int:
        """Return how many, from the first on, every replica in sync has; at least one."""
        failures = 0
        while True:
            try:
                if self.producer is None:
                    self.producer = await open_producer(self.bootstrap)
                taken = await self._send(messages)
            except KAFKA_AWAY as error:
                log.warning("waiting for Kafka", reader=READER, error=type(error).__name__)
                taken = 0
            if taken < len(messages):
                await self.close()
            if taken:
                return taken
            await back_off(failures)
            failures += 1

    async def close(self) -> None:
        producer, self.producer = self.producer, None
        if producer is not None:
            await close_producer(producer)

    async def _send(self, messages: Sequence[Message]) -> int:
        partitions = sorted(await self.producer.partitions_for(self.topic))
        parts: dict[int, list[int]] = defaultdict(list)
        for index, message in enumerate(messages):
            parts[partition_of(_key(message), partitions, partitions)].append(index)
        acknowledged = await asyncio.gather(
            *(self._send_part(partition, [messages[i] for i in part]) for partition, part in parts.items())
        )
        failed = [part[done] for part, done in zip(parts.values(), acknowledged, strict=True) if done < len(part)]
        return min(failed, default=len(messages))

    async def _send_part(self, partition: int, messages: Sequence[Message]) -> int:
        """Send one partition's share in as few batches as it fits, each after the one before is acknowledged."""
        done = 0
        while done < len(messages):
            batch = self.producer.create_batch()
            for message in messages[done:]:
                headers = [(name, value.encode()) for name, value in message.headers.items()]
                if batch.append(timestamp=None, key=_key(message), value=message.payload, headers=headers) is None:
                    break
            batch.close()
            try:
                await (await self.producer.send_batch(batch, self.topic, partition=partition))
            except KAFKA_AWAY as error:
                log.warning("Kafka did not take a batch", reader=READER, error=type(error).__name__)
                break
            done += batch.record_count()
        return done


def _key(message: Message) -> bytes:
    return message.headers.get("ce_subject", "").encode()
