"""The embedded transport: each consumer reads its producers' outboxes directly, with its own durable cursor.

Runs inside `frontdoor up`, in place of a message broker.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import APIRouter, FastAPI

from shared.http.service import Service
from shared.inbox import Entry, consume, replay_dead_letters
from shared.outbox import follow
from shared.telemetry import log, where_raised

RESTART_SECONDS: Final = 1.0


def transport(services: Sequence[Service]) -> APIRouter:
    """Return a router that, while it is mounted, carries events from each service to those that consume them."""
    by_name = {service.name: service for service in services}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        readers = [
            asyncio.create_task(reader)
            for consumer in services
            for reader in (
                *(_read(by_name[producer], consumer) for producer in consumer.entries),
                replay_dead_letters(consumer.resources.db, consumer.name, entries_of(consumer)),
            )
        ]
        yield
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    return APIRouter(lifespan=lifespan)


def entries_of(consumer: Service) -> Mapping[str, Entry]:
    return {kind: entry for entries in consumer.entries.values() for kind, entry in entries.items()}


async def _read(producer: Service, consumer: Service) -> None:
    """Follow one outbox for one consumer until cancelled; an error of ours is logged and does not end it."""
    hand_on = partial(consume, consumer.resources.db, consumer.name, entries_of(consumer))
    while True:
        try:
            await follow(producer.resources.db, consumer.name, hand_on)
        except Exception as error:  # noqa: BLE001 - events must go on
            log.error("reader failed", reader=consumer.name, error=type(error).__name__, where=where_raised(error))
        await asyncio.sleep(RESTART_SECONDS)
