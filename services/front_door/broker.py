"""The transport by Kafka: each service relays its outbox and consumes the others' topics.

Runs in `frontdoor serve`, and in `frontdoor up` where a Kafka is given.
"""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter

from services.front_door.embedded import replayer
from shared.http.background import background
from shared.http.service import Service
from shared.kafka import consume_topics, relay
from shared.telemetry.metrics import observe_consumer


def relaying(services: Sequence[Service], kafka: str) -> APIRouter:
    """Return a router that publishes these services' events while it is mounted."""
    return background("relay", *(partial(relay, service.resources.db, kafka, service.name) for service in services))


def consuming(services: Sequence[Service], kafka: str, instance: str | None = None) -> APIRouter:
    """Return a router that takes the events these services consume while it is mounted."""
    readers = [
        partial(
            consume_topics,
            service.resources.db,
            service.name,
            kafka,
            service.entries,
            instance=instance,
            observe=observe_consumer,
        )
        for service in services
    ]
    return background("consumer", *readers, *map(replayer, services))
