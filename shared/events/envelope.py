"""A fact on its way: its CloudEvents 1.0 attributes, and how it is written to and read from bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from shared.db import new_id
from shared.events.facts import BY_TYPE, Fact, Urgency
from shared.telemetry import correlation_id, new_correlation_id
from shared.telemetry.traces import HEADER as TRACEPARENT
from shared.telemetry.traces import traceparent


@dataclass(frozen=True)
class Event:
    """A fact with its CloudEvents attributes. `audience` holds agency slugs and never leaves by the feed."""

    fact: Fact
    audience: tuple[str, ...] = ()
    council: str | None = None
    urgency: Urgency | None = None
    id: UUID = field(default_factory=new_id)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    correlation_id: str = field(default_factory=lambda: correlation_id.get() or new_correlation_id())
    traceparent: str | None = field(default_factory=lambda: traceparent.get() or None)

    @property
    def type(self) -> str:
        return self.fact.type

    @property
    def subject(self) -> str:
        return str(self.fact.subject)


class Poison(Exception):  # noqa: N818 - the field's word for a message that no retry can save
    """A message that can't be understood: undecodable, against its schema, or of an unknown version."""


_FORMAT = JSONFormat()


def encode(event: Event) -> tuple[dict[str, str], bytes]:
    """Return the event in CloudEvents binary mode: `ce_*` headers and the JSON payload."""
    attributes = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.fact.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": "application/json",
        "correlationid": event.correlation_id,
    }
    optional = {
        "council": event.council,
        "urgency": event.urgency,
        "audience": " ".join(event.audience),
        TRACEPARENT: event.traceparent,
    }
    attributes.update({name: value for name, value in optional.items() if value})
    message = to_binary(CloudEvent(attributes=attributes, data=event.fact.model_dump(mode="json")), _FORMAT)
    return {name: value.decode() for name, value in message.headers.items()}, message.value


def decode(headers: Mapping[str, str], payload: bytes) -> Event:
    """Return the event that `encode` wrote; raises `Poison` for anything else."""
    try:
        raw = KafkaMessage({name: value.encode() for name, value in headers.items()}, None, payload)
        cloud = from_binary(raw, _FORMAT, CloudEvent)
        fact_type = BY_TYPE.get(cloud.get_type())
        if fact_type is None:
            raise Poison("unknown type or version")
        fact = fact_type.model_validate(cloud.get_data())
        time = cloud.get_time()
        if time is None or cloud.get_subject() != str(fact.subject):
            raise Poison("time or subject does not fit")
        return Event(
            fact=fact,
            audience=tuple((cloud.get_extension("audience") or "").split()),
            council=cloud.get_extension("council"),
            urgency=cloud.get_extension("urgency"),
            id=UUID(cloud.get_id()),
            time=time,
            correlation_id=cloud.get_extension("correlationid") or "",
            traceparent=cloud.get_extension(TRACEPARENT),
        )
    except (BaseCloudEventException, ValidationError, ValueError, TypeError, KeyError) as error:
        raise Poison(type(error).__name__) from error
