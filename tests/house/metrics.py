"""Prints the table of docs/metrics.md from the code: `python -m tests.house.metrics`. The house tests compare."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.notifications.queries import GAUGES as NOTIFICATIONS
from services.triage.queries.gauges import GAUGES as TRIAGE
from shared.telemetry.gauges import ANSWERS, ANSWERS_MEANING, OF_EVERY_SERVICE, GaugeQuery
from shared.telemetry.metrics import (
    REGISTRY,
    connections_closed,
    delivery_attempts,
    events_consumed,
    observe_consumer,
    request_seconds,
    requests_refused,
    steps_failed,
)
from shared.telemetry.stalls import longest_stall

OF_ONE_SERVICE = {"frontdoor_delivery_attempts": "notifications", "frontdoor_case_steps_failed": "triage"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


@dataclass(frozen=True)
class Shown:
    """A metric as `/metrics` shows it, and by whom: `every` process or one service's."""

    name: str
    kind: str
    labels: tuple[str, ...]
    by: str
    meaning: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names by which a query can ask for it."""
        return tuple(self.name + suffix for suffix in SUFFIXES[self.kind])

    @property
    def row(self) -> str:
        name = self.name + ("_total" if self.kind == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in self.labels)
        return f"| `{name}` | {self.kind} | {labels} | {self.by} | {self.meaning} |"


def shown() -> Sequence[Shown]:
    """Return every metric; those that a process counts are touched once, so that their labels can be seen."""
    answers = Shown(ANSWERS, "gauge", ("service",), "every", ANSWERS_MEANING)
    return [*_counted(), answers, *_asked("every", OF_EVERY_SERVICE), *_asked("triage", TRIAGE),
            *_asked("notifications", NOTIFICATIONS)]  # fmt: skip


def _counted() -> Iterator[Shown]:
    request_seconds.labels("GET", "/health/live", "2xx").observe(0)
    events_consumed.labels("triage", "unknown", "dead").inc(0)
    delivery_attempts.labels("delivered").inc(0)
    connections_closed.labels("head").inc(0)
    requests_refused.labels("submissions").inc(0)
    steps_failed.labels("people").inc(0)
    observe_consumer("triage", "frontdoor.referrals", 0, 0, 0.0)
    longest_stall.observe(0.0, at=0.0)
    for family in REGISTRY.collect():
        labels = tuple(label for label in family.samples[0].labels if label != "le")
        by = OF_ONE_SERVICE.get(family.name, "every")
        yield Shown(family.name, family.type, labels, by, family.documentation)


def _asked(service: str, queries: Sequence[GaugeQuery]) -> Iterator[Shown]:
    for query in queries:
        for name, meaning in query.gauges.items():
            yield Shown(name, "gauge", ("service", *query.labels), service, meaning)


if __name__ == "__main__":
    sys.stdout.writelines(f"{metric.row}\n" for metric in shown())
