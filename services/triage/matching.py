"""Who a referral is about, in forms that can be compared exactly: identifiers, and name with birth date.

Pure. The vault makes blind indexes of these, so that no name stands in the open.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

NOT_KNOWN = "not known"

Identity = tuple[str, str]
"""Kind (`nhs_number`, `upn`, `name_and_birth`) and the value in its comparable form."""


def identities_of(referral: Mapping[str, Any], doubtful: frozenset[str] = frozenset()) -> frozenset[Identity]:
    """Return the identities of every child and household member of a referral document.

    `doubtful` holds the pointers of identifiers that failed their check: a mistyped number must join nobody.
    """
    return frozenset(
        identity
        for group in ("children", "household")
        for index, person in enumerate(referral.get(group) or ())
        for identity in _identities(person, f"/{group}/{index}", doubtful)
    )


def _identities(person: Mapping[str, Any], pointer: str, doubtful: frozenset[str]) -> Iterator[Identity]:
    for kind in ("nhs_number", "upn"):
        number = person.get(kind)
        if number and f"{pointer}/{kind}" not in doubtful:
            yield kind, "".join(str(number).split()).upper()
    name = _comparable(person.get("name") or f"{person.get('given_name') or ''} {person.get('family_name') or ''}")
    born = person.get("date_of_birth")
    if born and name and NOT_KNOWN not in name:
        yield "name_and_birth", f"{name} {born}"


def _comparable(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
