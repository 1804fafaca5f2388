"""Copies a consumer's dead letters to `<topic>.dead-letters`: the original bytes, and where they came from.

The row in the consumer's database stays what is listed, replayed and dropped; the copy is for whoever reads Kafka.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from shared.db import Database, transaction
from shared.inbox import WAITING, dead_letters, letter_id
from shared.kafka.publisher import close_producer, open_producer
from shared.kafka.topics import DEAD_LETTERS
from shared.outbox import Message


async def publish_dead_letters(
    db: Database, reader: str, bootstrap: str, records: Sequence[Any], messages: Sequence[Message]
) -> None:
    """Publish those of a batch that were buried; `messages` are the same records as the inbox saw them.

    Before the batch's offsets are committed, so that a crash between repeats a copy and never misses one.
    """
    by_id = {letter_id(reader, message): record for message, record in zip(messages, records, strict=True)}
    buried = select(dead_letters.c.id, dead_letters.c.error).where(
        dead_letters.c.id.in_(by_id), dead_letters.c.state != WAITING
    )
    async with transaction(db) as session:
        letters = (await session.execute(buried)).all()
    if not letters:
        return
    producer = await open_producer(bootstrap)
    try:
        for letter in letters:
            record = by_id[letter.id]
            headers = [*record.headers, *_whence(record, reader, letter)]
            topic = record.topic + DEAD_LETTERS
            await producer.send_and_wait(topic, record.value or b"", key=record.key, headers=headers)
    finally:
        await close_producer(producer)


def _whence(record: Any, reader: str, letter: Any) -> list[tuple[str, bytes]]:
    said = {
        "dead_letter_id": letter.id,
        "dead_letter_consumer": reader,
        "dead_letter_topic": record.topic,
        "dead_letter_partition": record.partition,
        "dead_letter_offset": record.offset,
        "dead_letter_error": letter.error,
    }
    return [(name, str(value).encode()) for name, value in said.items()]
