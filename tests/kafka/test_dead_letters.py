"""What becomes of poison on Kafka: a copy with its origin, a row to replay or drop, and nothing twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import select

from shared.db import Database, transaction
from shared.events import Event, encode
from shared.inbox import dead_letters, mark_dead_letter
from shared.kafka.topics import DEAD_LETTERS, topic_of
from shared.outbox import emit, outbox_cursor
from tests.conftest import OpenDatabase
from tests.factories import case_opened
from tests.kafka.broker import Broker
from tests.kafka.carrying import PATIENCE_SECONDS, Effects, Road, emit_poison, new_service, running


async def open_road(open_service: OpenDatabase, broker: Broker) -> Road:
    service = await new_service(broker.bootstrap)
    return Road(service, await open_service("shared"), await open_service("shared"), broker.bootstrap)


async def read_topic(bootstrap: str, topic: str, count: int) -> list[Any]:
    """Return the first records of a topic, as many as are asked for, and any that came with them."""
    reader = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await reader.start()
    try:
        records: list[Any] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(records) < count:
                fetched = await reader.getmany(timeout_ms=500)
                records += [record for part in fetched.values() for record in part]
        return records
    finally:
        await reader.stop()


async def letters_of(db: Database) -> Sequence[Any]:
    async with transaction(db) as session:
        return (await session.execute(select(dead_letters).order_by(dead_letters.c.died_at))).all()


async def test_the_copy_has_the_original_bytes_and_says_where_they_came_from(
    open_service: OpenDatabase, broker: Broker
) -> None:
    """A record that nobody here wrote is copied whole; headers say where it was, whose it is and why it died."""
    road = await open_road(open_service, broker)
    topic = topic_of(road.service)
    foreign = [("ce_id", b"\x00\xff"), ("noise", b"1")]
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        await producer.send_and_wait(topic, b"\xff\x00", key=b"a-key", partition=1, headers=foreign)
        event = Event(case_opened())
        headers, payload = encode(event)
        good = [(name, value.encode()) for name, value in headers.items()]
        await producer.send_and_wait(topic, payload, key=event.subject.encode(), partition=1, headers=good)
    effects = Effects()
    async with running(road.member(effects)):
        await effects.reach(1)
    (copy,) = await read_topic(broker.bootstrap, topic + DEAD_LETTERS, 1)
    (letter,) = await letters_of(road.consumer)
    assert (copy.key, copy.value, copy.headers[:2]) == (b"a-key", b"\xff\x00", tuple(foreign))
    assert {name: value.decode() for name, value in copy.headers[2:]} == {
        "dead_letter_id": str(letter.id),
        "dead_letter_consumer": letter.reader,
        "dead_letter_topic": topic,
        "dead_letter_partition": "1",
        "dead_letter_offset": "0",
        "dead_letter_error": letter.error,
    }
    assert letter.error.startswith("poison: ")
    assert letter.error.endswith(f", from {topic}[1]@0")
    assert bytes(letter.payload) == b"\xff\x00"


async def test_poison_delivered_again_is_buried_once(open_service: OpenDatabase, broker: Broker) -> None:
    """A group that begins from the start of the topic again has the same dead letters and effects as before."""
    road = await open_road(open_service, broker)
    before, after = Event(case_opened()), Event(case_opened())
    await emit_poison(road.producer, before, after)
    effects = Effects()
    async with running(*road.ways(effects)):
        await effects.reach(2)
    buried = await letters_of(road.consumer)
    async with transaction(road.consumer) as session:
        assert await mark_dead_letter(session, buried[0].id, "dropped")
    async with transaction(road.producer) as session:
        await session.execute(outbox_cursor.delete())
    later = Event(case_opened())
    async with transaction(road.producer) as session:
        await emit(session, later)
    async with running(*road.ways(effects)):
        await effects.reach(3)
    again = await letters_of(road.consumer)
    assert [letter.id for letter in again] == [letter.id for letter in buried]
    assert sorted(letter.state for letter in again) == ["dead", "dropped"]


async def test_a_replayed_letter_has_its_effect_or_dies_again(open_service: OpenDatabase, broker: Broker) -> None:
    """What a fault set aside has its effect once that is gone; poison keeps its id and can be replayed once more."""
    road = await open_road(open_service, broker)
    failing, other = Event(case_opened()), Event(case_opened())
    (unknown, _) = await emit_poison(road.producer, failing, other)
    effects = Effects(failing=frozenset({failing.id}))
    async with running(*road.ways(effects)):
        await effects.reach(1)
    letters = await letters_of(road.consumer)
    async with transaction(road.consumer) as session:
        marked = [await mark_dead_letter(session, letter.id, "replay") for letter in letters]
    assert sorted(marked) == [False, True, True]
    effects.failing = frozenset()
    async with running(road.replaying(effects)):
        await effects.reach(2)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while {letter.state for letter in await letters_of(road.consumer)} != {"dead"}:  # noqa: ASYNC110 - rows tell
                await asyncio.sleep(0.02)
    left = await letters_of(road.consumer)
    assert {letter.id for letter in left} == {letter.id for letter in letters if letter.payload != encode(failing)[1]}
    assert unknown in {bytes(letter.payload) for letter in left}
