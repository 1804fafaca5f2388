"""What the choice of a service reads in a listing of Open Referral UK 3.0 (a profile of the HSDS), and where.

The standard has no words for a level of need, for ages before birth or for places by age. They stand where it leaves
room: the level and the needs are terms of two taxonomies, and a band of ages with its places is a unit of capacity.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.triage.routing.directory import AgeBand, Service

NAMESPACE = uuid5(NAMESPACE_URL, "https://frontdoor.example/directory")
LEVELS = uuid5(NAMESPACE, "levels")
NEEDS = uuid5(NAMESPACE, "needs")

AGENCY = "frontdoor-agency"
"""The scheme of the identifier by which an organization is an agency of this front door."""

AGE_BAND = "frontdoor-age-band"
"""The scheme of the units of capacity: places for children of an age in months, as `unborn-71` or `72-239`."""

ONS_AREA = "http://statistics.data.gov.uk/id/statistical-geography/"

_BAND = re.compile(r"(unborn|\d{1,3})-(\d{1,3})", re.ASCII)
_DISTRICT = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?", re.ASCII)
_COUNCIL = re.compile(re.escape(ONS_AREA) + r"([EWSN]\d{8})", re.ASCII)
MONTHS = 12
OFFERED_LEVELS = ("2", "3")
"""The levels of early help; below it help is open to everyone, above it social care answers."""

Listing = Mapping[str, Any]
"""A service with all that belongs to it, as `GET /services/{id}` of the standard gives it."""


Record = dict[str, Any]


class Part(BaseModel):
    """What else the standard, or somebody's extension of it, says is kept and not looked at."""

    model_config = ConfigDict(extra="allow", frozen=True)


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Identifier(Part):
    identifier_scheme: str | None = None
    identifier: Annotated[str, Field(min_length=1, max_length=200)]


class Organization(Part):
    name: Name
    organization_identifiers: tuple[Identifier, ...] = ()


class Area(Part):
    extent: str | None = None
    extent_type: str | None = None
    uri: str | None = None


def _in_words(code: Any) -> Any:
    return str(code) if type(code) is int else code


class Term(Part):
    id: Annotated[str, Field(max_length=200)] | None = None
    code: Annotated[str, BeforeValidator(_in_words), Field(max_length=64)] | None = None
    name: str | None = None
    term: str | None = None
    taxonomy: str | None = None
    taxonomy_id: Annotated[str, Field(max_length=200)] | None = None


class Attribute(Part):
    taxonomy_term: Term | None = None


class Unit(Part):
    scheme: str | None = None
    identifier: str | None = None


def _with_zone(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_with_zone), Field(ge=datetime(1970, 1, 1, tzinfo=UTC))]


class Capacity(Part):
    unit: Unit
    maximum: Annotated[int, Field(ge=0, le=100_000)] | None = None
    updated: Moment | None = None


class Schedule(Part):
    """When something is open; how a publisher writes days and times is its own."""


class Phone(Part):
    number: str | None = None


class Location(Part):
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    schedules: tuple[Schedule, ...] = ()


class AtLocation(Part):
    id: UUID
    location: Location | None = None
    schedules: tuple[Schedule, ...] = ()


Age = Annotated[float, Field(ge=0, le=150)]


