"""What a process tells of itself: logs without values, requests by template, gauges; none of it personal."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from prometheus_client.parser import text_string_to_metric_families

from shared.db import Database, open_database, transaction
from shared.events import CaseOpened, Event, encode
from shared.http.metrics import metrics
from shared.http.service import Resources, Service, new_application
from shared.inbox import Entry, consume, nothing_to_prepare
from shared.outbox import Message, emit, open_cursor, read_round
from shared.settings.hub import Hub
from shared.telemetry import ALLOWED_KEYS
from shared.telemetry.metrics import ConsumerPositions, Position
from shared.vault import Vault
from tests.conftest import ROOT, OpenDatabase
from tests.factories import case_opened
from tests.fakes import eventually, serving, verifier
from tests.notifications.receiver import open_receiver
from tests.shared.logging_process import CANARY

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def service_of(name: str, db: Database, hub: Hub) -> Service:
    async def rest() -> None: ...

    return Service(name, Resources(db, Vault(b"v" * 32, b"i" * 32), hub, db), APIRouter(), rest)


def sample(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


async def scrape(http: httpx.AsyncClient) -> Samples:
    reply = await http.get("/metrics")
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(reply.text)
        for one in family.samples
    }


@pytest.fixture
async def db(open_service: OpenDatabase) -> Database:
    return await open_service("shared")


@pytest.fixture
async def http(db: Database, hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """Serve two services' metrics, the second without a database, and a few routes to count."""
    router = APIRouter()

    @router.get("/records/{record_id}")
    async def get_record(record_id: str) -> str:
        return record_id

    @router.get("/broken/{record_id}")
    async def get_broken(record_id: str) -> None:
        raise ValueError(record_id)

    away = open_database("postgresql+asyncpg://nobody@127.0.0.1:9/nowhere")
    shown = metrics([service_of("here", db, hub), service_of("away", away, hub)])
    async with serving(new_application("Test", "1", verifier(), router, shown)) as client:
        yield client


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """Give the log of a process that met a child's name in every way."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.shared.logging_process"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert CANARY not in ran.stderr + ran.stdout
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_a_log_has_allowed_keys_alone(lines: list[dict[str, Any]]) -> None:
    """Whatever is passed to a line, a key that is not on the list does not come out."""
    written = next(line for line in lines if line["event"] == "written")
    assert written.keys() == {"event", "level", "timestamp", "reference"}
    assert all(line.keys() <= ALLOWED_KEYS for line in lines)


def test_an_error_is_logged_by_its_type_and_place(lines: list[dict[str, Any]]) -> None:
    """Errors of ours, of a library and of a task that nobody awaited say where, not what."""
    broken = [line for line in lines if line["level"] == "error"]
    assert [line.get("logger", "") for line in broken] == ["", "library", "", "asyncio"]
    assert {line["error"] for line in broken} == {"ValueError"}
    assert all(re.fullmatch(r"logging_process\.py:\d+", line["where"]) for line in broken)


def test_a_request_is_logged_by_its_template(lines: list[dict[str, Any]]) -> None:
    """Method, template, status, duration and correlation id; never the path that was asked for."""
    requests = [line for line in lines if line["event"] == "request"]
    told = [(line["method"], line["route"], line["status"]) for line in requests]
    assert told == [("GET", "/children/{name}", 200), ("GET", "/broken/{name}", 500), ("GET", "other", 404)]
    assert {line["correlation_id"] for line in requests} == {"partner-7"}
    assert all(line["duration_ms"] >= 0 for line in requests)


def test_what_nobody_expected_is_logged_under_its_correlation_id(lines: list[dict[str, Any]]) -> None:
    """The line about a fault of ours can be found by the id that the caller was told."""
    (unexpected,) = [line for line in lines if line["event"] == "unexpected error"]
    assert unexpected["correlation_id"] == "partner-7"


async def test_the_answer_to_a_fault_of_ours_carries_its_correlation_id(http: httpx.AsyncClient) -> None:
    """A 500 has the id in header and body, and is not to be kept."""
    reply = await http.get("/broken/1", headers={"X-Correlation-Id": "partner-8"})
    assert (reply.status_code, reply.json()["correlation_id"]) == (500, "partner-8")
    assert (reply.headers["X-Correlation-Id"], reply.headers["Cache-Control"]) == ("partner-8", "no-store")


async def test_requests_are_counted_by_template_and_class(http: httpx.AsyncClient) -> None:
    """Two records are one series; what is no route, and no method of ours, makes none of its own."""
    name = "frontdoor_request_duration_seconds_count"
    places = [
        {"method": "GET", "route": "/records/{record_id}", "status": "2xx"},
        {"method": "GET", "route": "/broken/{record_id}", "status": "5xx"},
        {"method": "other", "route": "other", "status": "4xx"},
    ]
    before = await scrape(http)
    for path in ("/records/1", "/records/2", "/broken/1"):
        await http.get(path)
    await http.request("BREW", "/coffee")
    after = await scrape(http)
    grown = [(sample(after, name, **place) or 0) - (sample(before, name, **place) or 0) for place in places]
    assert grown == [2, 1, 1]


async def test_a_database_that_is_away_does_not_end_a_scrape(http: httpx.AsyncClient) -> None:
    """The others are shown, and that one does not answer is shown too."""
    samples = await scrape(http)
    assert sample(samples, "frontdoor_database_answers", service="here") == 1
    assert sample(samples, "frontdoor_database_answers", service="away") == 0
    assert sample(samples, "frontdoor_oldest_write_transaction_seconds", service="here") == 0
    assert sample(samples, "frontdoor_oldest_write_transaction_seconds", service="away") is None


async def test_the_backlog_is_what_a_reader_would_still_be_handed(http: httpx.AsyncClient, db: Database) -> None:
    """Before, in the middle of and after a round, and for events that come while it lasts."""

    async def shows(backlog: int) -> bool:
        samples = await scrape(http)
        waiting = sample(samples, "frontdoor_outbox_backlog", service="here", reader="r")
        age = sample(samples, "frontdoor_outbox_oldest_unread_seconds", service="here", reader="r") or 0
        return waiting == backlog and (age > 0) == (backlog > 0)

    async def take_two(messages: Sequence[Message]) -> int:
        return min(2, len(messages))

    async with db.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        cursor = await open_cursor(connection, "r")
        async with transaction(db) as session:
            await emit(session, *(Event(case_opened()) for _ in range(5)))
        await eventually(lambda: shows(5))
        await read_round(connection, cursor, take_two)
        await eventually(lambda: shows(3))
        async with transaction(db) as session:
            await emit(session, Event(case_opened()))
        await eventually(lambda: shows(4))
        while await read_round(connection, cursor, take_two):
            pass
        await eventually(lambda: shows(0))


async def test_an_open_write_transaction_shows_its_age(http: httpx.AsyncClient, db: Database) -> None:
    """It is what holds readers' horizons back."""

    async def age() -> float:
        return sample(await scrape(http), "frontdoor_oldest_write_transaction_seconds", service="here") or 0

    assert await age() == 0
    async with transaction(db) as session:
        await emit(session, Event(case_opened()))
        assert await eventually(age) > 0


