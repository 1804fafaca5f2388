"""Renders every `Problem` once, as RFC 9457, and wraps each request in its correlation id and security headers."""

import re
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db import is_away
from shared.http.limits import limit_headers
from shared.http.validation import ERRORS_NAMED, field_errors
from shared.problems import (
    BadRequest,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from shared.security import public
from shared.telemetry import correlation_id, log, new_correlation_id, where_raised

PROBLEM_DOCS = "/problems"
RETRY_SECONDS = 5
HSTS = "max-age=31536000"
HUNG_UP = 499
"""No caller reads this status; logs and metrics count it as the caller's doing, as proxies do."""
GOOD_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


BY_STATUS = {problem.status: problem for problem in (BadRequest, NotFound, MethodNotAllowed, TooLarge)}
"""What the framework refuses by itself, as our own problems."""


class Correlation:
    """Pure ASGI middleware: takes or makes `X-Correlation-Id`, echoes it, and forbids caching and sniffing.

    Where the front door is `secure` it tells browsers to stay on HTTPS.
    What nobody expected is answered here: further out its answer and its log line would have no correlation id.
    """

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((v for k, v in scope["headers"] if k == b"x-correlation-id"), b"").decode("latin-1")
        chosen = given if GOOD_CORRELATION_ID.fullmatch(given) else new_correlation_id()
        answered = False

        async def send_marked(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-Id"] = chosen
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    headers["Strict-Transport-Security"] = HSTS
                for name, value in limit_headers(scope):
                    headers[name] = value
            await send(message)

        token = correlation_id.set(chosen)
        try:
            await self.app(scope, receive, send_marked)
        except Exception as error:
            response = await _on_unexpected(Request(scope), error)
            if answered:
                raise
            await response(scope, receive, send_marked)
        finally:
            correlation_id.reset(token)


def problem_response(problem: Problem) -> JSONResponse:
    """Return the problem as `application/problem+json`; 401, 429 and 503 carry the header that goes with them."""
    body: dict[str, Any] = {
        "type": f"{PROBLEM_DOCS}#{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail or problem.title,
        "correlation_id": correlation_id.get(),
    }
    if problem.errors:
        body["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in problem.errors]
    body |= problem.members
    headers = {**problem.headers, **_pause_of(problem)}
    if problem.status == Unauthorized.status:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, problem.status, headers, media_type="application/problem+json")


def _pause_of(problem: Problem) -> dict[str, str]:
    return {} if problem.retry_after_seconds is None else {"Retry-After": str(problem.retry_after_seconds)}


def install_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem document that never repeats what was sent."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_hanging_up)
    app.add_exception_handler(SQLAlchemyError, _on_unexpected)
    app.add_exception_handler(OSError, _on_unexpected)
    app.add_exception_handler(Exception, _on_unexpected)


def _shown(request: Request, problem: Problem) -> Response:
    """Render the problem as its route does, which for a page is HTML; as RFC 9457 where the route says nothing."""
    show = getattr(request.scope.get("route") or _page_beside(request), "show_problem", None)
    if show is None:
        return problem_response(problem)
    response: Response = show(request, problem)
    response.headers.update(_pause_of(problem))
    return response


def _page_beside(request: Request) -> BaseRoute | None:
    """Return a page under the same first name in the path, for what is no route at all."""
    routes = (found.original_route for found in iter_route_contexts(request.app.routes))
    pages = (route for route in routes if hasattr(route, "show_problem"))
    first = _first_name(request.scope["path"])
    return next((page for page in pages if _first_name(getattr(page, "path", "")) == first), None)


def _first_name(path: str) -> str:
    return path.strip("/").partition("/")[0]


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for nothing else
    return _shown(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    """Paths that name nothing are 404; query and header parameters are named, without their value."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    found = error.errors()[:ERRORS_NAMED]
    if any(e["loc"][0] == "path" for e in found):
        return _shown(request, NotFound())
    return _shown(request, Invalid("Correct the fields named.", errors=field_errors(found)))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    problem = BY_STATUS.get(error.status_code, BadRequest)()
    response = _shown(request, problem)
    response.headers.update(error.headers or {})
    if error.status_code == MethodNotAllowed.status:
        response.headers["Allow"] = ", ".join(sorted(_methods(request)))
    return response


def _methods(request: Request) -> set[str]:
    """Return what may be asked of a path, whichever of its routes answers."""
    routes = [route for route in iter_route_contexts(request.app.routes) if route.methods]
    path = request.scope["path"]
    found = {method for route in routes if _pattern(route.path or "").match(path) for method in route.methods or ()}
    return found | ({"HEAD"} if "GET" in found else set())


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


async def _on_hanging_up(_: Request, __: Exception) -> Response:
    return Response(status_code=HUNG_UP)


async def _on_unexpected(request: Request, error: Exception) -> Response:
    if is_away(error):
        log.warning("dependency away", error=type(error).__name__, route=_route(request))
        detail = "Nothing was recorded. Send the same request again, with the same Idempotency-Key."
        return _shown(request, Unavailable(detail, retry_after_seconds=RETRY_SECONDS))
    log.error("unexpected error", error=type(error).__name__, where=where_raised(error), route=_route(request))
    return _shown(request, Problem("This is our fault, and logged under the correlation id."))


def _route(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", "unknown")


def problems_page() -> str:
    """Return docs/problems.md: every problem that can be met, from the classes themselves."""
    lines = ["# Problems", "", "Errors are `application/problem+json` (RFC 9457); `type` points here.", ""]
    for problem in sorted(_problems(Problem), key=lambda found: found.slug):
        meaning = " ".join((problem.__doc__ or "").split())
        lines += [f"## {problem.slug}", "", f"**{problem.title}** ({problem.status}). {meaning}", ""]
    return "\n".join(lines)


def _problems(problem: type[Problem]) -> set[type[Problem]]:
    return {problem}.union(*(_problems(narrower) for narrower in problem.__subclasses__()))


def problems_router() -> APIRouter:
    """Return the route that makes the `type` of a problem resolve."""
    router = APIRouter(dependencies=[public("explanations of errors")])

    @router.get(PROBLEM_DOCS, include_in_schema=False)
    async def get_problems() -> PlainTextResponse:
        return PlainTextResponse(problems_page(), media_type="text/markdown; charset=utf-8")

    return router
