"""Turns pydantic's errors into places and words of our own, so that no refused value is ever repeated."""

from collections.abc import Sequence
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
    "string": "A text is needed.",
    "bool": "true or false is needed.",
    "int": "A whole number is needed.",
    "decimal": "A number is needed.",
    "float": "A number is needed.",
    "finite": "A number is needed.",
    "list": "A list is needed.",
    "tuple": "A list is needed.",
    "dict": "An object is needed.",
    "model": "An object is needed.",
    "date": "Write a date as YYYY-MM-DD.",
    "datetime": "Write a time as YYYY-MM-DDTHH:MM:SSZ.",
    "timezone": "Write a time as YYYY-MM-DDTHH:MM:SSZ.",
    "uuid": "Write an id as it was given.",
    "url": "Write a whole address, as https://host/path.",
    "string_pattern_mismatch": "Write it as the pattern {pattern} says.",
    "string_too_long": "Use at most {max_length} characters.",
    "string_too_short": "Use at least {min_length} characters.",
    "too_long": "Give at most {max_length}.",
    "too_short": "Give at least {min_length}.",
    "greater_than": "Use more than {gt}.",
    "greater_than_equal": "Use {ge} or more.",
    "less_than": "Use less than {lt}.",
    "less_than_equal": "Use {le} or less.",
}
"""What to do, by pydantic's types of error and by what these begin with: `int_parsing` is about an `int`."""


def words(error: Any) -> str:
    """Return what to do about one of pydantic's errors; its context holds limits and allowed values, never input."""
    context, kind = error.get("ctx", {}), str(error["type"])
    if kind == "value_error":
        return str(context.get("error", "This value does not fit."))
    if kind in WORDS:
        return WORDS[kind].format(**context)
    if "expected" in context:
        return f"Allowed: {context['expected']}."
    return WORDS.get(kind.split("_", maxsplit=1)[0], "This value does not fit.")
