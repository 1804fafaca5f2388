"""The people of a referral, in the form in which they are compared; what must not be told is left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.triage.matching.names import Words, words_of
from shared.identifiers import read_nhs_number, read_postcode, read_upn

COMMUNAL = frozenset({
    "refuge", "hostel", "ward", "hospital", "shelter", "hotel", "prison", "hmp", "barracks", "asylum", "hospice",
})  # fmt: skip
"""Places where unrelated families live behind one door; their address says nothing of who is who."""

SEXES = frozenset("MF")


@dataclass(frozen=True)
class Name:
    given: Words
    family: Words

    @property
    def swapped(self) -> "Name":
        return Name(self.family, self.given)


@dataclass(frozen=True)
class Mother:
    name: Name
    birth_date: date | None


@dataclass(frozen=True)
class Person:
    """One person as a referral tells of them; `pointer` says where, e.g. `/children/0`.

    `names` starts with the name proper, aliases follow. `birth_years` are the first and the last that an estimated age
    allows. `address` and `postcode` are None where several families live, and where the location is protected.
    """

    pointer: str
    names: tuple[Name, ...]
    birth_date: date | None = None
    due_date: date | None = None
    birth_years: tuple[int, int] | None = None
    sex: str | None = None
    nhs_number: str | None = None
    upn: str | None = None
    address: str | None = None
    postcode: str | None = None
    mother: Mother | None = None
    relationship: str | None = None
    newborn: bool = False

    @property
    def is_child(self) -> bool:
        return self.pointer.startswith("/children/")

    @property
    def name(self) -> Name:
        return self.names[0]

    @property
    def by_name_proper(self) -> "Person":
        return replace(self, names=self.names[:1])


def people_of(referral: Mapping[str, Any], received_at: datetime) -> tuple[Person, ...]:
    """Return the children and the household of a referral document, without those of whom nothing can be compared."""
    found = (*_children(referral, received_at.date()), *_household(referral))
    return tuple(person for person in found if person.name.given or person.name.family)


def _children(referral: Mapping[str, Any], received_on: date) -> Iterator[Person]:
    mother = _mother(referral.get("household") or ())
    for index, child in enumerate(referral["children"]):
        name = Name(words_of(child.get("given_name")), words_of(child.get("family_name")))
        born, due = _day(child.get("date_of_birth")), _day(child.get("expected_delivery_date"))
        address, postcode = (None, None) if child.get("location_protected") else _place(child.get("address"))
        sex = child.get("sex")
        yield Person(
            pointer=f"/children/{index}",
            names=(name, *_aliases(child.get("known_as") or (), name)),
            birth_date=born,
            due_date=due,
            birth_years=_birth_years(child.get("estimated_age_years"), received_on),
            sex=sex if sex in SEXES else None,
            nhs_number=read_nhs_number(child.get("nhs_number") or ""),
            upn=read_upn(child.get("upn") or ""),
            address=address,
            postcode=postcode,
            mother=mother,
            newborn=born is not None and (received_on - born).days < 366,  # noqa: PLR2004
        )


def _household(referral: Mapping[str, Any]) -> Iterator[Person]:
    children = referral["children"]
    hidden = any(child.get("location_protected") for child in children)
    for index, member in enumerate(referral.get("household") or ()):
        together = member.get("lives_with_child") == "yes"
        given = member.get("address") or (children[0].get("address") if together else None)
        address, postcode = (None, None) if hidden and together else _place(given)
        yield Person(
            pointer=f"/household/{index}",
            names=(_whole_name(member.get("name")),),
            birth_date=_day(member.get("date_of_birth")),
            address=address,
            postcode=postcode,
            relationship=member.get("relationship"),
        )


def _mother(household: Any) -> Mother | None:
    for member in household:
        if member.get("relationship") == "mother" and member.get("name"):
            return Mother(_whole_name(member["name"]), _day(member.get("date_of_birth")))
    return None


def _whole_name(name: str | None) -> Name:
    """Take the last word for the family name, with all parts of it where it is hyphenated."""
    *given, family = (name or "").split() or [""]
    return Name(words_of(" ".join(given)), words_of(family)) if given else Name(words_of(family), ())


def _aliases(known_as: Any, name: Name) -> Iterator[Name]:
    for alias in known_as:
        read = _whole_name(alias)
        yield read if read.family else Name(read.given, name.family)


def _day(given: str | None) -> date | None:
    return date.fromisoformat(given) if given else None


def _birth_years(age: int | None, received_on: date) -> tuple[int, int] | None:
    """Allow for an estimate that is a year off either way."""
    return None if age is None else (received_on.year - age - 2, received_on.year - age + 1)


def _place(given: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """Return address and postcode in comparable form: the numbers at the door, or the name of the house."""
    lines = [words_of(line) for line in (given or {}).get("lines") or ()]
    words = [word for line in lines for word in line]
    if not COMMUNAL.isdisjoint(words):
        return None, None
    read = read_postcode((given or {}).get("postcode") or "")
    if read is None or read.whole is None:
        return (" ".join(words) or None, None)
    door = [word for word in words if word[0].isdigit()] or (lines[0] if lines else ())
    return (f"{read.whole} {' '.join(door)}" if door else None, read.whole)
