"""Takes over a listing of Open Referral UK as others publish it, and says what of it is left out or not looked at.

What the front door reads must be of its form, or it would break where it is read; what does not fit is left out, and
what stays behind is kept as it came. Pure.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.triage.routing.open_referral import (
    AGE_BAND,
    LEVELS,
    NEEDS,
    Area,
    Capacity,
    ListedService,
    Record,
    band_of,
    codes_of,
    council_named,
    is_district,
    is_of,
    levels_of,
    why_never_offered,
)

INDISPENSABLE = ("id", "name", "status")
Place = tuple[str | int, ...]


class ListingError(ValueError):
    """A service that cannot be kept at all; the text says where and why."""


@dataclass(frozen=True)
class Listing:
    """One service: `record` is its document as it is kept, `listed` what is read in it, `left_out` what did not fit."""

    record: Record
    listed: ListedService
    left_out: tuple[str, ...]


def take_over(document: Any) -> Listing:
    """Return the listing without what does not fit; `null` counts as not there. Raises `ListingError`."""
    if not isinstance(document, dict):
        raise ListingError("A service is a group of fields.")
    record: Record = _without_nulls(document)
    left_out: list[str] = []
    while True:
        try:
            listed = ListedService.model_validate_json(json.dumps(record), strict=True)
        except ValidationError as error:
            left_out += _leave_out(record, error)
            record = _without_nulls(record)
        else:
            return Listing(record, listed, tuple(left_out))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _leave_out(record: Record, error: ValidationError) -> Iterator[str]:
    """Set what does not fit to None, each place once; raises `ListingError` where the service needs it."""
    misfits: dict[Place, str] = {}
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        place = found["loc"][:-1] if found["type"] == "missing" else found["loc"]
        if found["loc"][0] in INDISPENSABLE:
            raise ListingError(f"{_pointer(found['loc'])}: {found['msg']}")
        misfits.setdefault(place, found["msg"])
    for place, message in misfits.items():
        around: Any = record
        for step in place[:-1]:
            around = around[step]
        around[place[-1]] = None
        yield f"{_pointer(place)} is left out: {message}"


def _pointer(place: Place) -> str:
    return "".join(f"/{step}" for step in place)


def remarks_on(listing: Listing, indicators: frozenset[str] | None = None) -> tuple[str, ...]:
    """Return a line for each thing that is left out or not looked at; `indicators` are the needs that the hub knows."""
    listed = listing.listed
    hindrances = why_never_offered(listed)
    lines = [
        *listing.left_out,
        *_of_attributes(listed, indicators),
        *_of_areas(listed.service_areas),
        *_of_capacities(listed.capacities),
    ]
    return (*((f"listed and never offered: {'; '.join(hindrances)}",) if hindrances else ()), *lines)


def _of_attributes(listed: ListedService, indicators: frozenset[str] | None) -> Iterator[str]:
    for index, attribute in enumerate(listed.attributes):
        term = attribute.taxonomy_term
        if term is None or not (is_of(term, LEVELS) or is_of(term, NEEDS)):
            yield f"/attributes/{index} is no level and no need: published and not looked at"
        elif not term.code:
            yield f"/attributes/{index} is not looked at: its term has no code"
    first = [str(level) for level in levels_of(listed)[:1]]
    for code in codes_of(listed, LEVELS):
        if code not in first:
            yield f"level {code!r} is not looked at: a service is offered at one level, 2 or 3"
    for code in codes_of(listed, NEEDS):
        if indicators is not None and code not in indicators:
            yield f"need {code!r} is no indicator of this hub, so that no child has it"


def _of_areas(areas: Sequence[Area]) -> Iterator[str]:
    for index, area in enumerate(areas):
        if not is_district(area) and not council_named(area):
            yield f"/service_areas/{index} is not looked at: neither a postcode district nor a council's ONS address"


def _of_capacities(capacities: Sequence[Capacity]) -> Iterator[str]:
    seen: set[str] = set()
    for index, capacity in enumerate(capacities):
        band = band_of(capacity)
        if capacity.unit.scheme != AGE_BAND:
            yield f"/capacities/{index} is not looked at: it counts something else than places by age"
        elif band is None:
            yield f"/capacities/{index} is not looked at: write its ages in months, as unborn-71 or 72-239"
        elif band.key in seen:
            yield f"/capacities/{index} names the ages of another again: the last number of places stands"
        else:
            seen.add(band.key)


def part_of_directory(page: Record, services: int) -> str:
    """Return in a sentence why so many services are not, or may not be, the whole directory; empty where they are."""
    if "id" in page:
        return "This is one service by itself."
    counts = (page.get(name) for name in ("page_number", "total_pages", "total_items", "size"))
    number, pages, total, size = map(_number, counts)
    others = any(str(page.get(name)).lower() == "false" for name in ("first_page", "last_page"))
    linked = any(page.get(name) for name in ("next", "previous"))
    if others or linked or pages not in (None, 0, 1) or number not in (None, 0, 1):
        return f"This is page {number or '?'} of {pages or '?'}, with {services} of {total or '?'} services."
    if any(count not in (None, services) for count in (total, size)):
        return f"This holds {services} services and says that there are {total if total != services else size}."
    return "" if services else "This holds no service."


def _number(count: Any) -> int | None:
    """Read what a page says of itself, of whatever type others write it."""
    try:
        return int(count)
    except (TypeError, ValueError):
        return None
