"""Which council a child belongs to, by postcode district. Pure; asked when a case opens and when help is offered.

The child's address decides, never the referrer's; without one, where the child was found; before birth, the
mother's. A district that no council has to itself belongs to none: a person asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Districts = Mapping[str, Sequence[str]]
"""ONS code of a council -> the postcode districts that it has to itself."""

INWARD = 3
_SHAPES = frozenset({"A9", "A99", "A9A", "AA9", "AA99", "AA9A"})


def council_of(document: Document, child: int, districts: Districts) -> str | None:
    """Return the ONS code of the council of a child of a referral document, None where it is not known."""
    district = district_of(document, child)
    return next((council for council, held in districts.items() if district in held), None)


def district_of(document: Document, child: int) -> str | None:
    """Return the postcode district, such as `NN12`, where the child lives or was found; incomplete ones count."""
    return next((found for found in map(_district, _postcodes(document, child)) if found), None)


def _postcodes(document: Document, child: int) -> Iterator[str]:
    subject = document["children"][child]
    places = [subject.get("address"), subject.get("found_at")]
    if subject.get("expected_delivery_date"):
        household = document.get("household") or ()
        mothers = [person.get("address") for person in household if person.get("relationship") == "mother"]
        places = [*mothers, *places]
    for place in places:
        postcode = (place or {}).get("postcode")
        if postcode:
            yield postcode


def _district(postcode: str) -> str | None:
    words = "".join(letter if letter.isalnum() else " " for letter in postcode.upper()).split()
    whole = "".join(words)
    if _shape(whole[-INWARD:]) == "9AA" and _shape(whole[:-INWARD]) in _SHAPES:
        return whole[:-INWARD]
    return next((word for word in (*words[:1], whole) if _shape(word) in _SHAPES), None)


def _shape(text: str) -> str:
    """Return the pattern of letters (A) and digits (9); what is neither in ASCII stays and fits no shape."""
    return "".join(_kind(letter) for letter in text)


def _kind(letter: str) -> str:
    if not letter.isascii():
        return "?"
    return "9" if letter.isdigit() else "A"
