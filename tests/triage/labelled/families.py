"""Invented families, made by seeded chance: half the children have an NHS number, a third a UPN."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from shared.identifiers import UPN_LETTERS, read_nhs_number, read_upn

Document = dict[str, Any]
Corruption = Callable[[Random, Document, Document], None]
"""Changes either referral of a pair, which start alike."""


def _words(text: str) -> list[str]:
    return text.split()


GIVEN: Final = _words(
    "Oscar Poppy Alfie Siân Łukasz Chloé Stanisław Aoife Niamh Jaydon Tyler İpek Inês Jean-Luc Mohammed Katherine "
    "Benjamin Charlotte Imogen Isabella Theodore Rosalind Abigail Nathaniel Gabriela Dominic Harriet Frederick Matilda"
)
FAMILY: Final = _words(
    "Pellingham Smith Jones Wiśniewska-Dąb O'Tarrant Brânzescu Marrowby Yıldızeli Okoro-Finch Wójcik Brontë-O’Hara "
    "Featherstone Quintock Ogunbanwo-Lee Taylor Müller Hollingworth Ramanathan Castellano Whitlock Abernathy Dunmore"
)
MOTHERS: Final = _words("Leanne Kirsty Oksana Nadia Grace Małgorzata Donna Priya Yasmin Bethany")
STREETS: Final = ("Foundry Court", "Sponne Meadow", "Larkfield Close", "Ironstone Way", "Tithe Row")
TODAY: Final = date(2026, 11, 20)


def family(chance: Random, nth: int) -> Document:
    """Return a referral of one child with its mother."""
    family_name = chance.choice(FAMILY)
    born = TODAY - timedelta(days=chance.randint(400, 6000))
    child = {
        "given_name": chance.choice(GIVEN),
        "family_name": family_name,
        "date_of_birth": born.isoformat(),
        "sex": chance.choice("MF"),
        "address": address(chance),
        **({"nhs_number": nhs_number(chance)} if nth % 2 else {}),
        **({"upn": upn(chance)} if nth % 3 == 0 else {}),
    }
    mother = {"name": f"{chance.choice(MOTHERS)} {family_name}", "relationship": "mother", "lives_with_child": "yes"}
    return {"children": [child], "household": [mother]}


def address(chance: Random) -> Document:
    street = f"{chance.randint(1, 99)} {chance.choice(STREETS)}"
    letters = "".join(chance.choice("ABDEFGHJLN") for _ in range(2))
    return {"lines": [street, "Northampton"], "postcode": f"NN{chance.randint(1, 18)} {chance.randint(1, 9)}{letters}"}


def expect(referral: Document) -> None:
    """Put the referral before the birth."""
    child = referral["children"][0]
    child |= {"given_name": "Unborn", "expected_delivery_date": child.pop("date_of_birth")}
    child.pop("sex", None)
    without_numbers(child)


def without_numbers(child: Document) -> None:
    for number in ("nhs_number", "upn"):
        child.pop(number, None)


def nhs_number(chance: Random) -> str:
    """Return a valid number from the range 9xx, which no person has."""
    while not read_nhs_number(number := f"9{chance.randint(0, 999_999_999):09}"):
        pass
    return number


def upn(chance: Random) -> str:
    digits = f"940{chance.randint(0, 999_999_999):09}"
    return next(f"{letter}{digits}" for letter in UPN_LETTERS if read_upn(f"{letter}{digits}"))
