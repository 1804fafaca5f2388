"""What HTTP asks of every server: HEAD, methods, hosts, encodings, and callers who hang up."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from structlog.testing import capture_logs

from shared.http.answers import JsonBody
from shared.http.manners import host_in
from shared.http.routes import StrictRoute
from shared.http.service import new_application
from shared.security import Verifier, public
from shared.settings.hosts import HostSettings
from shared.telemetry.metrics import REGISTRY
from tests.fakes import serving

OPEN = [public("a test")]
router = APIRouter(route_class=StrictRoute, dependencies=OPEN)


@router.get("/v1/records")
async def list_records() -> dict[str, str]:
    return {"name": "é"}


@router.post("/v1/records", status_code=201)
async def post_record(body: JsonBody) -> Any:
    return body


@router.get("/v1/records/{record_id}")
async def get_record(record_id: str) -> str:
    return record_id


@asynccontextmanager
async def served(issuer: str = "http://front-door.test", *hosts: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(new_application("Test", "1", Verifier(issuer, ()), router, hosts=hosts)) as http:
        yield http


async def test_head_answers_as_get_without_a_body() -> None:
    """Status and headers are those of GET, where something is and where nothing is."""
    async with served() as http:
        for path in ("/v1/records", "/problems", "/nowhere"):
            whole, head = await http.get(path), await http.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            del whole.headers["x-correlation-id"], head.headers["x-correlation-id"]
            assert head.headers == whole.headers


async def test_a_wrong_method_is_told_all_that_are_right() -> None:
    """`Allow` names the methods of every route of the path."""
    async with served() as http:
        replies = [await http.put("/v1/records"), await http.delete("/v1/records/1")]
    allowed = [(reply.status_code, reply.headers["Allow"]) for reply in replies]
    assert allowed == [(405, "GET, HEAD, POST"), (405, "GET, HEAD")]


async def test_no_answer_leads_to_a_host_that_the_caller_named() -> None:
    """A path with a slash too many is not there, and nothing sends anybody elsewhere."""
    elsewhere = {"Host": "evil.example", "X-Forwarded-Proto": "https"}
    async with served() as http:
        reply = await http.post("/v1/records/", headers=elsewhere)
    assert reply.status_code == 404
    assert "evil.example" not in str(reply.headers) + reply.text


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("a.example", "/v1/records", 200),
        ("A.example:8443", "/v1/records", 200),
        ("front-door.test", "/v1/records", 200),
        ("evil.example", "/v1/records", 400),
        ("a.example.evil.example", "/v1/records", 400),
        ("[::1", "/v1/records", 400),
        ("", "/v1/records", 400),
        ("10.0.0.7:8000", "/health/live", 404),
    ],
)
async def test_where_hosts_are_named_no_other_is_served(host: str, path: str, status: int) -> None:
    """The issuer's is always among them, and what is asked inside is answered under any."""
    async with served("http://front-door.test:8000", "a.example") as http:
        reply = await http.get(path, headers={"Host": host})
    assert reply.status_code == status


def test_hosts_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """None are named unless the setting does."""
    assert HostSettings().allowed_hosts == ()
    monkeypatch.setenv("FRONTDOOR_ALLOWED_HOSTS", "a.example, b.example")
    assert HostSettings().allowed_hosts == ("a.example", "b.example")


def test_a_host_is_read_without_its_port() -> None:
    """Out of an address or a header, and none out of what is neither."""
    found = [host_in(given) for given in ("https://A.example:1/x", "a.example:1", "[::1]:1", "[", "")]
    assert found == ["a.example", "a.example", "::1", "", ""]


@pytest.mark.parametrize(("issuer", "stays"), [("https://a.example", "max-age=31536000"), ("http://a.example", None)])
async def test_browsers_stay_on_https_where_it_is_spoken(issuer: str, stays: str | None) -> None:
    """`Strict-Transport-Security` goes with an issuer under `https:` alone."""
    async with served(issuer) as http:
        assert (await http.get("/v1/records")).headers.get("Strict-Transport-Security") == stays


async def test_a_compressed_body_is_not_taken() -> None:
    """415 says so, and what is taken; `identity` names no compression."""
    async with served() as http:
        packed = await http.post("/v1/records", content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
        plain = await http.post("/v1/records", content=b"{}", headers={"Content-Encoding": "identity"})
    assert (packed.status_code, packed.headers["Accept-Encoding"]) == (415, "identity")
    assert packed.json()["type"] == "/problems#unsupported-encoding"
    assert plain.status_code == 201


async def test_a_caller_who_hangs_up_is_no_error_of_ours() -> None:
    """Nothing is logged as unexpected, and no 5xx is counted."""
    application = new_application("Test", "1", Verifier("http://front-door.test", ()), router)
    scope = {
        "type": "http", "method": "POST", "path": "/v1/records", "raw_path": b"/v1/records", "query_string": b"",
        "headers": [(b"content-length", b"9")], "state": {}, "root_path": "", "scheme": "http",
        "http_version": "1.1", "server": ("front-door.test", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    answers: list[Any] = []
    heard = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(heard)

    async def send(message: Any) -> None:
        answers.append(message)

    ours, theirs = _counted("5xx"), _counted("4xx")
    with capture_logs() as logs:
        await application(scope, receive, send)

    assert [entry["log_level"] for entry in logs if entry["log_level"] not in ("debug", "info")] == []
    assert (_counted("5xx"), _counted("4xx")) == (ours, theirs + 1)
    assert answers[0]["status"] == 499


def _counted(status: str) -> float:
    labels = {"method": "POST", "route": "/v1/records", "status": status}
    return REGISTRY.get_sample_value("frontdoor_request_duration_seconds_count", labels) or 0.0
