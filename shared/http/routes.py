"""Routes whose query is read as strictly as their body: no text that is none, and in the API no name that is unknown.

Run by every service; pages, sign-in and the open directory pass over names that they don't have.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import cached_property, wraps
from inspect import Parameter, signature
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.http.reading import is_text
from shared.http.validation import is_field_name
from shared.problems import FieldError, Invalid

API: Final = "/v1/"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
REFUSED: Final = "Correct the fields named."
NO_TEXT: Final = "Send text in UTF-8, without NUL."

Endpoint = Callable[..., Coroutine[Any, Any, Any]]


class StrictRoute(APIRoute):
    """A route that looks at its query once all that it depends on was found, so that 401, 403 and 404 come first."""

    def __init__(self, path: str, endpoint: Endpoint, **declared: Any) -> None:
        super().__init__(path, _asked_well(endpoint), **declared)

    @property
    def is_strict(self) -> bool:
        return self.path.startswith(API)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that its query may have, in the order in which they are declared."""
        return tuple(dict.fromkeys(_names_in(self.dependant)))


def _names_in(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from model.model_fields
        else:
            yield parameter.alias
    for inner in dependant.dependencies:
        yield from _names_in(inner)


async def query_errors(request: Request) -> tuple[FieldError, ...]:
    """Return what is wrong with the names in the query of a read; raises `Invalid` for it elsewhere.

    Raises `Invalid` everywhere for a value that is no text and that the route would read.
    """
    if not request.scope["query_string"]:
        return ()
    route: StrictRoute = request.scope["route"]
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"), True, errors="surrogateescape")
    if unread := [name for name, value in asked if name in route.names and not is_text(value)]:
        raise Invalid(REFUSED, errors=tuple(FieldError(f"/{name}", NO_TEXT) for name in unread))
    errors = tuple(_wrong_names(Counter(name for name, _ in asked), route.names)) if route.is_strict else ()
    if errors and request.method not in SAFE_METHODS:
        raise Invalid(REFUSED, errors=errors)
    return errors


def _wrong_names(asked: Mapping[str, int], known: Sequence[str]) -> Iterator[FieldError]:
    advice = (
        f"There is no such name here. Known: {', '.join(known)}." if known else "There are no names to ask by here."
    )
    for name, times in asked.items():
        if name not in known:
            yield FieldError(f"/{name}" if is_field_name(name) else "", advice)
        elif times > 1:
            yield FieldError(f"/{name}", "Send this name once.")


def _asked_well(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with a last dependency that reads the query.

    What a read finds is found before unknown names are refused: a record that nobody may know of stays 404.
    """

    @wraps(endpoint)
    async def answer(*, query_errors: tuple[FieldError, ...], **values: Any) -> Any:
        found = await endpoint(**values)
        if query_errors:
            raise Invalid(REFUSED, errors=query_errors)
        return found

    declared = signature(endpoint)
    last = Parameter("query_errors", Parameter.KEYWORD_ONLY, annotation=QueryErrors)
    answer.__signature__ = declared.replace(parameters=[*declared.parameters.values(), last])  # type: ignore[attr-defined]
    return answer


QueryErrors = Annotated[tuple[FieldError, ...], Depends(query_errors)]
