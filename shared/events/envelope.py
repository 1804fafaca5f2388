"""A fact on its way: its CloudEvents 1.0 attributes, and how it is written to and read from bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared import clock
from shared.db import new_id
from shared.events.facts import BY_TYPE, Fact, Urgency
from shared.telemetry import correlation_id, new_correlation_id
from shared.telemetry.traces import HEADER, traceparent


@dataclass(frozen=True)
class Event:
    """A fact with its CloudEvents attributes. `audience` holds agency slugs and never leaves by the feed."""

    fact: Fact
    audience: tuple[str, ...] = ()
    council: str | None = None
    urgency: Urgency | None = None
    id: UUID = field(default_factory=new_id)
    time: datetime = field(default_factory=clock.now)
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


JSON = "application/json"
TRACEPARENT = f"ce_{HEADER}"


def encode(event: Event) -> tuple[dict[str, str], bytes]:
    """Return the event in CloudEvents binary mode for Kafka: `ce_*` headers and the JSON payload."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(event.id),
        "ce_source": event.fact.source,
        "ce_type": event.type,
        "ce_subject": event.subject,
        "ce_time": event.time.isoformat().replace("+00:00", "Z"),
        "content-type": JSON,
        "ce_correlationid": event.correlation_id,
    }
    optional = {
        "ce_council": event.council,
        "ce_urgency": event.urgency,
        "ce_audience": " ".join(event.audience),
        TRACEPARENT: event.traceparent,
    }
    headers.update({name: value for name, value in optional.items() if value})
    return headers, event.fact.model_dump_json().encode()


def decode(headers: Mapping[str, str], payload: bytes) -> Event:
    """Return the event that `encode` wrote; raises `Poison` for anything else."""
    try:
        fact_type = BY_TYPE.get(headers["ce_type"])
        if fact_type is None:
            raise Poison("unknown type or version")
        if (headers["ce_specversion"], headers["ce_source"], headers["content-type"]) != (
            "1.0",
            fact_type.source,
            JSON,
        ):
            raise Poison("envelope does not fit")
        fact = fact_type.model_validate_json(payload)
        time = datetime.fromisoformat(headers["ce_time"])
        if time.tzinfo is None or headers["ce_subject"] != str(fact.subject):
            raise Poison("time or subject does not fit")
        urgency: Any = headers.get("ce_urgency")
        return Event(
            fact=fact,
            audience=tuple(headers.get("ce_audience", "").split()),
            council=headers.get("ce_council"),
            urgency=urgency,
            id=UUID(headers["ce_id"]),
            time=time,
            correlation_id=headers.get("ce_correlationid", ""),
            traceparent=headers.get(TRACEPARENT),
        )
    except (ValidationError, ValueError, TypeError, KeyError) as error:
        raise Poison(type(error).__name__) from error
