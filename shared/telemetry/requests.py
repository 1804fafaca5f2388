"""Counts, times, logs and traces each request by its route's template; runs in every process that serves HTTP."""

from time import perf_counter

from opentelemetry.trace import Span, SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry.logs import log
from shared.telemetry.metrics import request_seconds
from shared.telemetry.traces import HEADER, continued, is_tracing, span

ASKED_ALL_THE_TIME = frozenset({"/health/live", "/health/ready", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ELSEWHERE = "other"
BROKEN_STATUS = 500


class Requests:
    """Pure ASGI middleware, to stand inside the one that sets the correlation id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), BROKEN_STATUS
        method = scope["method"] if scope["method"] in METHODS else ELSEWHERE

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with continued(_given_trace(scope)), span(method, SpanKind.SERVER) as opened:
            try:
                await self.app(scope, receive, send_noted)
            finally:
                _note(method, _route(scope), status, perf_counter() - started, opened)


def _given_trace(scope: Scope) -> str:
    if not is_tracing():
        return ""
    wanted = HEADER.encode()
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _route(scope: Scope) -> str:
    """Return the template of the route: a path may hold an id, and anybody can make up more of them."""
    return getattr(scope.get("route"), "path", ELSEWHERE)


def _note(method: str, route: str, status: int, seconds: float, opened: Span | None) -> None:
    request_seconds.labels(method, route, f"{status // 100}xx").observe(seconds)
    if route not in ASKED_ALL_THE_TIME:
        log.info("request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 1))
    if opened is not None:
        opened.update_name(f"{method} {route}")
        opened.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
