"""Checks of identifiers and dates that warn and never refuse. Pure; run by the API when a referral arrives."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.identifiers import read_nhs_number, read_postcode, read_upn, read_uprn

ADULT_YEARS = 18
LONGEST_PREGNANCY = timedelta(weeks=42)
OVERDUE = timedelta(weeks=6)


@dataclass(frozen=True)
class Warned:
    """Something kept as given that looks wrong: where it stands (RFC 6901) and what to check."""

    pointer: str
    detail: str


def postcode_problem(text: str) -> str | None:
    """Check the shape, not whether anybody lives there."""
    found = read_postcode(text)
    if found is None:
        return "This is not the shape of a UK postcode. It is kept as given; please look again."
    if found.whole is None:
        return "This postcode looks incomplete. Its district is used; please send the whole of it."
    return None


def _unless_read(read: Callable[[str], str | None], problem: str) -> Callable[[str], str | None]:
    return lambda text: None if read(text) else problem


CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "nhs_number": _unless_read(
        read_nhs_number, "This NHS number fails its check. It is kept as given; please look again."
    ),
    "upn": _unless_read(
        read_upn, "This unique pupil number fails its check. It is kept as given; please look again."
    ),
    "uprn": _unless_read(read_uprn, "A property reference has up to 12 digits. It is kept as given."),
    "postcode": postcode_problem,
}  # fmt: skip


def warnings_of(document: Mapping[str, Any], received_on: date) -> tuple[Warned, ...]:
    """Return what looks wrong in a valid referral document, in the order of its fields."""
    return tuple(
        warned
        for group in ("children", "household")
        for index, person in enumerate(document.get(group, []))
        for warned in _of_person(f"/{group}/{index}", person, received_on if group == "children" else None)
    )


def _of_person(pointer: str, person: Mapping[str, Any], received_on: date | None) -> Iterator[Warned]:
    if received_on is not None:
        yield from _of_dates(pointer, person, received_on)
    for path, part in ((pointer, person), *((f"{pointer}/{n}", person.get(n) or {}) for n in ("address", "found_at"))):
        for name, check in CHECKS.items():
            detail = check(part[name]) if part.get(name) else None
            if detail is not None:
                yield Warned(f"{path}/{name}", detail)


def _of_dates(pointer: str, child: Mapping[str, Any], received_on: date) -> Iterator[Warned]:
    if is_adult(child, received_on):
        yield Warned(f"{pointer}/date_of_birth", "By this date the child is 18 or older; please look again.")
    due = child.get("expected_delivery_date")
    if due is not None and not -OVERDUE <= date.fromisoformat(due) - received_on <= LONGEST_PREGNANCY:
        yield Warned(f"{pointer}/expected_delivery_date", "This lies too far off; please look again.")


def is_adult(child: Mapping[str, Any], on: date) -> bool:
    """Say whether a date of birth makes the child 18 or older on a day; without one nobody is held to be an adult."""
    if child.get("date_of_birth") is None:
        return False
    born = date.fromisoformat(child["date_of_birth"])
    return (on.year - born.year - ((on.month, on.day) < (born.month, born.day))) >= ADULT_YEARS
