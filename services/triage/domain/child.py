"""How a child of a referral is called, how old it is, and what is protected of it from whom. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.text import is_known

Document = Mapping[str, Any]

MONTHS = 12
YOUNG = 24
"""Children under two years are counted in months."""

LEARNS = {
    "location": "where the child is",
    "referral": "that there is a referral",
    "referrer": "who referred",
    "intelligence": "what others have told us",
}


@dataclass(frozen=True)
class Protection:
    """One thing that must not get out: whom it is kept from, and what."""

    who: str
    what: str


def called(child: Mapping[str, Any]) -> str:
    """Return a child's name as it was given, or that it is not known."""
    names = [child.get(part) for part in ("given_name", "family_name")]
    known = " ".join(str(name) for name in names if is_known(name))
    if known:
        return known
    return "Unborn child" if child.get("expected_delivery_date") else "Name not known"


def age_of(child: Mapping[str, Any], on: date) -> str:
    """Return a child's age on a day, in months under two years; what is only estimated says so."""
    if child.get("date_of_birth"):
        born = date.fromisoformat(child["date_of_birth"])
        months = (on.year - born.year) * MONTHS + on.month - born.month - (on.day < born.day)
        return f"{months} months" if months < YOUNG else str(months // MONTHS)
    if child.get("expected_delivery_date"):
        return "unborn"
    estimated = child.get("estimated_age_years")
    return "age not known" if estimated is None else f"about {estimated}"


def protections(referral: Document) -> list[Protection]:
    """Return everything of a referral that must be kept from somebody, the gravest first."""
    return [*_restricted(referral), *_hidden_places(referral), *_kept_from_household(referral), *_told(referral)]


def _restricted(referral: Document) -> Iterator[Protection]:
    if referral.get("restricted"):
        yield Protection("Everybody who does not work on this case", "anything of this record: it is restricted")


def _hidden_places(referral: Document) -> Iterator[Protection]:
    hidden = [called(child) for child in referral["children"] if child.get("location_protected")]
    if hidden:
        verb = "is" if len(hidden) == 1 else "are"
        yield Protection("Everybody outside, the household included", f"where {' and '.join(hidden)} {verb}")


def _kept_from_household(referral: Document) -> Iterator[Protection]:
    for person in referral.get("household") or ():
        relationship = str(person.get("relationship") or "").replace("_", " ")
        who = " ".join(part for part in (person.get("name") or "", f"({relationship})" if relationship else "") if part)
        kept = [LEARNS.get(code, code) for code in person.get("must_not_learn") or ()]
        if kept:
            yield Protection(who, ", ".join(kept))


def _told(referral: Document) -> Iterator[Protection]:
    openness = referral.get("openness") or {}
    if openness.get("parents_informed") == "no":
        yield Protection("The parents", "that there is a referral: they have not been told")