async def test_outcomes_of_events_are_counted(http: httpx.AsyncClient, db: Database) -> None:
    """Applied, repeated, not ours, and dead; dead letters show by state and type."""

    async def apply(*_: object) -> None: ...

    async def count() -> dict[str, float]:
        samples = await scrape(http)
        return {
            outcome: sample(samples, "frontdoor_events_consumed_total", reader="telling", type=kind, outcome=outcome)
            or 0
            for outcome, kind in outcomes
        }

    opened = CaseOpened.type
    outcomes = [("applied", opened), ("repeated", opened), ("ignored", opened), ("dead", "unknown")]
    event = Event(case_opened())
    good, bad = Message(*encode(event)), Message({"ce_type": CANARY}, b"{")
    await consume(db, "telling", {opened: Entry(apply, nothing_to_prepare)}, [good, bad])
    await consume(db, "telling", {opened: Entry(apply)}, [good])
    await consume(db, "telling", {}, [good])
    assert await count() == {"applied": 1, "repeated": 1, "ignored": 1, "dead": 1}
    assert CANARY not in (await http.get("/metrics")).text
    await eventually(lambda: dead_letters_are(http, 1))


async def dead_letters_are(http: httpx.AsyncClient, number: int) -> bool:
    return sample(await scrape(http), "frontdoor_dead_letters", service="here", state="dead", type="unknown") == number


def test_a_partition_that_went_to_another_is_forgotten() -> None:
    """A consumer that tells of others no longer has it; one that is silent keeps what it said last."""
    positions = ConsumerPositions()
    positions.observe("triage", "frontdoor.referrals", 0, Position(7, 3.5, observed_at=100))
    positions.observe("triage", "frontdoor.referrals", 1, Position(0, 0.0, observed_at=120))
    lag, age, heard = positions.collect()
    assert {(one.labels["partition"], one.value) for one in lag.samples} == {("0", 7), ("1", 0)}
    assert {one.value for one in age.samples} == {3.5, 0}
    assert [one.value for one in heard.samples] == [120]
    positions.observe("triage", "frontdoor.referrals", 1, Position(0, 0.0, observed_at=131))
    assert {one.labels["partition"] for one in next(iter(positions.collect())).samples} == {"1"}


async def test_spans_reach_the_collector_before_a_process_ends() -> None:
    """They are posted as OTLP to the endpoint of the setting, named by the service; an error shows as its type."""
    program = """
import sys
from contextlib import suppress
from opentelemetry.trace import SpanKind
from shared.telemetry.traces import export_traces, span
export_traces(sys.argv[1], "triage")
with suppress(ValueError), span("reading", SpanKind.INTERNAL):
    int(sys.argv[2])
"""
    async with open_receiver() as collector:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, collector.base, CANARY, cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    (posted,) = collector.at("/v1/traces")
    assert all(word in posted.body for word in (b"frontdoor-triage", b"reading", b"ValueError"))
    assert CANARY.encode() not in posted.body
