"""The embedded transport: each consumer reads its producers' outboxes directly, with its own durable cursor.

Runs inside `frontdoor up`, in place of a message broker.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from fastapi import APIRouter

from shared.http.background import Step, background
from shared.http.service import Service
from shared.inbox import Entry, consume, replay_dead_letters
from shared.outbox import follow


def transport(services: Sequence[Service]) -> APIRouter:
    """Return a router that, while it is mounted, carries events from each service to those that consume them."""
    by_name = {service.name: service for service in services}
    readers = [_reader(by_name[producer], consumer) for consumer in services for producer in consumer.entries]
    return background("front-door", *readers, *map(replayer, services))


def replayer(consumer: Service) -> Step:
    """Return what tries dead letters again that somebody marked for replay."""
    return partial(replay_dead_letters, consumer.resources.db, consumer.name, entries_of(consumer))


def entries_of(consumer: Service) -> Mapping[str, Entry]:
    return {kind: entry for entries in consumer.entries.values() for kind, entry in entries.items()}


def _reader(producer: Service, consumer: Service) -> Step:
    hand_on = partial(consume, consumer.resources.db, consumer.name, entries_of(consumer))
    return partial(follow, producer.resources.db, consumer.name, hand_on)