class ListedService(Part):
    """The fields of a listing that are read here, and so held to their form; the others pass as they are."""

    id: UUID
    name: Name
    status: Literal["active", "inactive", "defunct", "temporarily closed"]
    description: str | None = None
    url: str | None = None
    email: str | None = None
    organization: Organization | None = None
    minimum_age: Age | None = None
    maximum_age: Age | None = None
    phones: tuple[Phone, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    service_areas: tuple[Area, ...] = ()
    service_at_locations: tuple[AtLocation, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    capacities: tuple[Capacity, ...] = ()


def service_of(listed: ListedService, slug: str) -> Service | None:
    """Return the service as it is chosen from; None for one that `why_never_offered` has reasons against."""
    if listed.organization is None or why_never_offered(listed):
        return None
    return Service(
        slug=slug,
        provider=provider_of(listed.organization),
        name=listed.name,
        level=levels_of(listed)[0],
        areas=_areas(listed),
        councils=_councils(listed),
        needs=frozenset(codes_of(listed, NEEDS)),
        age_bands=tuple(bands_of(listed)),
    )


def why_never_offered(listed: ListedService) -> tuple[str, ...]:
    """Return what keeps a service that is listed from ever being offered, nothing where it may be."""
    hindrances = {
        f"it is {listed.status}": listed.status != "active",
        "it names no organization that could be offered a child": listed.organization is None,
        "it has no level of need from 2 to 3": not levels_of(listed),
        "it names no postcode district and no council": not _areas(listed) | _councils(listed),
        "it names no age that a child can have": not any(True for _ in bands_of(listed)),
    }
    return tuple(why for why, holds in hindrances.items() if holds)


def provider_of(organization: Organization) -> str:
    """Return the agency that answers for the organization: the one that it names, or its name as a slug."""
    named = (one.identifier for one in organization.organization_identifiers if one.identifier_scheme == AGENCY)
    return next(named, slug_of(organization.name))


def slug_of(name: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "service"


def is_district(area: Area) -> bool:
    return area.extent_type == "text" and area.extent is not None and _DISTRICT.fullmatch(area.extent) is not None


def council_named(area: Area) -> str | None:
    found = _COUNCIL.fullmatch(area.uri or "")
    return found[1] if found else None


def band_named(unit: Mapping[str, Any]) -> str | None:
    """Return the key of the age band that a unit of capacity stands for, None where it counts something else."""
    identifier = unit.get("identifier") or ""
    return identifier if unit.get("scheme") == AGE_BAND and _BAND.fullmatch(identifier) else None


def levels_of(listed: ListedService) -> list[int]:
    """Return the levels of need that help is offered at, as they are named; the first is the service's."""
    return [int(code) for code in codes_of(listed, LEVELS) if code in OFFERED_LEVELS]


def codes_of(listed: ListedService, taxonomy: UUID) -> Iterator[str]:
    """Return the codes of a taxonomy of the front door that the service is described by."""
    terms = (attribute.taxonomy_term for attribute in listed.attributes)
    return (term.code for term in terms if term and is_of(term, taxonomy) and term.code)


def is_of(term: Term, taxonomy: UUID) -> bool:
    return (term.taxonomy_id or "").lower() == str(taxonomy)


def bands_of(listed: ListedService) -> Iterator[AgeBand]:
    """Return the bands of ages that the service takes: those with places, or else from its ages in years."""
    named = [band for capacity in listed.capacities if (band := band_of(capacity))]
    yield from named
    if not named and listed.maximum_age is not None:
        first, last = int((listed.minimum_age or 0) * MONTHS), int((listed.maximum_age + 1) * MONTHS) - 1
        if first <= last:
            yield AgeBand(from_months=first, to_months=last)


def band_of(capacity: Capacity) -> AgeBand | None:
    """Return the band of ages that a capacity counts places for, None where it counts anything else."""
    found = _BAND.fullmatch(band_named(capacity.unit.model_dump()) or "")
    if not found:
        return None
    unborn, to_months = found[1] == "unborn", int(found[2])
    from_months = 0 if unborn else int(found[1])
    if from_months > to_months:
        return None
    return AgeBand(unborn=unborn, from_months=from_months, to_months=to_months, places=capacity.maximum)


def _areas(listed: ListedService) -> frozenset[str]:
    return frozenset(area.extent for area in listed.service_areas if is_district(area) and area.extent)


def _councils(listed: ListedService) -> frozenset[str]:
    return frozenset(filter(None, map(council_named, listed.service_areas)))
