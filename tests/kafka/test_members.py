"""A member of a consumer group by itself: how it stops, what it tells, and that it does not stay stuck."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events import CaseOpened, Event
from shared.inbox import Entry, Prepared
from shared.kafka import consume_topics, topic_of
from tests.conftest import OpenDatabase
from tests.kafka.broker import Broker
from tests.kafka.carrying import PATIENCE_SECONDS, Effects, Road, by_subject, new_service, running, write


@pytest.fixture
async def road(open_service: OpenDatabase, broker: Broker) -> Road:
    service = await new_service(broker.bootstrap)
    return Road(service, await open_service("shared"), await open_service("shared"), broker.bootstrap)


async def committed(road: Road) -> int:
    """Return how many records the group has behind it."""
    onlooker = AIOKafkaConsumer(
        bootstrap_servers=road.bootstrap, group_id=topic_of(f"reader-{road.service}"), enable_auto_commit=False
    )
    partitions = [TopicPartition(topic_of(road.service), number) for number in range(3)]
    onlooker.assign(partitions)
    await onlooker.start()
    try:
        return sum([await onlooker.committed(partition) or 0 for partition in partitions])
    finally:
        await onlooker.stop()


async def test_a_cancelled_member_finishes_its_batch(road: Road) -> None:
    """Cancelled in the middle of an effect, a member completes it and commits before it ends."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    effects = Effects()

    async def apply(session: AsyncSession, events: Sequence[Event], prepared: Prepared) -> None:
        begun.set()
        await go_on.wait()
        await effects.apply(session, events, prepared)

    entries = {road.service: {CaseOpened.type: Entry(apply)}}
    await write(road.producer, 1, seed=1)
    async with running(road.relaying()):
        member = asyncio.create_task(consume_topics(road.consumer, f"reader-{road.service}", road.bootstrap, entries))
        await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
        member.cancel()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await member
    assert await by_subject(road.consumer) == await by_subject(road.producer)
    assert await committed(road) == 1


async def test_a_member_tells_how_far_behind_it_is(road: Road) -> None:
    """After each batch every partition's lag is told; once all is taken it is nothing, and so is its age."""
    told: dict[tuple[str, str, int], tuple[int, float]] = {}
    at_rest = asyncio.Event()

    def observe(consumer: str, topic: str, partition: int, lag: int, age_seconds: float) -> None:
        told[consumer, topic, partition] = (lag, age_seconds)
        if len(told) == 3 and len(effects.applied) == 50 and set(told.values()) == {(0, 0.0)}:
            at_rest.set()

    effects = Effects()
    name = f"reader-{road.service}"
    member = consume_topics(road.consumer, name, road.bootstrap, {road.service: effects.entries}, observe=observe)
    await write(road.producer, 50, seed=1)
    async with running(road.relaying(), member):
        await asyncio.wait_for(at_rest.wait(), PATIENCE_SECONDS)
    assert set(told) == {(name, topic_of(road.service), number) for number in range(3)}


async def test_a_member_that_fetches_nothing_begins_anew(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that holds partitions with events and gets none of them is replaced, and the next one takes them."""
    lives: list[AIOKafkaConsumer] = []

    class Deaf(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka has no types
        """Hears nothing in its first life."""

        async def getmany(self, *partitions: TopicPartition, **options: Any) -> Any:
            if self not in lives:
                lives.append(self)
            if self is lives[0]:
                self.pause(*self.assignment())
            return await super().getmany(*partitions, **options)

    monkeypatch.setattr("shared.kafka.consumer.AIOKafkaConsumer", Deaf)
    monkeypatch.setattr("shared.kafka.consumer.STALLED_SECONDS", 0.5)
    effects = Effects()
    await write(road.producer, 30, seed=1)
    async with running(*road.ways(effects)):
        await effects.reach(30)
    assert len(lives) > 1
    assert await by_subject(road.consumer) == await by_subject(road.producer)
