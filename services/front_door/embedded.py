"""The embedded transport: each consumer reads its producers' outboxes directly, with its own durable cursors.

Runs inside `frontdoor up`, in place of a message broker.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from fastapi import APIRouter

from shared.http.background import Step, background
from shared.http.service import Service
from shared.inbox import Entry, consume, replay_dead_letters
from shared.outbox import LANE, follow, keep_readers


def transport(services: Sequence[Service]) -> APIRouter:
    """Return a router that, while it is mounted, carries events from each service to those that consume them."""
    ways = [
        (producer, reader, partial(consume, consumer.resources.work, consumer.name, entries))
        for consumer in services
        for reader, taken in ((consumer.name, consumer.entries), (consumer.name + LANE, consumer.urgent_entries))
        for producer, entries in taken.items()
    ]
    steps: list[Step] = []
    for service in services:
        db = service.resources.work
        readers = {reader: hand_on for producer, reader, hand_on in ways if producer == service.name}
        steps += [partial(keep_readers, db, readers), replayer(service)]
        steps += [partial(follow, db, reader, hand_on) for reader, hand_on in readers.items()]
    return background("front-door", *steps)


def replayer(consumer: Service) -> Step:
    """Return what tries again the events that were set aside, and the dead ones that somebody marked for replay."""
    return partial(
        replay_dead_letters,
        consumer.resources.work,
        consumer.name,
        entries_of(consumer),
        patience_seconds=consumer.fault_patience_seconds,
    )


def entries_of(consumer: Service) -> Mapping[str, Entry]:
    return {kind: entry for entries in consumer.entries.values() for kind, entry in entries.items()}
