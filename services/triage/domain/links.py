"""What a link between two people says, and when it counts as history. Pure; used by queries and actions."""

from collections.abc import Collection
from enum import StrEnum

IDENTICAL = frozenset({"given_name_same", "family_name_same", "birth_date_same"})
CONTRADICTED = frozenset({"nhs_number_different", "upn_different", "names_swapped", "known_as"})


class LinkState(StrEnum):
    """A possible link waits for a person; confirmed and removed are a person's word."""

    POSSIBLE = "possible"
    AUTOMATIC = "automatic"
    CONFIRMED = "confirmed"
    REMOVED = "removed"


class Relation(StrEnum):
    """How a case is related to another: by the child itself, by a sibling, or by somebody else of the household."""

    CHILD = "child"
    SIBLING = "sibling"
    HOUSEHOLD = "household"


def counts(state: str, reasons: Collection[str]) -> bool:
    """Tell whether a link counts towards what is known of a family.

    Of the possible ones only those whose names and birth date are the very same: until a person removes such a link,
    counting it errs on the side of the child.
    """
    if state == LinkState.POSSIBLE:
        return set(reasons) >= IDENTICAL and CONTRADICTED.isdisjoint(reasons)
    return state in (LinkState.AUTOMATIC, LinkState.CONFIRMED)


def relation_of(person: str, other_person: str, relationship: str | None) -> Relation:
    """Return the relation that a link stands for; `relationship` is what a member of a household is to the child."""
    if person.startswith("/children/") and other_person.startswith("/children/"):
        return Relation.CHILD
    return Relation.SIBLING if relationship == "sibling" else Relation.HOUSEHOLD
