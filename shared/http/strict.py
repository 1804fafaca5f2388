"""JSON as partners may send it: capped before it is parsed, and refused where other parsers would guess."""

import re
from codecs import BOM_UTF8
from typing import Annotated, Any

import jiter
from fastapi import Depends, Request

from shared.http.reading import whole_number
from shared.problems import BadRequest, TooLarge, TooSlow, UnsupportedEncoding

BODY_BYTES = 1024 * 1024
DROPPED_BYTES = 8 * BODY_BYTES
IDENTITY = "identity"
OVERDUE = "overdue"
"""In the scope of a request whose body the server no longer waits for: what came of it is not the whole."""
DEPTH = 20
LONGEST_FIELD_NAME = 32
LARGEST_INTEGER = 2**53 - 1
_SUSPECT = re.compile(rb"\\u0000|\d{16}|\d[eE]")
"""What every NUL and every number that is too large is written with; a body without needs no second look."""


async def read_body(request: Request) -> bytes:
    """Return the raw body; raises `TooLarge` where it is over 1 MiB, `TooSlow` where it was cut off.

    Raises `UnsupportedEncoding` where it is compressed.

    What is too large is read on and dropped, up to 8 MiB: a sender, or a gateway, that is cut off while it still sends
    would see a broken connection instead of the answer.
    """
    if request.headers.get("content-encoding", "").strip().lower() not in ("", IDENTITY):
        raise UnsupportedEncoding("Send the body as it is, uncompressed.", headers={"Accept-Encoding": IDENTITY})
    declared = request.headers.get("content-length", "0")
    announced = whole_number(declared) or 0
    chunks: list[bytes] = []
    size = 0
    if announced <= DROPPED_BYTES:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= BODY_BYTES:
                chunks.append(chunk)
            elif size > DROPPED_BYTES:
                break
    if max(size, announced) > BODY_BYTES:
        raise TooLarge("Send at most 1 MiB in one request.")
    if OVERDUE in request.scope:
        raise TooSlow("Nothing was recorded. Send the whole request again, with the same Idempotency-Key.")
    return b"".join(chunks)


Body = Annotated[bytes, Depends(read_body)]


def parse_json(body: bytes) -> Any:
    """Return the parsed body; raises `BadRequest` for anything that two parsers could read differently.

    That is: malformed JSON, duplicate keys, NaN and infinities (also by overflow), lone surrogates, NUL, integers
    beyond 2**53 - 1, and more than 20 levels.
    """
    try:
        document = jiter.from_json(body.removeprefix(BOM_UTF8), catch_duplicate_keys=True, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest(_what_is_wrong(str(error))) from None
    if is_deeper(document, DEPTH) or _SUSPECT.search(body):
        _check(document, "", 1)
    return document


def is_deeper(value: Any, levels: int) -> bool:
    """Tell whether something stands below this many levels, at a fraction of the full check's cost."""
    standing = [value]
    for _ in range(levels):
        standing = [one for one in standing if type(one) is dict or type(one) is list]
        standing = [inner for one in standing for inner in (one.values() if type(one) is dict else one)]
    return bool(standing)


def _what_is_wrong(parser_says: str) -> str:
    """Keep the place and drop everything that could repeat the input."""
    place = parser_says.rpartition(" at ")[2]
    place = place if place.startswith("line ") else "an unknown place"
    if parser_says.startswith("Detected duplicate key"):
        return f"An object has the same key twice, at {place}. Send each key once."
    if "recursion" in parser_says:
        return f"The body is nested deeper than {DEPTH} levels."
    return f"The body is not valid JSON in UTF-8; reading stopped at {place}."


def _check(value: Any, pointer: str, depth: int) -> None:
    if depth > DEPTH:
        raise BadRequest(f"The body is nested deeper than {DEPTH} levels.")
    match value:
        case dict():
            for key, item in value.items():
                _check_text(key, pointer)
                _check(item, f"{pointer}/{key}", depth + 1)
        case list():
            for index, item in enumerate(value):
                _check(item, f"{pointer}/{index}", depth + 1)
        case str():
            _check_text(value, pointer)
        case int() | float():
            _check_number(value, pointer)
        case _:
            pass


def _check_text(text: str, pointer: str) -> None:
    if "\x00" in text:
        raise BadRequest(f"A NUL character stands in {_known(pointer)}. Remove it.")


def _check_number(number: float, pointer: str) -> None:
    if abs(number) > LARGEST_INTEGER:
        raise BadRequest(f"The number in {_known(pointer)} is too large.")


def _known(pointer: str) -> str:
    """Return the pointer only while it can't be the sender's own words."""
    parts = pointer.split("/")[1:]
    ours = pointer.isascii() and all(p.replace("_", "").isalnum() and len(p) <= LONGEST_FIELD_NAME for p in parts)
    return pointer if pointer and ours else "the body"
