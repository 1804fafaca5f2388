"""Which council a child belongs to, by postcode. Pure; asked when a case opens and when help is offered.

The child's address decides, never the referrer's; without one, where the child was found; before birth, the
mother's. A whole postcode that the ONS's file places decides; else the district, where one council has it to itself.
Otherwise the council is not known: a person asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from shared.identifiers import Postcode, read_postcode

Document = Mapping[str, Any]
Districts = Mapping[str, Sequence[str]]
"""ONS code of a council -> the postcode districts that it has to itself."""


def council_of(
    document: Document, child: int, districts: Districts, postcodes: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Return the ONS code of the council of a child of a referral document, None where it is not known.

    `postcodes` places whole ones, as `read_postcode` gives them, by their council.
    """
    read = [*_postcodes(document, child)]
    if council := next(filter(None, (postcodes.get(one.whole) for one in read if one.whole)), None):
        return council
    return next((council for council, within in districts.items() if read and read[0].district in within), None)


def district_of(document: Document, child: int) -> str | None:
    """Return the postcode district, such as `NN12`, where the child lives or was found; incomplete ones count."""
    return next((one.district for one in _postcodes(document, child)), None)


def postcodes_of(document: Document) -> frozenset[str]:
    """Return every whole postcode that may tell the council of a child of the document."""
    children = range(len(document["children"]))
    return frozenset(one.whole for child in children for one in _postcodes(document, child) if one.whole)


def _postcodes(document: Document, child: int) -> Iterator[Postcode]:
    subject = document["children"][child]
    places = [subject.get("address"), subject.get("found_at")]
    if subject.get("expected_delivery_date"):
        household = document.get("household") or ()
        mothers = [person.get("address") for person in household if person.get("relationship") == "mother"]
        places = [*mothers, *places]
    for place in places:
        if found := read_postcode((place or {}).get("postcode") or ""):
            yield found
