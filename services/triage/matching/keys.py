"""By what a person can be found again: a few keys each, of which the vault makes blind indexes.

Every kind of mistake leaves at least one key whole: a changed surname the given name's, a mistyped name the other
one's, swapped names both, a mistyped birth date those of name and year or name and postcode.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from services.triage.matching.names import sound_of
from services.triage.matching.people import Name, Person

MOST_SOUNDS = 4


class Key(NamedTuple):
    """`kind` says what was indexed, `value` is its comparable form."""

    kind: str
    value: str


def keys_of(person: Person) -> frozenset[Key]:
    """Return the keys under which a person is kept."""
    return frozenset((*_numbers(person), *_births(person), *_places(person), *_expected(person, (0,))))


def probes_of(person: Person) -> frozenset[Key]:
    """Return the keys by which a person is looked for: their own, and for the unborn and newborn those of near months.

    A birth up to sixteen weeks early, or four weeks late, is looked for under the month in which it was expected.
    """
    if person.due_date:
        return keys_of(person) | frozenset(_expected(person, (-1, 0, 1)))
    if person.newborn:
        return keys_of(person) | frozenset(_expected(person, (-1, 0, 1, 2, 3, 4)))
    return keys_of(person)


def address_keys(people: Iterable[Person]) -> dict[Key, str]:
    """Return a key for each address of a referral: it finds nobody, it tells how many families share the door."""
    return {Key("address", person.address): person.address for person in people if person.address}


def _numbers(person: Person) -> Iterator[Key]:
    for kind, number in (("nhs_number", person.nhs_number), ("upn", person.upn)):
        if number:
            yield Key(kind, number)


def _births(person: Person) -> Iterator[Key]:
    born = person.birth_date
    if born is None:
        return
    for sound in _sounds(person.names):
        yield Key("sound_birth", f"{sound} {born}")
    if person.is_child and (both := _both_sounds(person.name)):
        yield Key("names_year", f"{both} {born.year}")
    if person.is_child and person.postcode:
        yield Key("birth_postcode", f"{born} {person.postcode}")


def _places(person: Person) -> Iterator[Key]:
    both = _both_sounds(person.name)
    if both and person.postcode:
        yield Key("names_postcode", f"{both} {person.postcode}")


def _expected(person: Person, months: Iterable[int]) -> Iterator[Key]:
    expected = person.due_date or (person.birth_date if person.newborn else None)
    if expected is None:
        return
    names = [person.mother.name] if person.mother else [Name((), person.name.family)]
    for sound in _sounds(names):
        for offset in months:
            yield Key("mother_due", f"{sound} {_month(expected, offset)}")


def _sounds(names: Iterable[Name]) -> list[str]:
    words = [word for name in names for word in (*name.given[:1], *name.family[-2:])]
    return sorted({sound_of(word) for word in words[:MOST_SOUNDS]})


def _both_sounds(name: Name) -> str | None:
    """Return both sounds in the order of the alphabet, so that swapped names have the same; None unless both known."""
    if not name.given or not name.family:
        return None
    return " ".join(sorted((sound_of(name.given[0]), sound_of(name.family[-1]))))


def _month(day: date, offset: int) -> str:
    months = day.year * 12 + day.month - 1 + offset
    return f"{months // 12}-{months % 12 + 1:02}"
