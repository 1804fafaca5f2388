"""What a form sent: proven to come from a page of ours, then read field by field into what an action takes."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.triage.domain.staff import FormNotOurs
from shared.http.reading import are_same, read_pairs, whole_number
from shared.problems import BadRequest

MOST_FIELDS = 2000
TOKEN_FIELD = "token"  # noqa: S105 - a field's name
VERSION_FIELD = "version"
KEEP_FIELD = "keep"
NOT_TYPED = frozenset({TOKEN_FIELD, VERSION_FIELD, KEEP_FIELD})


def token_of(secret: str) -> str:
    """Return the token that proves a form ours: made from the session's secret, which no other site can read."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Form:
    """The fields as they were typed, each name with all its values.

    `known` is what the form asked for before its transaction began, such as the agencies that can be asked.
    """

    fields: Mapping[str, list[str]]
    known: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return what was typed, None where nothing was."""
        typed = self.fields.get(name, [""])[-1].strip()
        return typed or None

    def number(self, name: str) -> int | str | None:
        """Return a whole number, or what was typed instead, for the schema to refuse."""
        typed = self.text(name)
        number = whole_number(typed or "")
        return typed if number is None else number

    def many(self, name: str) -> list[str]:
        return [typed for typed in self.fields.get(name, []) if typed]

    def with_typed(self, name: str, options: Iterable[tuple[object, str]]) -> list[tuple[object, str]]:
        """Return the answers to choose from, and after them what was typed that is none of them, as it was typed."""
        shown = list(options)
        known = {str(value) for value, _ in shown}
        return [*shown, *((typed, typed) for typed in self.many(name) if typed not in known)]

    def typed(self) -> dict[str, list[str]]:
        return {name: values for name, values in self.fields.items() if name not in NOT_TYPED}


def said(**fields: Any) -> dict[str, Any]:
    """Return the fields that say something, as the JSON document that a schema takes."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def check_origin(headers: Mapping[str, str]) -> None:
    """Raise `FormNotOurs` where the browser says that another site sent the form."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise FormNotOurs("Open the page anew and fill the form in there.")


def read_form(headers: Mapping[str, str], body: bytes, secret: str, *, mend: bool = False) -> Form:
    """Return the form; raises `FormNotOurs`, or `BadRequest` where it is none."""
    check_origin(headers)
    form = parse_form(headers, body, mend=mend)
    if not are_same(form.text(TOKEN_FIELD) or "", token_of(secret)):
        raise FormNotOurs("You may have signed in anew since you opened the page. Open it again.")
    return form


def parse_form(headers: Mapping[str, str], body: bytes, *, mend: bool = False) -> Form:
    """Return the fields; `mend` puts U+FFFD for what is no text, as in a referral that nothing may stop."""
    try:
        pairs = read_pairs(headers.get("content-type", ""), body, most=MOST_FIELDS, mend=mend)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)
