"""Deliveries as `/metrics` shows them, and one trace from a request to the webhook that follows from it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace import TracerProvider as Sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.app import build
from services.notifications.queries import GAUGES
from shared.db import Database
from shared.events import Event
from shared.http.background import background
from shared.http.service import new_application, session_of
from shared.inbox import consume
from shared.outbox import emit, follow
from shared.settings.hub import Hub
from shared.telemetry.gauges import ServiceGauges
from shared.telemetry.metrics import REGISTRY
from shared.telemetry.traces import trace_with
from shared.vault import Vault
from tests.fakes import serving, verifier
from tests.notifications.configuration import new_settings
from tests.notifications.conftest import NewCourier
from tests.notifications.receiver import Receiver, status
from tests.notifications.telling import SCHOOL, Story, register, tell

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CANARY = "Quillfeather"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Keep in memory what is traced."""
    exporter = InMemorySpanExporter()
    provider = Sdk()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_with(provider)
    yield exporter
    trace_with(None)


@asynccontextmanager
async def submitting(db: Database, hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """Serve notifications with a route that announces a submitted referral, and carry its events from the outbox."""
    service = build(new_settings(db.engine.url.render_as_string(hide_password=False)), hub)
    router = APIRouter()

    @router.post("/submissions/{name}")
    async def post_submission(session: Annotated[AsyncSession, session_of("notifications")]) -> None:
        await emit(session, Event(Story().submitted().fact, (SCHOOL,), urgency="no"))

    app = new_application("Test", "1", verifier(), service.router, router, background("notifications", service.work))
    hand_on = partial(consume, service.resources.db, "notifications", service.entries["referrals"])
    async with serving(app) as http:
        carrying = asyncio.create_task(follow(service.resources.db, "notifications", hand_on))
        try:
            yield http
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)


async def finished(spans: InMemorySpanExporter, kind: SpanKind) -> ReadableSpan:
    async with asyncio.timeout(20):
        while not (found := [one for one in spans.get_finished_spans() if one.kind is kind]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    (only,) = found
    return only


async def test_one_trace_spans_request_consumer_and_webhook(
    db: Database, hub: Hub, vault: Vault, receiver: Receiver, spans: InMemorySpanExporter
) -> None:
    """Each span is the child of the one before, from the caller's own to the header that the receiver gets."""
    await register(db, vault, SCHOOL, f"{receiver.base}/told")
    async with submitting(db, hub) as http:
        await http.post(f"/submissions/{CANARY}", headers={"traceparent": CALLER, "User-Agent": CANARY})
        (told,) = await receiver.until(1)
        way = [await finished(spans, kind) for kind in (SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.CLIENT)]
    assert [one.name for one in way] == [
        "POST /submissions/{name}",
        "notifications uk.frontdoor.referral.submitted.v1",
        "POST webhook",
    ]
    ids = [(f"{one.context.trace_id:032x}", f"{one.context.span_id:016x}") for one in way if one.context]
    assert {trace_id for trace_id, _ in ids} == {CALLER.split("-")[1]}
    parents = [f"{one.parent.span_id:016x}" for one in way if one.parent]
    assert parents == [CALLER.split("-")[2], ids[0][1], ids[1][1]]
    assert told.headers["traceparent"] == f"00-{ids[2][0]}-{ids[2][1]}-01"
    assert CANARY not in "".join(one.to_json() for one in spans.get_finished_spans())


async def test_nothing_is_traced_unless_it_is_asked_for(
    db: Database, hub: Hub, vault: Vault, receiver: Receiver
) -> None:
    """Without a collector no trace is carried, whatever the caller sends."""
    await register(db, vault, SCHOOL, f"{receiver.base}/told")
    async with submitting(db, hub) as http:
        await http.post(f"/submissions/{CANARY}", headers={"traceparent": CALLER})
        (told,) = await receiver.until(1)
    assert "traceparent" not in told.headers


async def test_deliveries_are_shown_by_state(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """One is retried, the next about the same referral waits; an attempt counts by the state it led to."""
    await register(db, vault, SCHOOL, f"{receiver.base}/told")
    receiver.answers["/told"] = [status(503)]
    story = Story()
    await tell(db, story.submitted(), story.opened())
    before = retries()
    courier = await new_courier()
    async with courier.running():
        await receiver.until(1)
        await courier.settle()
    read = await ServiceGauges("notifications", db, GAUGES).read()
    (deliveries,) = (family for family in read if family.name == "frontdoor_deliveries")
    shown = {one.labels["state"]: one.value for one in deliveries.samples}
    assert shown == {"scheduled": 1, "leased": 0, "retrying": 1, "dead": 0}
    assert retries() - before == 1


def retries() -> float:
    return REGISTRY.get_sample_value("frontdoor_delivery_attempts_total", {"state": "retrying"}) or 0
