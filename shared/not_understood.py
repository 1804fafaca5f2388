"""A value that was not understood: how it is kept beside what was, and what may be said of it outside. Pure."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from shared.http.validation import is_field_name

Path = tuple[str | int, ...]
"""Where a value stands in a document: names of fields, and indexes."""

VALUE_BYTES = 2048
POINTER_CHARACTERS = 500
BESIDE = frozenset({"not_understood", "not_understood_more", "characters_replaced", "as_sent"})
"""What stands in a document beside what was understood of it."""

BEGINNING = "This is its beginning; all of it stands in the document as sent."


class Numeral:
    """A number beyond what JSON readers agree on, as it was written."""

    def __init__(self, text: str) -> None:
        self.text = text


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


def not_understood(path: Path, value: Any, detail: str) -> NotUnderstood:
    """Name a value: whole where its JSON has at most 2 kB, else as much of its text as that, which is then said."""
    pointer, plain = pointer_of(path), value.text if isinstance(value, Numeral) else value
    text = as_json(plain)
    if len(text) <= VALUE_BYTES:
        return NotUnderstood(pointer, from_json(text), detail)
    text = plain.encode() if isinstance(plain, str) else text
    return NotUnderstood(pointer, text[:VALUE_BYTES].decode(errors="ignore"), f"{detail} {BEGINNING}")


def as_json(value: Any) -> bytes:
    """Return a value as JSON, with the text of each `Numeral`."""
    return to_json(value, fallback=_text_of)


def _text_of(numeral: Numeral) -> str:
    return numeral.text
