"""Children who are easily taken for one: each function makes another child of the second of a pair."""

from datetime import date, timedelta
from random import Random
from typing import Final

from tests.triage.labelled.families import Corruption, Document, address, expect, nhs_number, without_numbers

TWINS: Final = (
    ("Ella", "Ellie"), ("Jayden", "Hayden"), ("Tim", "Tom"), ("Mia", "Maya"), ("Daisy", "Poppy"), ("Jack", "Jake"),
    ("Oliver", "Oscar"), ("Ruby", "Rosie"), ("Amelia", "Amber"), ("Noah", "Nathan"), ("Lucas", "Logan"),
    ("Freya", "Faith"), ("Harry", "Harvey"), ("Zara", "Zoe"),
)  # fmt: skip
REFUGE: Final = {"lines": ["Orchard House Refuge", "Northampton"], "postcode": "NN1 4ZZ"}


def twin(chance: Random, one: Document, other: Document) -> None:
    """The twin: all the same but the given name and the numbers, where these are known."""
    names = chance.choice(TWINS)
    for name, child in zip(names, (one["children"][0], other["children"][0]), strict=True):
        child["given_name"] = name
    child = other["children"][0]
    if "nhs_number" in child:
        child["nhs_number"] = nhs_number(chance)
    child.pop("upn", None)


def twinwithout_numbers(chance: Random, one: Document, other: Document) -> None:
    """The twin, of whom as of the other nobody knows a number."""
    twin(chance, one, other)
    for referral in (one, other):
        without_numbers(referral["children"][0])


def sibling(chance: Random, _: Document, other: Document) -> None:
    """A brother or sister, born in another year."""
    child = other["children"][0]
    child["given_name"] = chance.choice(["Bartholomew", "Winifred"])
    born = date.fromisoformat(child["date_of_birth"]) - timedelta(days=chance.randint(300, 1500))
    child["date_of_birth"] = born.isoformat()
    without_numbers(child)


def sibling_under_one_number(chance: Random, _: Document, other: Document) -> None:
    """A brother or sister, entered with the NHS number of the first child."""
    number = other["children"][0].get("nhs_number")
    sibling(chance, _, other)
    if number:
        other["children"][0]["nhs_number"] = number


def same_refuge(chance: Random, one: Document, other: Document) -> None:
    """A stranger in the same refuge, with the same surname and born on the same day."""
    one["children"][0]["address"] = REFUGE
    other["children"][0] |= {"given_name": chance.choice(["Winifred", "Barnaby"]), "address": REFUGE}
    other["household"] = [{"name": "Ann Other", "relationship": "mother", "lives_with_child": "yes"}]
    without_numbers(other["children"][0])


def same_house(chance: Random, _: Document, other: Document) -> None:
    """Another child of the same surname at the same address, whose birth date nobody knows."""
    child = other["children"][0]
    child["given_name"] = chance.choice(["Winifred", "Barnaby"])
    child.pop("date_of_birth")
    without_numbers(child)


def namesake(chance: Random, one: Document, other: Document) -> None:
    """The same names, another birth date, family and address."""
    stranger(chance, one, other)
    born = date.fromisoformat(other["children"][0]["date_of_birth"]) - timedelta(days=chance.randint(500, 2000))
    other["children"][0]["date_of_birth"] = born.isoformat()


def named_after_the_father(chance: Random, _: Document, other: Document) -> None:
    """The same names at the same address, a generation apart."""
    child = other["children"][0]
    born = date.fromisoformat(child["date_of_birth"]) - timedelta(days=chance.randint(8000, 9000))
    child["date_of_birth"] = born.isoformat()
    other["household"] = []
    without_numbers(child)


def stranger(chance: Random, _: Document, other: Document) -> None:
    """The same names and sex; everything else is of another family, and nobody knows the birth date."""
    other["children"][0]["address"] = address(chance)
    other["household"] = [{"name": "Ann Other", "relationship": "mother", "lives_with_child": "yes"}]
    without_numbers(other["children"][0])


def born_the_same_day(chance: Random, one: Document, other: Document) -> None:
    """The same given name and birth date, another surname, mother and address."""
    stranger(chance, one, other)
    other["children"][0]["family_name"] = "Thornbury"


def surname_and_birthday(chance: Random, one: Document, other: Document) -> None:
    """The same surname and birth date, another given name, mother and address."""
    stranger(chance, one, other)
    other["children"][0]["given_name"] = "Winifred"


def another_pregnancy(chance: Random, one: Document, other: Document) -> None:
    """The same mother expects again, more than a year later."""
    for referral in (one, other):
        expect(referral)
    child = other["children"][0]
    due = date.fromisoformat(child["expected_delivery_date"]) + timedelta(days=chance.randint(370, 900))
    child["expected_delivery_date"] = due.isoformat()


def unborn_in_the_same_hostel(_: Random, one: Document, other: Document) -> None:
    """Another mother in the same hostel, of the same surname, expects at the same time."""
    for referral in (one, other):
        expect(referral)
        referral["children"][0]["address"] = REFUGE
    other["household"][0]["name"] = f"Bridget {other['children'][0]['family_name']}"


DIFFERENT: Final[tuple[Corruption, ...]] = (
    twin,
    twinwithout_numbers,
    sibling,
    sibling_under_one_number,
    same_refuge,
    same_house,
    namesake,
    named_after_the_father,
    born_the_same_day,
    surname_and_birthday,
    another_pregnancy,
    unborn_in_the_same_hostel,
)
