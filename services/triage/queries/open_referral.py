"""The directory as Open Referral UK 3.0 publishes it: services, their locations, taxonomies and their terms."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from math import asin, cos, radians, sin, sqrt
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import PlaceUnknown
from services.triage.queries.directory import postcode_rows, published_listings
from services.triage.routing.open_referral import (
    LEVELS,
    NEEDS,
    Area,
    ListedService,
    Listing,
    council_named,
    is_district,
)
from shared.identifiers import read_postcode
from shared.problems import NotFound
from shared.settings.hub import Hub

VERSION = "3.0"
PROFILE = "https://docs.openreferraluk.org/en/latest/"
EARTH_METRES = 6_371_000
LEAST_NEED = 2
"""Indicators of level 1 are what goes well."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What is known of where a postcode lies; latitude and longitude in degrees."""

    district: str | None
    council: str | None
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Wanted:
    """What a listing is narrowed to, in the standard's own terms; None leaves that out.

    `proximity` is in metres; `day` is a code as in `byday`, and with the times is asked of one schedule of the service.
    """

    search: str | None = None
    minimum_age: float | None = None
    maximum_age: float | None = None
    taxonomy_id: str | None = None
    taxonomy_term_id: str | None = None
    postcode: str | None = None
    proximity: float | None = None
    start_time: time | None = None
    end_time: time | None = None
    day: str | None = None


def about(openapi_url: str) -> Record:
    """Return what the standard wants to be told at the root: its version, the profile and where the routes are."""
    return {"version": VERSION, "profile": PROFILE, "openapi_url": openapi_url}


async def list_services(session: AsyncSession, hub: Hub, wanted: Wanted, *, full: bool) -> list[Record]:
    """Return the services wanted, by name: whole, or without what there can be many of."""
    found = await _wanted_services(session, hub, wanted)
    return [dict(listing) if full else _single(listing) for listing, _ in found]


async def find_service(session: AsyncSession, service_id: UUID) -> Record:
    return _by_id(await published_listings(session), service_id)


async def list_service_locations(session: AsyncSession, hub: Hub, wanted: Wanted) -> list[Record]:
    """Return where the services wanted can be met, each with its service and its location."""
    place = await place_of(session, hub, wanted.postcode)
    return [
        {**_single(at), "service": _single(listing), "location": _single(at.get("location") or {})}
        for listing, _ in await _wanted_services(session, hub, wanted)
        for at in listing.get("service_at_locations") or ()
        if _is_near(at, place, wanted.proximity)
    ]


async def find_service_location(session: AsyncSession, at_id: UUID) -> Record:
    listings = await published_listings(session)
    found = [
        {**at, "service": {**listing, "service_at_locations": []}}
        for listing in listings
        for at in listing.get("service_at_locations") or ()
    ]
    return _by_id(found, at_id)


async def list_taxonomies(session: AsyncSession) -> list[Record]:
    """Return the two taxonomies of the front door, and those whose terms services are described by."""
    known = {
        str(LEVELS): ("Levels of need", "The levels of the threshold document, 1 to 4."),
        str(NEEDS): ("Needs", "The indicators of need that a service is for."),
    }
    for term in _terms_of(await published_listings(session)):
        if term.get("taxonomy_id"):
            name = str(term.get("taxonomy") or term["taxonomy_id"])
            known.setdefault(str(term["taxonomy_id"]), (name, name))
    return [{"id": one, "name": name, "description": said} for one, (name, said) in sorted(known.items())]


async def list_terms(session: AsyncSession, hub: Hub, taxonomy_id: str | None) -> list[Record]:
    """Return the terms of both taxonomies of the front door and every other that a service is described by."""
    terms = {term["id"]: term for term in (*_levels(), *_needs(hub))}
    for term in _terms_of(await published_listings(session)):
        terms.setdefault(term["id"], {"description": term.get("name") or term.get("term") or "", **term})
    return [term for _, term in sorted(terms.items()) if taxonomy_id in (None, term.get("taxonomy_id"))]


def one_of(records: Iterable[Record], record_id: UUID) -> Record:
    """Return the record of this id; raises `NotFound`."""
    return _by_id(records, record_id)


async def place_of(session: AsyncSession, hub: Hub, postcode: str | None) -> Place | None:
    """Return where a postcode lies, as far as that is known; an incomplete one has its district."""
    if postcode is None:
        return None
    read = read_postcode(postcode)
    district, whole = read or (None, None)
    row = (await postcode_rows(session, frozenset({whole}))).get(whole) if whole else None
    if row is None:
        return Place(district, next((council for council, held in hub.districts.items() if district in held), None))
    point = (row.latitude, row.longitude)
    return Place(district, row.council, point if None not in point else None)  # type: ignore[arg-type]


