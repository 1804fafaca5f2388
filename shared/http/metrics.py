"""`GET /metrics` in Prometheus' text format: what the process counted, and what its services' databases say now."""

import asyncio
from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from shared.http.background import background
from shared.http.service import Service
from shared.security import public
from shared.telemetry.gauges import ServiceGauges
from shared.telemetry.metrics import REGISTRY
from shared.telemetry.stalls import watch_loop


class _Scrape(Collector):
    """One answer: families of the same name become one, as the format asks."""

    def __init__(self, gauges: Iterable[Metric]) -> None:
        self._families: dict[str, Metric] = {}
        for gauge in gauges:
            family = self._families.setdefault(gauge.name, Metric(gauge.name, gauge.documentation, gauge.type))
            family.samples.extend(gauge.samples)

    def collect(self) -> Iterable[Metric]:
        yield from REGISTRY.collect()
        yield from self._families.values()


def metrics(services: Sequence[Service]) -> APIRouter:
    """Return `/metrics` for all of these services. It holds no personal data, and is not for the public either."""
    router = APIRouter(dependencies=[public("counts; the gateway keeps them inside")])
    router.include_router(background("front-door", watch_loop))
    asked = [ServiceGauges(service.name, service.resources.db, service.gauges) for service in services]

    @router.get("/metrics", include_in_schema=False)
    async def get_metrics() -> Response:
        read = await asyncio.gather(*(gauges.read() for gauges in asked))
        scrape = _Scrape(metric for shown in read for metric in shown)
        return Response(generate_latest(scrape), media_type=CONTENT_TYPE_LATEST)

    return router
