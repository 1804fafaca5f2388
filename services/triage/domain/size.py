"""How much work it is to open a case, which whoever sends the referral decides. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

MANY_PEOPLE = 20
BYTES_OF_A_PERSON = 10_000
"""So much text is as much work as a person."""


def people_in(referral: Mapping[str, Any]) -> int:
    """Return how many people are told of, a child's other names counted as further ones."""
    children = referral["children"]
    names = sum(len(child.get("known_as") or ()) for child in children)
    return len(children) + len(referral.get("household") or ()) + names


def is_large(referral: Mapping[str, Any]) -> bool:
    """Tell whether a referral tells of so many people that its case is finished alone: no other waits for it."""
    return people_in(referral) > MANY_PEOPLE


def weight_of(referral: Mapping[str, Any]) -> int:
    """Return the work of opening the case in the batch, in people; about half a millisecond each."""
    text = len(to_json(referral)) // BYTES_OF_A_PERSON
    return 1 + text + min(people_in(referral), MANY_PEOPLE)
