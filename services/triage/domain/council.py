"""Which council a child belongs to, by postcode. Pure; asked when a case opens and when help is offered.

The child's address decides, never the referrer's; without one, where the child was found; before birth, the
mother's. A whole postcode that the ONS's file places decides; else the district, where one council has it to itself.
Otherwise the council is not known: a person asks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Document = Mapping[str, Any]
Districts = Mapping[str, Sequence[str]]
"""ONS code of a council -> the postcode districts that it has to itself."""

INWARD = 3
_is_outward = re.compile("[A-Z]{1,2}[0-9][0-9A-Z]?").fullmatch
_is_inward = re.compile("[0-9][A-Z]{2}").fullmatch
_apart = re.compile(r"[\W_]+").split


def council_of(
    document: Document, child: int, districts: Districts, postcodes: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Return the ONS code of the council of a child of a referral document, None where it is not known.

    `postcodes` places whole ones, plain as `plain_postcode` makes them, by their council.
    """
    placed = (postcodes.get(plain_postcode(postcode)) for postcode in _postcodes(document, child))
    if council := next(filter(None, placed), None):
        return council
    district = district_of(document, child)
    return next((council for council, held in districts.items() if district in held), None)


def district_of(document: Document, child: int) -> str | None:
    """Return the postcode district, such as `NN12`, where the child lives or was found; incomplete ones count."""
    return next((found for found in map(district_named, _postcodes(document, child)) if found), None)


def postcodes_of(document: Document) -> frozenset[str]:
    """Return every postcode, plain, that may tell the council of a child of the document."""
    children = range(len(document["children"]))
    return frozenset(plain_postcode(postcode) for child in children for postcode in _postcodes(document, child))


def plain_postcode(postcode: str) -> str:
    """Return a postcode in capitals, without its space."""
    return "".join(_apart(postcode.upper()))


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


def district_named(postcode: str) -> str | None:
    """Return the district of a postcode that may be incomplete, None where it names none."""
    words = [word for word in _apart(postcode.upper()) if word]
    whole = "".join(words)
    outward, inward = whole[:-INWARD], whole[-INWARD:]
    if _is_inward(inward) and _is_outward(outward):
        return outward
    return next((word for word in (*words[:1], whole) if _is_outward(word)), None)
