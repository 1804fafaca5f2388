"""Writes the events as AsyncAPI 3 and JSON Schemas: `python -m tests.house.asyncapi`. The house tests compare.

A published version may gain optional fields and nothing else; anything more is a new version of the event.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.events import FACTS, Fact, ReferralSubmitted
from shared.kafka import topic_of
from shared.outbox import LANE

DOCS = Path(__file__).parents[2] / "docs"
ASYNCAPI = DOCS / "asyncapi.json"
SCHEMAS = DOCS / "schemas"

HEADERS = {
    "ce_specversion": "1.0",
    "ce_id": "UUIDv7, stable over retries; also the webhook-id of deliveries",
    "ce_source": "the service that says it",
    "ce_type": "name and version of the event",
    "ce_subject": "referral id, or endpoint id; also the key, which keeps the order",
    "ce_time": "RFC 3339, UTC",
    "ce_correlationid": "from the request that caused it",
    "ce_council": "ONS code of the council, absent where not known",
    "ce_urgency": "whether the child is in danger now: yes, no or not_known",
    "ce_audience": "slugs of the agencies that may see it, space-separated; stripped from the feed",
    "ce_traceparent": "W3C trace context of what caused it, absent where nothing is traced; not in the feed",
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each event's payload by the event's type."""
    return {fact.type: _schema(fact) for fact in FACTS}


def _schema(fact: type[Fact]) -> dict[str, Any]:
    schema = fact.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": fact.type, **schema}


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3 document: a channel per service and one for the lane, a message per event."""
    sources = sorted({fact.source for fact in FACTS})
    channels = {source: [fact for fact in FACTS if fact.source == source] for source in sources}
    channels[ReferralSubmitted.source + LANE] = [ReferralSubmitted]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of the Front Door",
            "version": "1",
            "description": "Events point, they do not carry.",
        },
        "channels": {
            _name(channel): {
                "address": topic_of(channel),
                "messages": {fact.__name__: {"$ref": f"#/components/messages/{fact.__name__}"} for fact in facts},
            }
            for channel, facts in channels.items()
        },
        "operations": {
            f"send_{_name(channel)}": {"action": "send", "channel": {"$ref": f"#/channels/{_name(channel)}"}}
            for channel in channels
        },
        "components": {"messages": {fact.__name__: _message(fact) for fact in FACTS}},
    }


def _name(channel: str) -> str:
    """Return what AsyncAPI can call a channel: its keys have no dots."""
    return channel.replace(".", "_")


def _message(fact: type[Fact]) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": text} for name, text in HEADERS.items()}
    return {
        "name": fact.type,
        "summary": (fact.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/json",
        "headers": {"type": "object", "properties": properties},
        "payload": {"$ref": f"./schemas/{fact.type}.json"},
    }


def breaks(published: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what of a published version no longer holds: fields gone, changed, or newly required."""
    before, after = published["properties"], now["properties"]
    gone = [f"{name} is gone" for name in before if name not in after]
    changed = [f"{name} changed" for name in before if name in after and _kind(before[name]) != _kind(after[name])]
    required = set(now.get("required", ())) - set(published.get("required", ()))
    return gone + changed + [f"{name} is newly required" for name in sorted(required)]


def _kind(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in ("description", "title")}


def write() -> int:
    """Write document and schemas; refuses to change what a published version promises."""
    SCHEMAS.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        path = SCHEMAS / f"{name}.json"
        broken = breaks(json.loads(path.read_text()), schema) if path.exists() else []
        if broken:
            sys.stderr.write(f"{name}: {', '.join(broken)}. Make a new version of the event.\n")
            return 1
        path.write_text(as_text(schema))
    ASYNCAPI.write_text(as_text(document()))
    return 0


def as_text(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(write())
