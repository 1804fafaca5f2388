"""The relay when Kafka takes only part of what it is handed: the rest goes again, and order stands."""

import random
from collections import defaultdict
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from shared.events import Event, decode, encode
from shared.kafka import topic_of
from shared.kafka.publisher import Publisher
from shared.outbox import Message
from tests.conftest import OpenDatabase
from tests.factories import case_opened
from tests.kafka.broker import Broker
from tests.kafka.carrying import Effects, Road, by_subject, new_service, running, write
from tests.kafka.test_dead_letters import read_topic


class Flaky(AIOKafkaProducer):  # type: ignore[misc] # aiokafka has no types
    """Fails one send in three, some of them after Kafka took it, as a lost acknowledgement does."""

    chance = random.Random(7)
    failed = 0

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
        fate = self.chance.random()
        if fate < 0.2:
            Flaky.failed += 1
            raise KafkaTimeoutError
        sent = await super().send_batch(batch, topic, partition=partition)
        if fate < 0.33:
            Flaky.failed += 1
            await sent
            raise KafkaTimeoutError
        return sent


async def test_what_kafka_did_not_take_goes_again_in_order(
    open_service: OpenDatabase, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one send in three failing, before or after the fact, each event still has one effect, in order."""
    monkeypatch.setattr("shared.kafka.publisher.AIOKafkaProducer", Flaky)
    monkeypatch.setattr("shared.kafka.publisher.BATCH_BYTES", 4096)
    service = await new_service(broker.bootstrap)
    road = Road(service, await open_service("shared"), await open_service("shared"), broker.bootstrap)
    effects = Effects()
    async with running(*road.ways(effects), *(write(road.producer, 200, seed=seed) for seed in range(2))):
        await effects.reach(400)
    assert Flaky.failed > 10
    assert await by_subject(road.consumer) == await by_subject(road.producer)


async def test_a_record_is_the_outbox_row(broker: Broker) -> None:
    """Key, headers and payload on the topic are the event's own; what is too large for one batch takes several."""
    service = await new_service(broker.bootstrap)
    events = [Event(case_opened(detail_url="/" + "x" * 4000)) for _ in range(500)]
    publisher = Publisher(broker.bootstrap, topic_of(service))
    assert await publisher.publish([Message(*encode(event)) for event in events]) == 500
    await publisher.close()
    records = await read_topic(broker.bootstrap, topic_of(service), 500)
    assert len(records) == 500
    assert all(record.key == dict(record.headers)["ce_subject"] for record in records)
    in_order: dict[int, list[Event]] = defaultdict(list)
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        in_order[record.partition].append(decode(headers, record.value))
    place = {event.id: index for index, event in enumerate(events)}
    assert {event.id: event for part in in_order.values() for event in part} == {event.id: event for event in events}
    for part in in_order.values():
        assert part == sorted(part, key=lambda event: place[event.id])
