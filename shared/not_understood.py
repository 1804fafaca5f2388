"""A value that was not understood: how it is kept beside what was, and what may be said of it outside. Pure."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from shared.http.validation import is_field_name

Path = tuple[str | int, ...]
"""Where a value stands in a document: names of fields, and indexes."""

VALUE_BYTES = 2048
POINTER_CHARACTERS = 500


@dataclass(frozen=True)
class Numeral:
    """A number beyond what JSON readers agree on, as it was written."""

    text: str


@dataclass(frozen=True)
class NotUnderstood:
    """One value as it was sent, at its place in the sender's document (RFC 6901), and what is wrong with it."""

    pointer: str
    value: Any
    detail: str


def pointer_of(path: Path) -> str:
    """Return the place as RFC 6901 writes it, cut where a field's name is longer than any of ours."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)[:POINTER_CHARACTERS]


def outside(pointer: str) -> str:
    """Return as much of a place as may leave in an answer: no field name that may be the sender's own words."""
    parts = pointer.split("/")[1:]
    ours = [part.isdecimal() or is_field_name(part) for part in parts]
    known = parts[: ours.index(False)] if False in ours else parts
    return "".join(f"/{part}" for part in known)


def as_given(value: Any) -> Any:
    """Return a value as it is kept: whole where its JSON has at most 2 kB, else as much of its text as that."""
    plain = as_json(value)
    text = to_json(plain)
    if len(text) <= VALUE_BYTES:
        return plain
    text = plain.encode() if isinstance(plain, str) else text
    return text[:VALUE_BYTES].decode(errors="ignore")


def as_json(value: Any) -> Any:
    """Return a value with the text of each `Numeral`, so that JSON can say it."""
    match value:
        case Numeral(text):
            return text
        case dict():
            return {name: as_json(item) for name, item in value.items()}
        case list():
            return [as_json(item) for item in value]
        case _:
            return value
