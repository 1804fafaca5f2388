"""Which service of early help fits a child. Pure: the same child and directory always give the same service.

Waiting lists and offers that come back are not weighed here.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator


class Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AgeBand(Listed):
    """Full months of age from and to, both included; `unborn` where a child may come before birth."""

    unborn: bool = False
    from_months: Annotated[int, Field(ge=0)]
    to_months: Annotated[int, Field(ge=0)]
    places: Annotated[int, Field(ge=0)]


class Service(Listed):
    """One service of the directory: `areas` are postcode districts, `councils` ONS codes; either will do."""

    slug: str
    provider: str
    name: str
    level: Annotated[int, Field(ge=1, le=4)]
    areas: frozenset[str] = Field(default=frozenset(), strict=False)
    councils: frozenset[str] = Field(default=frozenset(), strict=False)
    age_bands: tuple[AgeBand, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not self.areas and not self.councils:
            raise ValueError("name the areas or the councils it is for")
        return self


Directory = tuple[Service, ...]

_listing: TypeAdapter[Directory] = TypeAdapter(Directory)


def read_directory(listing: bytes | str) -> Directory:
    """Return the services of a directory.json; raises pydantic's `ValidationError`."""
    return _listing.validate_json(listing)


def choose(
    directory: Directory,
    *,
    council: str | None,
    district: str | None,
    age_months: int | None,
    unborn: bool,
    level: int,
) -> Service | None:
    """Return the service for exactly this level that fits the child, or None where there is none.

    One for the child's own district comes before one for the whole council, then the lower slug. A child whose age
    is not known fits none.
    """
    fitting = [
        service
        for service in directory
        if service.level == level
        and (district in service.areas or council in service.councils)
        and any(_takes(band, age_months, unborn=unborn) for band in service.age_bands)
    ]
    return min(fitting, key=lambda service: (district not in service.areas, service.slug), default=None)


def _takes(band: AgeBand, age_months: int | None, *, unborn: bool) -> bool:
    if unborn:
        return band.unborn
    return age_months is not None and band.from_months <= age_months <= band.to_months
