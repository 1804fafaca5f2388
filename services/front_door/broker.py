"""The transport by Kafka: each service relays its outbox and consumes the others' topics.

Runs in `frontdoor serve`, and in `frontdoor up` where a Kafka is given.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from fastapi import APIRouter

from services.front_door.embedded import replayer
from shared.events import ReferralSubmitted
from shared.http.background import Step, background
from shared.http.service import Service
from shared.kafka import READERS, consume_topics, relay
from shared.outbox import keep_readers
from shared.telemetry.metrics import observe_consumer

URGENT: Final = (ReferralSubmitted.source,)
"""Services that have urgent events."""


def relaying(services: Sequence[Service], kafka: str) -> APIRouter:
    """Return a router that publishes these services' events while it is mounted."""
    steps: list[Step] = []
    for service in services:
        db = service.resources.work
        steps += [partial(keep_readers, db, READERS), partial(relay, db, kafka, service.name)]
        if service.name in URGENT:
            steps.append(partial(relay, db, kafka, service.name, urgent=True))
    return background("relay", *steps)


def consuming(services: Sequence[Service], kafka: str, instance: str | None = None) -> APIRouter:
    """Return a router that takes the events these services consume while it is mounted."""
    readers = [
        partial(
            consume_topics,
            service.resources.work,
            service.name,
            kafka,
            entries,
            instance=instance,
            observe=observe_consumer,
            urgent=urgent,
        )
        for service in services
        for entries, urgent in ((service.entries, False), (service.urgent_entries, True))
        if entries
    ]
    return background("consumer", *readers, *map(replayer, services))
