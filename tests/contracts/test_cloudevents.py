"""Our events on the wire, read and written by the package `cloudevents` as an independent party."""

import json
from datetime import UTC

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.events import FACTS, Event, Poison, decode, encode

FORMAT = JSONFormat()
SLUGS = st.lists(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True), max_size=3).map(tuple)
HEADER_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
EVENTS = st.builds(
    Event,
    st.one_of(*(st.builds(fact) for fact in FACTS)),
    audience=SLUGS,
    council=st.none() | st.from_regex(r"E[0-9]{8}", fullmatch=True),
    urgency=st.sampled_from(["yes", "no", "not_known", None]),
    time=st.datetimes(timezones=st.just(UTC)),
    correlation_id=HEADER_TEXT,
    traceparent=st.none() | HEADER_TEXT,
)


def read_by_package(headers: dict[str, str], payload: bytes) -> CloudEvent:
    raw = KafkaMessage({name: value.encode() for name, value in headers.items()}, None, payload)
    cloud = from_binary(raw, FORMAT, CloudEvent)
    assert isinstance(cloud, CloudEvent)
    return cloud


@given(event=EVENTS)
def test_the_package_reads_what_was_said(event: Event) -> None:
    """Every attribute, extension and value arrives; what is not known is absent."""
    cloud = read_by_package(*encode(event))
    said = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.fact.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": "application/json",
        "correlationid": event.correlation_id,
        "council": event.council,
        "urgency": event.urgency,
        "audience": " ".join(event.audience) or None,
        "traceparent": event.traceparent,
    }
    assert cloud.get_attributes() == {name: value for name, value in said.items() if value is not None}
    assert cloud.get_data() == json.loads(event.fact.model_dump_json())


@given(event=EVENTS)
def test_what_the_package_writes_is_the_same_event(event: Event) -> None:
    """The package's headers are ours, and its bytes are read as the event that we wrote."""
    headers, payload = encode(event)
    written = to_binary(read_by_package(headers, payload), FORMAT)
    assert {name: value.decode() for name, value in written.headers.items()} == headers
    assert decode(headers, written.value) == decode(headers, payload) == event


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", "0.3"),
        ("ce_id", "not-an-id"),
        ("ce_source", "elsewhere"),
        ("ce_type", "uk.frontdoor.case.opened.v9"),
        ("ce_subject", "0198f2a0-0000-7000-8000-000000000001"),
        ("ce_time", "2026-11-22T10:00:00"),
        ("content-type", "text/plain"),
    ],
)
@given(event=EVENTS)
def test_an_envelope_that_does_not_fit_is_poison(name: str, value: str, event: Event) -> None:
    """A required attribute that is wrong or missing is refused, whatever the payload."""
    headers, payload = encode(event)
    for wrong in ({**headers, name: value}, {other: headers[other] for other in headers if other != name}):
        with pytest.raises(Poison):
            decode(wrong, payload)
