"""JSON that strict reading refuses, read all the same: what other readers would choke on is mended or marked. Pure."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from shared.http.strict import DEPTH, LARGEST_INTEGER, is_deeper
from shared.not_understood import NotUnderstood, Numeral, Path, not_understood, pointer_of
from shared.problems import BadRequest

NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
PLACES_NAMED = 100
DIGITS = 16


@dataclass
class Mended:
    """A document that strict reading refused: the places where characters were replaced, and fields without a name."""

    document: Any = None
    replaced: list[str] = field(default_factory=list)
    unnamed: list[NotUnderstood] = field(default_factory=list)


def mend_json(body: bytes, refused: BadRequest) -> Mended:
    """Return the document with U+FFFD for NUL and lone surrogates, and a `Numeral` for each number beyond bounds.

    Raises `refused` for what is malformed, deeper than 20 levels, or has NaN or a key twice.
    """

    def refuse(_: Any) -> NoReturn:
        raise refused

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        return found if len(found) == len(pairs) else refuse(found)

    try:
        document = json.loads(
            body.decode(), object_pairs_hook=once, parse_constant=refuse, parse_int=_integer, parse_float=_decimal
        )
    except (ValueError, RecursionError):
        raise refused from None
    if is_deeper(document, DEPTH):
        raise refused
    mended = Mended()
    mended.document = _mend(document, (), mended)
    return mended


def _integer(text: str) -> int | Numeral:
    number = int(text) if len(text) <= DIGITS + 1 else LARGEST_INTEGER + 1
    return number if abs(number) <= LARGEST_INTEGER else Numeral(text)


def _decimal(text: str) -> float | Numeral:
    number = float(text)
    return number if abs(number) <= LARGEST_INTEGER else Numeral(text)


def _mend(value: Any, path: Path, mended: Mended) -> Any:
    match value:
        case dict():
            return {
                name: _mend(item, (*path, name), mended)
                for name, item in value.items()
                if not _has_no_name(name, item, path, mended)
            }
        case list():
            return [_mend(item, (*path, index), mended) for index, item in enumerate(value)]
        case str() if NOT_TEXT.search(value):
            if len(mended.replaced) < PLACES_NAMED:
                mended.replaced.append(pointer_of(path))
            return NOT_TEXT.sub(REPLACEMENT, value)
        case _:
            return value


def _has_no_name(name: str, item: Any, path: Path, mended: Mended) -> bool:
    """Put aside a field whose name is no text: it can be none of ours, and two of them may end up alike."""
    if not NOT_TEXT.search(name):
        return False
    place = (*path, NOT_TEXT.sub(REPLACEMENT, name))
    mended.unnamed.append(not_understood(place, _mend(item, path, Mended()), "There is no such field."))
    return True
