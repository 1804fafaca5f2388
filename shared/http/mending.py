"""JSON that strict reading refuses, read all the same: what other readers would choke on is mended or marked. Pure."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from shared.http.strict import DEPTH, LARGEST_INTEGER, is_deeper
from shared.not_understood import Numeral, Path, pointer_of
from shared.problems import BadRequest

NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
PLACES_NAMED = 100
DIGITS = 16


@dataclass
class Mended:
    """A document that strict reading refused, and the places where characters were replaced."""

    document: Any = None
    replaced: list[str] = field(default_factory=list)


def mend_json(body: bytes, refused: BadRequest) -> Mended:
    """Return the document with U+FFFD for NUL and lone surrogates, and a `Numeral` for each number beyond bounds.

    Fields whose names would become alike are told apart by their positions.

    Raises `refused` for what is malformed, deeper than 20 levels, or has NaN or a key twice.
    """

    def refuse(_: Any) -> NoReturn:
        raise refused

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        return found if len(found) == len(pairs) else refuse(found)

    try:
        document = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=once,
            parse_constant=refuse,
            parse_int=_integer,
            parse_float=_decimal,
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
            found: dict[str, Any] = {}
            for position, (name, item) in enumerate(value.items()):
                plain = NOT_TEXT.sub(REPLACEMENT, name)
                if plain != name and (plain in value or plain in found):
                    plain += str(position)
                found[plain] = _mend(item, (*path, plain), mended)
            return found
        case list():
            return [_mend(item, (*path, index), mended) for index, item in enumerate(value)]
        case str() if NOT_TEXT.search(value):
            if len(mended.replaced) < PLACES_NAMED:
                mended.replaced.append(pointer_of(path))
            return NOT_TEXT.sub(REPLACEMENT, value)
        case _:
            return value
