"""What a process counts as it works; every process shows its own under `/metrics`. No label ever holds an id."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()

request_seconds = Histogram(
    "frontdoor_request_duration_seconds",
    "Time from a request to the end of its answer; `status` is its class, as `2xx`.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35),
    registry=REGISTRY,
)
requests_refused = Counter(
    "frontdoor_requests_refused",
    "Requests answered 429, by the allowance that was used up, `failed_proofs` or `waits`.",
    ("allowance",),
    registry=REGISTRY,
)
events_consumed = Counter(
    "frontdoor_events_consumed",
    "Events that a consumer took: `applied`, `repeated`, `refused`, `ignored` (not its own), `set_aside` or `dead`.",
    ("reader", "type", "outcome"),
    registry=REGISTRY,
)
delivery_attempts = Counter(
    "frontdoor_delivery_attempts",
    "Attempts to deliver a webhook, by the state that they took the delivery to.",
    ("state",),
    registry=REGISTRY,
)
connections_closed = Counter(
    "frontdoor_connections_closed",
    "Connections whose callers took too long, by what was awaited: `head`, `body`, `upload`, `unread`; or `crowded`.",
    ("state",),
    registry=REGISTRY,
)
steps_failed = Counter(
    "frontdoor_case_steps_failed",
    "What failed on a case and stood in nobody's way: a step of `unfinished`, a `clock`, `colour_clock` or `returned`.",
    ("step",),
    registry=REGISTRY,
)

STALE_SECONDS = 30.0


@dataclass(frozen=True)
class Position:
    lag: int
    age_seconds: float
    observed_at: float


class ConsumerPositions(Collector):
    """Where this process's Kafka consumers stand.

    A partition that its consumer no longer tells of, while it tells of others, was taken from it and is forgotten. A
    consumer that tells of nothing any more keeps what it said last, and its silence shows in the time of that.
    """

    def __init__(self) -> None:
        self._by_reader: dict[str, dict[tuple[str, int], Position]] = {}

    def observe(self, reader: str, topic: str, partition: int, position: Position) -> None:
        known = self._by_reader.setdefault(reader, {})
        known[topic, partition] = position
        for key in [k for k, p in known.items() if p.observed_at < position.observed_at - STALE_SECONDS]:
            del known[key]

    def collect(self) -> Iterable[Metric]:
        labels = ("reader", "topic", "partition")
        lag = GaugeMetricFamily("frontdoor_consumer_lag", "Records of a partition not yet taken.", labels=labels)
        age = GaugeMetricFamily(
            "frontdoor_consumer_age_seconds", "How far behind a consumer is, in the time of the records.", labels=labels
        )
        heard = GaugeMetricFamily(
            "frontdoor_consumer_observed_timestamp_seconds", "When a consumer last told where it is.", labels=["reader"]
        )
        for reader, known in self._by_reader.items():
            for (topic, partition), position in known.items():
                place = (reader, topic, str(partition))
                lag.add_metric(place, position.lag)
                age.add_metric(place, position.age_seconds)
            heard.add_metric([reader], max(position.observed_at for position in known.values()))
        return lag, age, heard


_positions = ConsumerPositions()
REGISTRY.register(_positions)


def observe_consumer(reader: str, topic: str, partition: int, lag: int, age_seconds: float) -> None:
    """Tell where a Kafka consumer stands: after each batch, and about once a second while there is none."""
    _positions.observe(reader, topic, partition, Position(lag, age_seconds, time.time()))
