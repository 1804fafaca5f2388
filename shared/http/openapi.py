"""Puts the bodies that routes read strictly, and so by hand, back into the OpenAPI document."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from shared.http.routes import API
from shared.problems import TooManyRequests
from shared.security import policies_of

_REF = "#/components/schemas/{model}"
_bodies: dict[str, type[BaseModel]] = {}


ATTENTION = "A field of the body, or a name in the query, does not fit or is not known; `errors` points to each."
REQUIRED_HEADERS = frozenset({"Idempotency-Key", "If-Match"})
"""Read by hand, since their absence has a status of its own and not 422."""


class ProblemOut(BaseModel):
    """An error, as RFC 9457 has it; `errors` names each field with a JSON pointer."""

    type: str
    title: str
    status: int
    detail: str
    correlation_id: str
    errors: list[dict[str, str]] | None = None


HEADERS = {
    "Retry-After": ("integer", "Seconds until the same request may be sent again."),
    "RateLimit": (
        "string",
        'What is left of each allowance that was asked: `"reads";r=499;t=1`, `t` until there is one.',
    ),
    "RateLimit-Policy": ("string", 'Its burst, and in how many seconds all of it is back: `"reads";q=500;w=10`.'),
}
"""What clients learn of their allowances (draft-ietf-httpapi-ratelimit-headers-10)."""
ALWAYS = ("RateLimit", "RateLimit-Policy")
TOO_MANY = str(TooManyRequests.status)


_PROBLEM = {"application/problem+json": {"schema": {"$ref": _REF.format(model=ProblemOut.__name__)}}}


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route whose body is this model."""
    _bodies[model.__name__] = model
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` include the schemas named by `body_of`."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            for name, model in _bodies.items():
                schema = model.model_json_schema(ref_template=_REF)
                schemas.update(schema.pop("$defs", {}))
                schemas[name] = schema
            schemas[ProblemOut.__name__] = ProblemOut.model_json_schema(ref_template=_REF)
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            made["components"]["headers"] = {
                name: {"description": said, "schema": {"type": kind}} for name, (kind, said) in HEADERS.items()
            }
            limited = set(_limited(app))
            for method, path, operation in _operations(made):
                _say_what_is_true(path, operation)
                if (method, path) in limited or TOO_MANY in operation["responses"]:
                    _say_it_is_limited(operation["responses"])
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _limited(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Yield method and path of each route whose callers have to prove who they are, and so have allowances."""
    for route in iter_route_contexts(app.routes):
        policies = policies_of(route.dependant) if isinstance(route.original_route, APIRoute) else ()
        if any(not policy.public for policy in policies):
            yield from ((method.lower(), route.path or "") for method in route.methods or ())


def _say_it_is_limited(responses: dict[str, Any]) -> None:
    refused = responses.setdefault(TOO_MANY, {"description": TooManyRequests.title, "content": _PROBLEM})
    refused["headers"] = _headers(HEADERS)
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {}).update(_headers(ALWAYS))


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document.get("paths", {}).items():
        yield from ((method, path, operation) for method, operation in methods.items())


def _say_what_is_true(path: str, operation: dict[str, Any]) -> None:
    """Mark the headers that must be there, and describe every error as the problem that it is."""
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in REQUIRED_HEADERS:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255}
    operation["responses"].pop("422", None)
    if path.startswith(API):
        operation["responses"]["422"] = {"description": ATTENTION, "content": _PROBLEM}
    operation["responses"]["default"] = {
        "description": "A problem; `type` leads to its explanation.",
        "content": _PROBLEM,
    }
