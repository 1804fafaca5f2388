"""Puts the bodies that routes read strictly, and so by hand, back into the OpenAPI document."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from shared.http.routes import API

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
            for path, operation in _operations(made):
                _say_what_is_true(path, operation)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document.get("paths", {}).items():
        yield from ((path, operation) for operation in methods.values())


def _say_what_is_true(path: str, operation: dict[str, Any]) -> None:
    """Mark the headers that must be there, and describe every error as the problem that it is."""
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in REQUIRED_HEADERS:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255}
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model=ProblemOut.__name__)}}}
    operation["responses"].pop("422", None)
    if path.startswith(API):
        operation["responses"]["422"] = {"description": ATTENTION, "content": problem}
    operation["responses"]["default"] = {
        "description": "A problem; `type` leads to its explanation.",
        "content": problem,
    }
