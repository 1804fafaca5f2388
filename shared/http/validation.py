"""Turns pydantic's errors into places and words of our own, so that no refused value is ever repeated."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from shared.problems import FieldError, Invalid, NotFound

LONGEST_FIELD_NAME = 32
ERRORS_NAMED = 100

M = TypeVar("M", bound=BaseModel)


def known_id(text: str) -> UUID:
    """Return the id in a path; raises `NotFound` for what can be nobody's id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def validated(model: type[M], document: Any) -> M:
    """Return the parsed JSON as `model`; raises `Invalid` naming every place that does not fit."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:ERRORS_NAMED]
        raise Invalid("Correct the fields named.", errors=field_errors(found)) from None


def field_errors(found: Sequence[Any]) -> tuple[FieldError, ...]:
    """Return pydantic's errors as pointers and words of our own, without the value that was refused.

    `found` is `ValidationError.errors()`. Query and header parameters get the pointer `/name`.
    """
    errors: dict[str, FieldError] = {}
    for error in map(_without_words, found):
        places = [str(p) for p in error["loc"] if p not in ("query", "header", "body")]
        pointer = "".join(f"/{p.replace('~', '~0').replace('/', '~1')}" for p in places)
        errors.setdefault(pointer, FieldError(pointer, words(error)))
    return tuple(errors.values())


def _without_words(error: Any) -> Any:
    """Point to the object around an unknown field whose name may be the sender's own words, and not at it."""
    name = error["loc"][-1] if error["loc"] else ""
    unknown = error["type"] in ("extra_forbidden", "invalid_key")
    return {**error, "loc": error["loc"][:-1]} if unknown and not is_field_name(name) else error


def is_field_name(name: object) -> bool:
    """Tell whether a name looks like one of ours: snake case, in ASCII, at most 32 characters."""
    named = isinstance(name, str) and len(name) <= LONGEST_FIELD_NAME
    return named and str(name).isascii() and str(name).isidentifier() and str(name).islower()


WORDS = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field. Remove it or correct its name.",
    "string_type": "A text is needed.",
    "bool_type": "true or false is needed.",
    "int_type": "A whole number is needed.",
    "list_type": "A list is needed.",
    "dict_type": "An object is needed.",
    "model_type": "An object is needed.",
    "model_attributes_type": "An object is needed.",
}


def words(error: Any) -> str:
    """Return what to do about one of pydantic's errors; its context holds limits and allowed values, never input."""
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context.get("error", "This value does not fit."))
    if error["type"] in WORDS:
        return WORDS[error["type"]]
    if "expected" in context:
        return f"Allowed: {context['expected']}."
    limits = ", ".join(
        f"{name.replace('_', ' ')} {limit}" for name, limit in context.items() if isinstance(limit, int | date)
    )
    return f"This does not fit ({error['type'].replace('_', ' ')}{': ' + limits if limits else ''})."
