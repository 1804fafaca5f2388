"""What the choice of a service reads in a listing of Open Referral UK 3.0 (a profile of the HSDS), and where.

The standard has no words for a level of need, for ages before birth or for places by age. They stand where it leaves
room: the level and the needs are terms of two taxonomies, and a band of ages with its places is a unit of capacity.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

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

Listing = Mapping[str, Any]
"""A service with all that belongs to it, as `GET /services/{id}` of the standard gives it."""


class Part(BaseModel):
    """What else the standard, or somebody's extension of it, says is kept and not looked at."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Identifier(Part):
    identifier_scheme: str | None = None
    identifier: str


class Organization(Part):
    id: UUID
    name: Annotated[str, Field(min_length=1, max_length=200)]
    organization_identifiers: tuple[Identifier, ...] = ()


class Area(Part):
    extent: str | None = None
    extent_type: str | None = None
    uri: str | None = None


class Term(Part):
    code: Annotated[str, Field(max_length=64)] | None = None
    taxonomy_id: UUID | None = None


class Attribute(Part):
    taxonomy_term: Term | None = None


class Unit(Part):
    scheme: str | None = None
    identifier: str | None = None


class Capacity(Part):
    unit: Unit
    maximum: Annotated[int, Field(ge=0, le=100_000)] | None = None


class Location(Part):
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None


class AtLocation(Part):
    id: UUID
    location: Location | None = None


class ListedService(Part):
    """The fields of a listing that are held to their form; the others pass as they are."""

    id: UUID
    name: Annotated[str, Field(min_length=1, max_length=200)]
    status: Literal["active", "inactive", "defunct", "temporarily closed"]
    organization: Organization
    minimum_age: Annotated[float, Field(ge=0, le=150)] | None = None
    maximum_age: Annotated[float, Field(ge=0, le=150)] | None = None
    service_areas: tuple[Area, ...] = ()
    service_at_locations: tuple[AtLocation, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    capacities: tuple[Capacity, ...] = ()


def service_of(listed: ListedService, slug: str) -> Service | None:
    """Return the service as it is chosen from; None where it is no active one with a level and an area."""
    level = next((int(code) for code in _codes(listed, LEVELS) if code in ("1", "2", "3", "4")), None)
    areas = frozenset(area.extent for area in listed.service_areas if is_district(area) and area.extent)
    councils = frozenset(filter(None, map(council_named, listed.service_areas)))
    if listed.status != "active" or level is None or not areas | councils:
        return None
    return Service(
        slug=slug,
        provider=provider_of(listed.organization),
        name=listed.name,
        level=level,
        areas=areas,
        councils=councils,
        needs=frozenset(_codes(listed, NEEDS)),
        age_bands=tuple(_bands(listed)),
    )


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


def _codes(listed: ListedService, taxonomy: UUID) -> Iterator[str]:
    terms = (attribute.taxonomy_term for attribute in listed.attributes)
    return (term.code for term in terms if term and term.taxonomy_id == taxonomy and term.code)


def _bands(listed: ListedService) -> Iterator[AgeBand]:
    found = [(one, _BAND.fullmatch(band_named(one.unit.model_dump()) or "")) for one in listed.capacities]
    named = [(one, band) for one, band in found if band]
    for one, band in named:
        unborn = band[1] == "unborn"
        yield AgeBand(
            unborn=unborn, from_months=0 if unborn else int(band[1]), to_months=int(band[2]), places=one.maximum
        )
    if not named and listed.maximum_age is not None:
        months = int((listed.maximum_age + 1) * MONTHS) - 1
        yield AgeBand(from_months=int((listed.minimum_age or 0) * MONTHS), to_months=months)
