"""What happens to the record of one child between two referrals: each function makes the second of a pair of it."""

from datetime import date, timedelta
from random import Random
from typing import Final

from tests.triage.labelled.families import TODAY, Corruption, Document, address, expect, without_numbers


def as_before(_: Random, __: Document, other: Document) -> None:
    """Nothing changed."""


def numbers_left_out(_: Random, __: Document, other: Document) -> None:
    """The second sender knows no number."""
    without_numbers(other["children"][0])


def moved(chance: Random, _: Document, other: Document) -> None:
    """Another address, no numbers."""
    other["children"][0]["address"] = address(chance)
    without_numbers(other["children"][0])


def accents_lost(_: Random, __: Document, other: Document) -> None:
    """Typed on a plain keyboard, in capitals, with neither apostrophe nor hyphen."""
    plain = str.maketrans("ŁłŚśĄąâÂóÓıİëËéÉüÜöÖêÊîÎ", "LlSsAaaAoOiIeEeEuUoOeEiI", "'’")
    for name in ("given_name", "family_name"):
        other["children"][0][name] = other["children"][0][name].translate(plain).replace("-", " ").upper()
    without_numbers(other["children"][0])


def given_name_mistyped(chance: Random, _: Document, other: Document) -> None:
    """Two letters of the given name in the wrong order, or one left out; the first two stay."""
    _mistype(chance, other["children"][0], "given_name")


def mistyped_with_numbers(chance: Random, _: Document, other: Document) -> None:
    """A mistyped given name beside the numbers that are known."""
    child = other["children"][0]
    numbers = {name: child[name] for name in ("nhs_number", "upn") if name in child}
    _mistype(chance, child, "given_name")
    child |= numbers


def family_name_mistyped(chance: Random, _: Document, other: Document) -> None:
    """As the given name, in the family name."""
    _mistype(chance, other["children"][0], "family_name")


def _mistype(chance: Random, child: Document, name: str) -> None:
    letters = list(child[name])
    at = chance.randrange(2, len(letters) - 1)
    if chance.random() < 0.5:
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    else:
        del letters[at]
    child[name] = "".join(letters)
    without_numbers(child)


def names_swapped(_: Random, __: Document, other: Document) -> None:
    """The family name in the field of the given name."""
    child = other["children"][0]
    child["given_name"], child["family_name"] = child["family_name"], child["given_name"]
    without_numbers(child)


def called_by_another_name(_: Random, __: Document, other: Document) -> None:
    """Another given name, with the proper one among those that the child is known by."""
    child = other["children"][0]
    child["known_as"], child["given_name"] = [child["given_name"]], "Bobbie"
    without_numbers(child)


def middle_name_added(_: Random, __: Document, other: Document) -> None:
    """A second given name on one side only."""
    other["children"][0]["given_name"] += " Rose"
    without_numbers(other["children"][0])


def surname_changed(chance: Random, _: Document, other: Document) -> None:
    """The child goes by another surname, as the mother now does; the address stayed."""
    name = chance.choice(["Vale", "Thornbury", "Kowalczyk"])
    other["children"][0]["family_name"] = name
    other["household"][0]["name"] = f"{other['household'][0]['name'].split()[0]} {name}"
    without_numbers(other["children"][0])


def half_of_the_surname(_: Random, __: Document, other: Document) -> None:
    """A second surname is added to the first."""
    other["children"][0]["family_name"] += "-Vale"
    without_numbers(other["children"][0])


def day_and_month_exchanged(_: Random, __: Document, other: Document) -> None:
    """An American date; where that is no date, a digit of the year is wrong."""
    child = other["children"][0]
    year, month, day = child["date_of_birth"].split("-")
    child["date_of_birth"] = f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{month}-{int(day) - 10:02}"
    without_numbers(child)


def birth_date_not_known(_: Random, __: Document, other: Document) -> None:
    """No birth date; the address is the same."""
    other["children"][0].pop("date_of_birth")
    without_numbers(other["children"][0])


def age_estimated(chance: Random, _: Document, other: Document) -> None:
    """An estimated age, a year off at most, in place of the birth date."""
    child = other["children"][0]
    years = (TODAY - date.fromisoformat(child.pop("date_of_birth"))).days // 365
    child["estimated_age_years"] = max(0, years + chance.choice((-1, 0, 1)))
    without_numbers(child)


def given_name_not_known(_: Random, __: Document, other: Document) -> None:
    """The caller knows the family and the birth date, and not what the child is called."""
    other["children"][0]["given_name"] = "not known"
    without_numbers(other["children"][0])


def due_date_moved(chance: Random, one: Document, other: Document) -> None:
    """An unborn child after another scan."""
    for referral in (one, other):
        expect(referral)
    child = other["children"][0]
    due = date.fromisoformat(child["expected_delivery_date"]) + timedelta(days=chance.randint(-20, 20))
    child["expected_delivery_date"] = due.isoformat()


def mother_of_unborn_moved(chance: Random, one: Document, other: Document) -> None:
    """An unborn child whose mother lives elsewhere now."""
    due_date_moved(chance, one, other)
    other["children"][0]["address"] = address(chance)


def born_since_expected(chance: Random, one: Document, other: Document) -> None:
    """Expected in the first referral, born within the weeks around that day in the second."""
    child = other["children"][0]
    born = TODAY - timedelta(days=chance.randint(5, 90))
    child["date_of_birth"] = born.isoformat()
    one["children"][0]["date_of_birth"] = (born + timedelta(days=chance.randint(-10, 60))).isoformat()
    expect(one)
    without_numbers(child)


SAME: Final[tuple[Corruption, ...]] = (
    as_before,
    numbers_left_out,
    moved,
    accents_lost,
    given_name_mistyped,
    mistyped_with_numbers,
    family_name_mistyped,
    names_swapped,
    called_by_another_name,
    middle_name_added,
    surname_changed,
    half_of_the_surname,
    day_and_month_exchanged,
    birth_date_not_known,
    age_estimated,
    given_name_not_known,
    due_date_moved,
    mother_of_unborn_moved,
    born_since_expected,
)
