"""Odd things to send: what somebody, or some library, takes for a cursor, a day, a number, a text or a token."""

import base64
import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

fuzzed = settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)

UUID_TEXT = "0199a000-0000-7000-8000-000000000000"
HUGE = "9" * 5000
DAYS = ("0001-01-01", "9999-12-31", "0000-00-00", "10000-01-01", "-4713-01-01", "2026-02-30", "infinity")
TIMES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59.999999Z",
    "2026-11-25T10:00:00",
    "now",
)
NUMBERS = (
    "-1",
    "0",
    "1e400",
    "NaN",
    "inf",
    "²",
    "\u0661",
    "2147483648",
    "9223372036854775808",
    "0x10",
    "1_0",
    HUGE,
    f"-{HUGE}",
)
TEXTS = ("", " ", "\x00", "a\x00b", "é", "\u202e", "\U0001f9d2", "%", "'", "x" * 3000, "[" * 2000, "true", UUID_TEXT)
VALUES = (*DAYS, *TIMES, *NUMBERS, *TEXTS)

values = st.sampled_from(VALUES) | st.text(max_size=12)
parts: st.SearchStrategy[Any] = st.sampled_from(
    [*VALUES, None, True, -1, 0, 10**400, 2**31, 2**63, 1e308, float("nan"), float("inf"), [], {}]
) | st.text(max_size=8)


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def unlimited(value: Any) -> bytes:
    """Return JSON as a sender may write it: with numbers of any length, NaN and lone surrogates."""
    return json.dumps(value).encode()


cursors = (
    st.lists(parts, max_size=5).map(lambda held: encoded(unlimited(held)))
    | st.tuples(st.sampled_from([*DAYS, *TIMES]), st.just(UUID_TEXT)).map(lambda held: encoded(unlimited(held)))
    | st.sampled_from([encoded(f"[{HUGE}]".encode()), encoded(b"[" * 200), encoded(b'["\\ud800"]'), "=", "é", "A"])
    | st.tuples(st.booleans(), parts, st.sampled_from([*DAYS, *TIMES]), st.just(UUID_TEXT)).map(
        lambda held: encoded(unlimited(held))
    )
)
raw = st.sampled_from(["%ED%A0%80", "%00", "%FF", "%C0%80", "%F4%90%80%80", "%", "%zz", "+", "%0A"])
query_values = raw | values.map(lambda value: quote(value, safe="")) | cursors.map(quote)
"""As they stand in a query, percent-encoded or not."""

header_values = st.sampled_from(
    ["", "\xff", "\xb2", '"\xb2"', f'"{HUGE}"', "W/", '"1", *', "a\tb", "Bearer", "x" * 4000, "\xa0", "null"]
) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"), max_size=20)


def _token(header: Any, claims: Any) -> str:
    return ".".join((encoded(unlimited(header)), encoded(unlimited(claims)), encoded(b"signature")))


names = st.sampled_from(["kid", "alg", "typ", "crit", "b64", "jwk", "iss", "sub", "exp", "iat", "nbf", "jti", "aud"])
json_objects = st.dictionaries(names, parts | st.sampled_from(["\ud800", "ES256", "at+jwt"]), max_size=6)
tokens = (
    st.builds(_token, json_objects | parts, json_objects | parts)
    | st.sampled_from(["..", "a.b.c", "é.é.é", f"{encoded(b'[' * 3000)}.e30.", f"{encoded(HUGE.encode())}.e30."])
    | values
)
