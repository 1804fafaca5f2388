"""What comes beside JSON bodies is read as what it should be, or refused; nothing else happens."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from shared.http.reading import (
    AT_POSITION,
    BY_ID,
    BY_TIME,
    FORM_TYPE,
    Moment,
    Rank,
    are_same,
    decode_cursor,
    encode_cursor,
    is_text,
    read_pairs,
    token_parts,
    whole_number,
)
from shared.problems import Invalid
from tests.outside.odd import HUGE, UUID_TEXT, cursors, encoded, tokens

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
RANKED = TypeAdapter(tuple[bool, Rank, Moment, UUID])
SHAPES: tuple[TypeAdapter[Any], ...] = (BY_ID, BY_TIME, AT_POSITION, RANKED)


def made(text: str) -> str:
    return encoded(text.encode())


def test_a_cursor_holds_what_it_was_made_of() -> None:
    """Times come back in UTC, ids and numbers as they were."""
    record = UUID(UUID_TEXT)
    assert decode_cursor(encode_cursor([record]), BY_ID) == (record,)
    assert decode_cursor(encode_cursor(["2026-11-25T10:30:00+01:00", record]), BY_TIME) == (AT, record)
    assert decode_cursor(encode_cursor([2**63 - 1]), AT_POSITION) == (2**63 - 1,)
    assert decode_cursor(encode_cursor([True, 0, AT.isoformat(), record]), RANKED) == (True, 0, AT, record)
    assert decode_cursor(None, BY_ID) is None


@pytest.mark.parametrize(
    ("cursor", "shape"),
    [
        (made(f'["0001-01-01T00:00:00+14:00", "{UUID_TEXT}"]'), BY_TIME),
        (made(f'["9999-12-31T23:59:59-12:00", "{UUID_TEXT}"]'), BY_TIME),
        (made(f'["2026-11-25T10:30:00", "{UUID_TEXT}"]'), BY_TIME),
        (made(f'["infinity", "{UUID_TEXT}"]'), BY_TIME),
        (made(f'[1e400, "{UUID_TEXT}"]'), BY_TIME),
        (made(f'[false, 2147483648, "{AT.isoformat()}", "{UUID_TEXT}"]'), RANKED),
        (made(f'[false, Infinity, "{AT.isoformat()}", "{UUID_TEXT}"]'), RANKED),
        (made(f'["x", 1, "{AT.isoformat()}", "{UUID_TEXT}"]'), RANKED),
        (made("[9223372036854775808]"), AT_POSITION),
        (made("[-1]"), AT_POSITION),
        (made(f"[{HUGE}]"), AT_POSITION),
        (made('["\\ud800"]'), BY_ID),
        (made("[" * 5000), BY_ID),
        (made("[]"), BY_ID),
        ("é", BY_ID),
        ("\ud800", BY_ID),
        ("A", BY_ID),
    ],
)
def test_a_cursor_of_somebodys_own_making_is_refused(cursor: str, shape: TypeAdapter[Any]) -> None:
    """What the database could not hold, or is of another shape, is invalid at the name that it was sent under."""
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor, shape, "after")
    assert [error.pointer for error in refused.value.errors] == ["/after"]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(cursors)
def test_any_cursor_is_read_or_refused(cursor: str) -> None:
    """No cursor leads to another error, whatever it holds."""
    for shape in SHAPES:
        try:
            decode_cursor(cursor, shape)
        except Invalid as refused:
            assert refused.errors  # noqa: PT017 - either way is right


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 15, 10**15 - 1),
        *((odd, None) for odd in ("", "-1", "1.5", "²", "٣", " 1", "9" * 16, HUGE)),
    ],
)
def test_a_number_is_up_to_fifteen_digits(typed: str, number: int | None) -> None:
    """Digits of other scripts, signs and numbers of any length are no numbers."""
    assert whole_number(typed) == number


def test_text_is_what_the_database_can_hold() -> None:
    """NUL, lone surrogates and what is no text at all are refused."""
    assert [is_text(value) for value in ("", "é\U0001f9d2", "a\x00", "\ud800", None, 1, ["a"])] == [
        True,
        True,
        *[False] * 5,
    ]


def test_secrets_of_any_characters_are_compared() -> None:
    """A token that somebody typed beyond ASCII differs, and nothing else happens."""
    assert are_same("abc", "abc")
    assert not any(are_same(odd, "abc") for odd in ("", "ABC", "äbc", "\ud800", "abc\x00"))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"a=1"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("", b"a=1"),
        (FORM_TYPE, b"a=%ED%A0%80"),
        (FORM_TYPE, b"a=%FF"),
        (FORM_TYPE, b"a=\xff"),
        (FORM_TYPE, b"a=%00"),
        (FORM_TYPE, b"%00=a"),
        (FORM_TYPE, b"&".join([b"a=1"] * 11)),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    """Other types, lone surrogates, bytes that are no UTF-8, NUL and too many fields."""
    with pytest.raises(ValueError, match=r"Send|read|NUL"):
        read_pairs(content_type, body, most=10)


def test_the_fields_of_a_form_come_in_order() -> None:
    """A name may come several times, and values may be empty."""
    pairs = read_pairs(f"{FORM_TYPE}; charset=utf-8", b"a=1&b=&a=%C3%A9+x", most=3)
    assert pairs == [("a", "1"), ("b", ""), ("a", "é x")]


@settings(derandomize=True, max_examples=500, deadline=None)
@given(tokens)
def test_any_token_has_two_objects_or_is_none(token: str) -> None:
    """Whatever stands for a token, it is taken apart or a `ValueError`."""
    try:
        header, claims = token_parts(token)
    except ValueError:
        return
    assert is_text(header["kid"])
    assert isinstance(claims, dict)


@pytest.mark.parametrize(
    "header",
    [
        '{"kid": ["k"]}',
        '{"kid": "k\\u0000"}',
        '{"kid": "\\ud800"}',
        '{"kid": "a", "kid": "b"}',
        "[]",
        "{}",
        f'{{"kid": {HUGE}}}',
    ],
)
def test_a_token_whose_key_has_no_name_is_none(header: str) -> None:
    """`kid` is a text that the database can be asked for."""
    claims = base64.urlsafe_b64encode(b"{}").decode()
    with pytest.raises(ValueError):  # noqa: PT011 - any words will do
        token_parts(f"{made(header)}.{claims}.")