async def _wanted_services(session: AsyncSession, hub: Hub, wanted: Wanted) -> list[tuple[Listing, ListedService]]:
    place = await place_of(session, hub, wanted.postcode)
    if wanted.proximity is not None and (place is None or place.point is None):
        raise PlaceUnknown("Send a whole postcode that the hub has imported, or leave proximity out.")
    listings = await published_listings(session)
    pairs = [(listing, ListedService.model_validate(listing)) for listing in listings]
    return [(listing, listed) for listing, listed in pairs if all(_holds(listing, listed, wanted, place))]


def _holds(listing: Listing, listed: ListedService, wanted: Wanted, place: Place | None) -> Iterator[bool]:
    if wanted.search is not None:
        yield wanted.search.casefold() in f"{listed.name} {listing.get('description') or ''}".casefold()
    if wanted.minimum_age is not None:
        yield listed.minimum_age is not None and listed.minimum_age >= wanted.minimum_age
    if wanted.maximum_age is not None:
        yield listed.maximum_age is not None and listed.maximum_age <= wanted.maximum_age
    terms = list(_terms_of([listing]))
    if wanted.taxonomy_id is not None:
        yield any(term.get("taxonomy_id") == wanted.taxonomy_id for term in terms)
    if wanted.taxonomy_term_id is not None:
        yield any(term["id"] == wanted.taxonomy_term_id for term in terms)
    if wanted.start_time or wanted.end_time or wanted.day:
        yield any(_opens(schedule, wanted) for schedule in _schedules_of(listing))
    if place is not None:
        yield not listed.service_areas or any(_covers(area, place) for area in listed.service_areas)


def _schedules_of(listing: Listing) -> Iterator[Listing]:
    for at in (listing, *(listing.get("service_at_locations") or ())):
        yield from at.get("schedules") or ()
        yield from (at.get("location") or {}).get("schedules") or ()


def _opens(schedule: Listing, wanted: Wanted) -> bool:
    """Tell whether a schedule lies within the times wanted, on the day wanted; of `1MO` the day is Monday."""
    opens, closes = (_time_of(schedule.get(name)) for name in ("opens_at", "closes_at"))
    days = {day.strip()[-2:] for day in str(schedule.get("byday") or "").split(",")}
    return (
        (wanted.start_time is None or (opens is not None and opens >= wanted.start_time))
        and (wanted.end_time is None or (closes is not None and closes <= wanted.end_time))
        and (wanted.day is None or wanted.day in days)
    )


def _time_of(said: Any) -> time | None:
    """Return the time of day; a publisher's own way of writing it counts as none."""
    try:
        return time.fromisoformat(said).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def _covers(area: Area, place: Place) -> bool:
    if is_district(area):
        return area.extent == place.district
    return place.council is not None and council_named(area) == place.council


def _is_near(at: Listing, place: Place | None, metres: float | None) -> bool:
    if metres is None or place is None or place.point is None:
        return True
    location = at.get("location") or {}
    point = location.get("latitude"), location.get("longitude")
    return None not in point and _metres_between(place.point, point) <= metres  # type: ignore[arg-type]


def _metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance of two points given in degrees (haversine)."""
    (lat, lon), (to_lat, to_lon) = (tuple(map(radians, point)) for point in (one, other))
    chord = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(chord)))


def _single(record: Listing) -> Record:
    """Leave out what there can be many of: lists of a listing have only what is there once."""
    return {
        name: _single(value) if isinstance(value, Mapping) else value
        for name, value in record.items()
        if not isinstance(value, list)
    }


def _terms_of(listings: Iterable[Listing]) -> Iterator[Record]:
    for listing in listings:
        for attribute in listing.get("attributes") or ():
            if (term := attribute.get("taxonomy_term")) and term.get("id"):
                yield term


def _levels() -> Iterator[Record]:
    for level in ("1", "2", "3", "4"):
        yield _term(LEVELS, "Levels of need", level, f"Level {level}")


def _needs(hub: Hub) -> Iterator[Record]:
    for indicator in hub.indicators:
        if indicator.level >= LEAST_NEED:
            yield _term(NEEDS, "Needs", indicator.code, indicator.label)


def _term(taxonomy_id: UUID, taxonomy: str, code: str, name: str) -> Record:
    return {
        "id": str(uuid5(taxonomy_id, code)),
        "code": code,
        "name": name,
        "term": name,
        "description": name,
        "taxonomy": taxonomy,
        "taxonomy_id": str(taxonomy_id),
    }


def _by_id(records: Iterable[Record], record_id: UUID) -> Record:
    found = next((record for record in records if record["id"] == str(record_id)), None)
    if found is None:
        raise NotFound("The directory has no such record.")
    return found
