"""Referral documents that tests start from; every part can be said, none has to be. All people are made up."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

RECEIVED_AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

Document = dict[str, Any]


def child(**said: Any) -> Document:
    """Return a child born in 2018, with an address in Towcester."""
    return {
        "given_name": "Robin",
        "family_name": "Testling",
        "date_of_birth": "2018-05-23",
        "address": {"lines": ["2 Example Row"], "postcode": "NN12 6HQ"},
        **said,
    }


def member(**said: Any) -> Document:
    """Return a mother with parental responsibility who lives with the child."""
    return {
        "name": "Jo Testling",
        "relationship": "mother",
        "parental_responsibility": "yes",
        "lives_with_child": "yes",
        **said,
    }


def indicators(*codes: str) -> list[Document]:
    return [{"code": code, "status": "present"} for code in codes]


def document(concern: Mapping[str, Any] | None = None, **said: Any) -> Document:
    """Return a plain request of source 2A about one child with no danger; `concern` adds to the concern."""
    return {
        "kind": "request",
        "source": "2A",
        "referrer": {"name": "Ash Referrer", "phone": "01632 960444"},
        "children": [child()],
        "concern": {"what_happened": "Late twice a week.", "immediate_danger": "no", **(concern or {})},
        **said,
    }
