"""How likely two people are one, with what agrees and what does not.

Each finding has a weight in bits, the logarithm of how much more often it is found among pairs that are one person
than among pairs that are not (Fellegi and Sunter, 1969); the weights are judged, not estimated from real children.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from services.triage.matching.names import agreement
from services.triage.matching.people import Mother, Name, Person

WEIGHTS: Final = {
    "nhs_number_same": 16,
    "nhs_number_different": -10,
    "upn_same": 14,
    "upn_different": -4,
    "given_name_same": 5,
    "given_name_similar": 3,
    "given_name_different": -16,
    "given_name_not_known": -3,
    "family_name_same": 4,
    "family_name_similar": 2,
    "family_name_different": -3,
    "family_name_not_known": -3,
    "names_swapped": -1,
    "known_as": -1,
    "birth_date_same": 9,
    "birth_date_near": 4,
    "birth_date_different": -9,
    "age_fits": 1,
    "age_different": -6,
    "due_date_near": 5,
    "due_date_different": -12,
    "born_when_due": 5,
    "mother_same": 4,
    "mother_of_unborn_same": 8,
    "mother_different": -2,
    "sex_different": -3,
    "address_same": 5,
    "postcode_same": 3,
    "address_different": 0,
    "role_different": -6,
}
ENOUGH_BITS: Final = 12
"""So much makes a possible match: more than any address with a surname, less than names with a birth date."""

DUE_DATES_APART = timedelta(days=28)
EARLIEST_BIRTH = timedelta(weeks=16)
LATEST_BIRTH = timedelta(weeks=4)
AGREES = frozenset({"same", "similar"})


@dataclass(frozen=True)
class Comparison:
    """`reasons` are codes of `WEIGHTS`, what agrees and what does not, the weightiest first."""

    reasons: tuple[str, ...]

    @cached_property
    def bits(self) -> int:
        return sum(WEIGHTS[reason] for reason in self.reasons)

    @property
    def score(self) -> float:
        """Return 0 to 1; a half is just enough to be a possible match."""
        return round(1 / (1 + 2 ** ((ENOUGH_BITS - self.bits) / 4)), 3)

    @property
    def is_possible(self) -> bool:
        return self.bits >= ENOUGH_BITS

    @property
    def is_certain(self) -> bool:
        """Tell whether no person is needed: a number, the birth date and both names agree, and no number differs."""
        found = set(self.reasons)
        return (
            not found.isdisjoint({"nhs_number_same", "upn_same"})
            and found.isdisjoint({"nhs_number_different", "upn_different"})
            and "birth_date_same" in found
            and not found.isdisjoint({"given_name_same", "given_name_similar"})
            and not found.isdisjoint({"family_name_same", "family_name_similar"})
        )


def compare(one: Person, other: Person, crowded: frozenset[str] = frozenset()) -> Comparison:
    """Compare two people; an address in `crowded` is shared by unrelated families and counts for nothing."""
    found = (
        *_numbers(one, other),
        *_names(one, other),
        *_births(one, other),
        *_mothers(one, other),
        *_others(one, other, crowded),
    )
    return Comparison(tuple(sorted(found, key=lambda reason: (-abs(WEIGHTS[reason]), reason))))


def _numbers(one: Person, other: Person) -> Iterator[str]:
    if one.nhs_number and other.nhs_number:
        yield "nhs_number_same" if one.nhs_number == other.nhs_number else "nhs_number_different"
    if one.upn and other.upn:
        yield "upn_same" if one.upn == other.upn else "upn_different"


def _names(one: Person, other: Person) -> tuple[str, ...]:
    """Return the reading that agrees best: as given, swapped, or by a name that the person is known by."""
    readings = [_read(one.name, other.name), (*_read(one.name.swapped, other.name), "names_swapped")]
    readings += [
        (*_read(mine, theirs), "known_as")
        for at, mine in enumerate(one.names)
        for nth, theirs in enumerate(other.names)
        if at or nth
    ]
    return max(readings, key=lambda reading: sum(WEIGHTS[reason] for reason in reading))


def _read(one: Name, other: Name) -> tuple[str, ...]:
    return (
        f"given_name_{agreement(one.given, other.given)}",
        f"family_name_{agreement(one.family, other.family)}",
    )


def _births(one: Person, other: Person) -> Iterator[str]:
    if one.birth_date and other.birth_date:
        yield f"birth_date_{_nearness(one.birth_date, other.birth_date)}"
    elif one.due_date and other.due_date:
        near = abs(one.due_date - other.due_date) <= DUE_DATES_APART
        yield "due_date_near" if near else "due_date_different"
    elif one.due_date or other.due_date:
        yield from _born_when_due(one, other)
    else:
        yield from _ages(one, other)


def _born_when_due(one: Person, other: Person) -> Iterator[str]:
    due, born = one.due_date or other.due_date, one.birth_date or other.birth_date
    if due and born:
        yield "born_when_due" if -EARLIEST_BIRTH <= born - due <= LATEST_BIRTH else "due_date_different"
    else:
        yield "due_date_different"


def _ages(one: Person, other: Person) -> Iterator[str]:
    years = [(p.birth_date.year, p.birth_date.year) if p.birth_date else p.birth_years for p in (one, other)]
    first, second = years
    if first and second:
        yield "age_fits" if first[0] <= second[1] and second[0] <= first[1] else "age_different"


def _nearness(one: date, other: date) -> str:
    """Call near what one slip of the hand makes of a date: a digit, two neighbours, or day and month exchanged."""
    if one == other:
        return "same"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "near"
    mine, theirs = f"{one:%d%m%Y}", f"{other:%d%m%Y}"
    apart = [at for at, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(mine) == sorted(theirs)  # noqa: PLR2004
    return "near" if len(apart) == 1 or swapped else "different"


def _mothers(one: Person, other: Person) -> Iterator[str]:
    if one.mother is None or other.mother is None:
        return
    if not _same_mother(one.mother, other.mother):
        yield "mother_different"
    else:
        yield "mother_of_unborn_same" if one.due_date or other.due_date else "mother_same"


def _same_mother(one: Mother, other: Mother) -> bool:
    if agreement(one.name.given, other.name.given) not in AGREES:
        return False
    if one.birth_date and other.birth_date:
        return one.birth_date == other.birth_date
    return agreement(one.name.family, other.name.family) in AGREES


def _others(one: Person, other: Person, crowded: frozenset[str]) -> Iterator[str]:
    if one.sex and other.sex and one.sex != other.sex:
        yield "sex_different"
    if one.is_child != other.is_child and not (one.birth_date and other.birth_date):
        member = other if one.is_child else one
        if member.relationship != "sibling":
            yield "role_different"
    if crowded.isdisjoint({one.address, other.address} - {None}):
        yield from _addresses(one, other)


def _addresses(one: Person, other: Person) -> Iterator[str]:
    if one.address and one.address == other.address:
        yield "address_same"
    elif one.postcode and one.postcode == other.postcode:
        yield "postcode_same"
    elif one.postcode and other.postcode:
        yield "address_different"
