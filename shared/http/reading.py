"""What comes beside JSON bodies, read strictly: cursors, numbers, texts, forms and the parts of tokens. Pure."""

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeGuard, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import jiter
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, TypeAdapter

from shared.problems import FieldError, Invalid

FORM_TYPE: Final = "application/x-www-form-urlencoded"
LARGEST_POSITION: Final = 2**63 - 1
LARGEST_RANK: Final = 2**31 - 1
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]{1,15}")

T = TypeVar("T")


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether this is a text that PostgreSQL can hold: without NUL and lone surrogates."""
    return isinstance(value, str) and _NOT_TEXT.search(value) is None


def whole_number(typed: str) -> int | None:
    """Return the number that up to 15 ASCII digits write, None for anything else."""
    return int(typed) if _NUMBER.fullmatch(typed) else None


def are_same(one: str, other: str) -> bool:
    """Compare two secrets, whatever characters somebody sent for one, in a time that tells nothing of either."""
    return hmac.compare_digest(*(text.encode(errors="surrogatepass") for text in (one, other)))


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("There is no such time.") from None


def _in_digits(value: object) -> object:
    if isinstance(value, str) and whole_number(value) is None:
        raise ValueError("A whole number is needed.")
    return value


Count = Annotated[int, BeforeValidator(_in_digits)]
"""A number in a query: in digits alone, without sign, space, point or underscore."""
Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
Rank = Annotated[int, Field(ge=-LARGEST_RANK, le=LARGEST_RANK)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]

BY_ID: Final = TypeAdapter(tuple[UUID])
BY_NAME: Final = TypeAdapter(tuple[str])
BY_TIME: Final = TypeAdapter(tuple[Moment, UUID])
AT_POSITION: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=LARGEST_POSITION)]])
"""What the cursors of lists hold: of the last item the id, name, or time and id; of the feed, how far it was read."""


def encode_cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(values), default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, shape: TypeAdapter[T], name: str = "cursor") -> T | None:
    """Return what `encode_cursor` took; raises `Invalid` at `/name` for a cursor of somebody's own making."""
    if cursor is None:
        return None
    try:
        return shape.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), strict=True)
    except ValueError:
        error = FieldError(f"/{name}", "Send next_cursor unchanged.")
        raise Invalid("Correct the fields named.", errors=(error,)) from None


def read_pairs(content_type: str, body: bytes, *, most: int, mend: bool = False) -> list[tuple[str, str]]:
    """Return the fields of a form in order; raises `ValueError` for what is none: another type, no text, too many.

    With `mend` U+FFFD stands for what is no text, as browsers write it themselves.
    """
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise ValueError(f"Send {FORM_TYPE}.")
    try:
        errors = "replace" if mend else "strict"
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most, errors=errors)
    except ValueError:
        raise ValueError("The form cannot be read.") from None
    if mend:
        return [(_NOT_TEXT.sub("\ufffd", name), _NOT_TEXT.sub("\ufffd", value)) for name, value in pairs]
    if not all(is_text(name) and is_text(value) for name, value in pairs):
        raise ValueError("A NUL character stands in the form. Remove it.")
    return pairs


def token_parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return header and claims of a JWT before its signature is checked; raises `ValueError` for what is none.

    They are JSON objects without a key twice, NaN, or a lone surrogate; `kid` is a text.
    """
    head, body, _ = token.split(".")
    header, claims = (_json_object(part) for part in (head, body))
    if not is_text(header.get("kid")):
        raise ValueError("kid is a text")
    return header, claims


def _json_object(part: str) -> Mapping[str, Any]:
    found = jiter.from_json(
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), catch_duplicate_keys=True, allow_inf_nan=False
    )
    if not isinstance(found, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - one kind of error for what is no token
    return found
