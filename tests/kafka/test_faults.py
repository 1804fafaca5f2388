"""What a broker's death, its absence and a group's rebalance cost: repetition and time, never an event or its order."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from shared.db import transaction
from shared.inbox import inbox
from shared.kafka.publisher import Publisher
from shared.outbox import Message, outbox_cursor
from tests.conftest import OpenDatabase
from tests.kafka.broker import Broker, cluster, need_kafka
from tests.kafka.carrying import PATIENCE_SECONDS, Effects, Road, by_subject, new_service, running, write


@pytest.fixture
async def road(open_service: OpenDatabase, broker: Broker) -> Road:
    service = await new_service(broker.bootstrap)
    return Road(service, await open_service("shared"), await open_service("shared"), broker.bootstrap)


async def assert_each_event_once_in_order(road: Road, expected: int) -> None:
    """Compare what was emitted with what had effects, and count the inbox: each subject the same, in the same order."""
    emitted = await by_subject(road.producer)
    assert sum(map(len, emitted.values())) == expected
    assert await by_subject(road.consumer) == emitted
    async with transaction(road.consumer) as session:
        assert await session.scalar(select(func.count()).select_from(inbox)) == expected


async def test_a_broker_killed_under_load_costs_nothing(road: Road, broker: Broker) -> None:
    """Killed twice and started again on its folder while events are emitted: each has one effect, in order."""
    effects = Effects()
    writing = [write(road.producer, 400, seed=seed, pause_seconds=0.02) for seed in range(3)]
    async with running(*road.ways(effects), *writing):
        for taken in (100, 300):
            await effects.reach(taken)
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
        await effects.reach(1200)
    await assert_each_event_once_in_order(road, 1200)


async def test_while_kafka_is_away_the_outbox_fills(road: Road, broker: Broker) -> None:
    """Events are emitted with no broker there, at the start too, and all have effects once it is."""
    effects = Effects()
    await asyncio.to_thread(broker.stop)
    async with running(*road.ways(effects)):
        await write(road.producer, 700, seed=1)
        async with transaction(road.producer) as session:
            assert await session.scalar(select(outbox_cursor.c.position)) == 0
        assert effects.applied == set()
        await asyncio.to_thread(broker.start)
        await effects.reach(700)
    await assert_each_event_once_in_order(road, 700)


async def test_a_shutdown_does_not_wait_for_a_kafka_that_is_away(
    road: Road, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relay and consumer end, and leave no task behind, though their broker died with events under way."""
    monkeypatch.setattr("shared.kafka.connection.STOP_SECONDS", 0.5)
    monkeypatch.setattr("shared.kafka.consumer.DRAIN_SECONDS", 0.5)
    effects, handed_on, publish = Effects(), asyncio.Event(), Publisher.publish

    async def noted(publisher: Publisher, messages: Sequence[Message]) -> int:
        handed_on.set()
        return await publish(publisher, messages)

    monkeypatch.setattr(Publisher, "publish", noted)
    before = asyncio.all_tasks()
    async with running(*road.ways(effects)):
        await write(road.producer, 50, seed=1)
        await effects.reach(50)
        await asyncio.to_thread(broker.kill)
        handed_on.clear()
        await write(road.producer, 50, seed=2)
        await asyncio.wait_for(handed_on.wait(), PATIENCE_SECONDS)
    assert {task.get_coro() for task in asyncio.all_tasks() - before} == set()


async def test_members_that_come_and_go_have_no_effect_twice(road: Road) -> None:
    """A second member joins in the middle and the first leaves: nothing is lost, doubled or reordered."""
    effects = Effects()
    writing = [write(road.producer, 400, seed=seed, pause_seconds=0.02) for seed in range(3)]
    async with running(road.relaying(), *writing):
        async with running(road.member(effects)):
            await effects.reach(200)
            second = asyncio.create_task(road.member(effects))
            await effects.reach(700)
        await effects.reach(1200)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
    await assert_each_event_once_in_order(road, 1200)


async def test_a_named_member_comes_back_to_its_partitions(road: Road) -> None:
    """A member with an instance of its own ends without leaving and is followed by one of the same instance."""
    effects = Effects()
    writing = [write(road.producer, 200, seed=seed, pause_seconds=0.02) for seed in range(2)]
    async with running(road.relaying(), *writing):
        for taken in (100, 250, 400):
            async with running(road.member(effects, "one")):
                await effects.reach(taken)
    await assert_each_event_once_in_order(road, 400)


async def test_one_of_three_brokers_lost_stops_nothing(open_service: OpenDatabase) -> None:
    """With the declared three copies, two in sync, a broker that dies under load and stays dead is not missed."""
    need_kafka()
    with cluster(3) as three:
        service = await new_service(three.bootstrap, replication=3)
        road = Road(service, await open_service("shared"), await open_service("shared"), three.bootstrap)
        effects = Effects()
        writing = [write(road.producer, 300, seed=seed, pause_seconds=0.02) for seed in range(3)]
        async with running(*road.ways(effects), *writing):
            await effects.reach(200)
            await asyncio.to_thread(three.brokers[0].kill)
            await effects.reach(900)
    await assert_each_event_once_in_order(road, 900)
