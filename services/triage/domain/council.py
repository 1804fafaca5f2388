"""Which council a child belongs to, by postcode district. Pure; asked when a case opens and when help is offered.

The child's address decides, never the referrer's; without one, where the child was found; before birth, the
mother's. A district that no council has to itself belongs to none: a person asks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Districts = Mapping[str, Sequence[str]]
"""ONS code of a council -> the postcode districts that it has to itself."""

INWARD = 3
_is_outward = re.compile("[A-Z]{1,2}[0-9][0-9A-Z]?").fullmatch
_is_inward = re.compile("[0-9][A-Z]{2}").fullmatch
_apart = re.compile(r"[\W_]+").split


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
    words = [word for word in _apart(postcode.upper()) if word]
    whole = "".join(words)
    outward, inward = whole[:-INWARD], whole[-INWARD:]
    if _is_inward(inward) and _is_outward(outward):
        return outward
    return next((word for word in (*words[:1], whole) if _is_outward(word)), None)
