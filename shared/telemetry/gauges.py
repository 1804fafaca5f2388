"""What only a service's database knows, asked when `/metrics` is: each query is capped, and all of them have a limit.

Runs in every process that serves HTTP.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Executable, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database, is_away
from shared.events import BY_TYPE
from shared.telemetry.logs import log

PATIENCE_SECONDS = 2.0
KEPT_SECONDS = 1.0
MOST = 10_000
"""Nothing is counted further than this: a gauge that shows it means `at least`."""


@dataclass(frozen=True)
class GaugeQuery:
    """Rows of label values and then gauges: `labels` and `gauges` (name to meaning) are its columns, in order.

    A gauge that is NULL is not shown.
    """

    statement: Executable
    gauges: Mapping[str, str]
    labels: tuple[str, ...] = ()


# The rows that a reader has yet to take are those that `seen` does not see, less the part of the round already taken;
# a lane's are found by an index of their own, however long it has had nothing to take.
_UNREAD = text(
    """
    SELECT c.reader, u.count, coalesce(extract(epoch FROM clock_timestamp() - u.oldest), 0)
    FROM outbox_cursor c
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, min(created_at) AS oldest FROM (
            SELECT o.created_at FROM (
                SELECT xid, position, created_at FROM outbox WHERE c.reader NOT LIKE '%.urgent'
                UNION ALL
                SELECT xid, position, created_at FROM outbox WHERE urgent AND c.reader LIKE '%.urgent') o
            WHERE o.xid >= pg_snapshot_xmin(c.seen) AND NOT pg_visible_in_snapshot(o.xid, c.seen)
              AND (c.position = 0 OR o.position > c.position OR NOT pg_visible_in_snapshot(o.xid, c.upto))
            ORDER BY o.xid LIMIT :most) unread) u
    """
).bindparams(most=MOST)
_OLDEST_WRITER = text(
    """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
    FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL
    """
)
_DEAD_LETTERS = text(
    """
    SELECT s.state, l.type, count(*)
    FROM unnest(ARRAY['waiting', 'dead', 'replay', 'dropped']) s (state)
    CROSS JOIN LATERAL (
        SELECT coalesce(t.type, 'unknown') AS type
        FROM dead_letters d LEFT JOIN unnest(CAST(:types AS text[])) t (type) ON t.type = d.headers ->> 'ce_type'
        WHERE d.state = s.state LIMIT :most) l
    GROUP BY s.state, l.type
    """
).bindparams(types=list(BY_TYPE), most=MOST)

OF_EVERY_SERVICE = (
    GaugeQuery(
        _UNREAD,
        {
            "frontdoor_outbox_backlog": "Events of the outbox that a reader has yet to take, counted up to 10,000.",
            "frontdoor_outbox_oldest_unread_seconds": "Age of the oldest event that a reader has yet to take.",
        },
        ("reader",),
    ),
    GaugeQuery(
        _OLDEST_WRITER,
        {"frontdoor_oldest_write_transaction_seconds": "Age of the oldest write transaction still open."},
    ),
    GaugeQuery(
        _DEAD_LETTERS,
        {"frontdoor_dead_letters": "Events set aside, by state and type, counted up to 10,000 of each state."},
        ("state", "type"),
    ),
)

ANSWERS = "frontdoor_database_answers"
ANSWERS_MEANING = "1 while the service's database answered for all of its gauges in time, else 0."


@dataclass
class ServiceGauges:
    """The gauges of one service; asked at most once a second, however often they are shown."""

    service: str
    db: Database
    queries: Sequence[GaugeQuery]
    _shown: Sequence[Metric] = ()
    _asked_at: float = -KEPT_SECONDS
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> Sequence[Metric]:
        """Return what the database says now, or that it does not answer: a scrape has to end either way."""
        async with self._asking:
            if monotonic() - self._asked_at >= KEPT_SECONDS:
                self._shown = await self._ask()
                self._asked_at = monotonic()
            return self._shown

    async def _ask(self) -> Sequence[Metric]:
        shown: list[Metric] = []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self.db.engine.connect() as connection:
                for query in (*OF_EVERY_SERVICE, *self.queries):
                    shown += await _ask_one(connection, self.service, query)
        except (SQLAlchemyError, OSError) as error:
            if not is_away(error):
                raise
            log.warning("gauges not read", service=self.service, error=type(error).__name__)
            return [_answers(self.service, 0)]
        return [*shown, _answers(self.service, 1)]


async def _ask_one(connection: AsyncConnection, service: str, query: GaugeQuery) -> Iterable[Metric]:
    labels = ("service", *query.labels)
    families = [GaugeMetricFamily(name, meaning, labels=labels) for name, meaning in query.gauges.items()]
    for row in await connection.execute(query.statement):
        place = (service, *row[: len(query.labels)])
        for family, value in zip(families, row[len(query.labels) :], strict=True):
            if value is not None:
                family.add_metric(place, float(value))
    return families


def _answers(service: str, value: int) -> Metric:
    family = GaugeMetricFamily(ANSWERS, ANSWERS_MEANING, labels=("service",))
    family.add_metric((service,), value)
    return family
