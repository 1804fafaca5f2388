"""Row relay: the outbox read on into Kafka, beside plain aiokafka that sends the same messages from memory."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any, Final

from shared.db import Database, new_id, open_database, transaction
from shared.events import Event, ReferralSubmitted, encode
from shared.kafka import create_topics, topic_of
from shared.kafka.publisher import READER, Publisher, close_producer, open_producer
from shared.outbox import emit, open_cursor, read_round
from tests.bench.rows import Row, in_turns
from tests.bench.stage import Stage
from tests.kafka.broker import cluster

EVENTS: Final = 5000
BATCH: Final = 500
NOTE: Final = (
    "5,000 events a turn, from the table to the acknowledgement of a real broker with a durable cursor behind them. "
    "The floor sends the same messages from memory with the same producer settings: 500 sends, then all awaited."
)


async def relay(stage: Stage) -> Row:
    db = open_database(stage.ways["referrals"].app)
    with cluster() as kafka:
        await create_topics(kafka.bootstrap, replication=1)
        publisher = Publisher(kafka.bootstrap, topic_of("referrals"))
        producer = await open_producer(kafka.bootstrap)
        ours, floor = await in_turns(partial(_relay, db, publisher), partial(_send, producer))
        await publisher.close()
        await close_producer(producer)
    await db.close()
    return Row("relay", "events/s", ours, floor, 0.8, NOTE)


async def _relay(db: Database, publisher: Publisher) -> float:
    async with transaction(db) as session:
        await emit(session, *_events())
    async with db.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        cursor = await open_cursor(connection, READER)
        taken, start = 0, perf_counter()
        while taken < EVENTS:
            taken += await read_round(connection, cursor, publisher.publish)
        return taken / (perf_counter() - start)


async def _send(producer: Any) -> float:
    messages = [encode(event) for event in _events()]
    topic, start = topic_of("referrals"), perf_counter()
    for first in range(0, EVENTS, BATCH):
        sent = []
        for headers, payload in messages[first : first + BATCH]:
            named = [(name, value.encode()) for name, value in headers.items()]
            key = headers["ce_subject"].encode()
            sent.append(await producer.send(topic, payload, key=key, headers=named))
        await asyncio.gather(*sent)
    return EVENTS / (perf_counter() - start)


def _events() -> Sequence[Event]:
    now = datetime.now(UTC)
    facts = (
        ReferralSubmitted(
            referral_id=referral_id,
            reference="FD-2611-0000-0000",
            detail_url=f"/internal/referrals/{referral_id}",
            agency="towcester-primary",
            kind="request",
            received_at=now,
            decision_due_at=now,
        )
        for referral_id in (new_id() for _ in range(EVENTS))
    )
    return [Event(fact, (fact.agency,), urgency="no") for fact in facts]
