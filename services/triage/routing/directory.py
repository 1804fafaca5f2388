"""The services of early help as they are chosen from: for whom each is, and where."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AgeBand(Listed):
    """Full months of age from and to, both included; `unborn` where a child may come before birth.

    `places` is how many children of the band the service holds at once; None where it takes all who come.
    """

    unborn: bool = False
    from_months: Annotated[int, Field(ge=0)]
    to_months: Annotated[int, Field(ge=0)]
    places: Annotated[int, Field(ge=0)] | None = None

    @property
    def key(self) -> str:
        """The band's name within its service, such as `unborn-71`."""
        return f"{'unborn' if self.unborn else self.from_months}-{self.to_months}"

    def takes(self, age_months: int | None, *, unborn: bool) -> bool:
        """Tell whether a child of this age belongs to the band; one whose age is not known belongs to none."""
        if unborn:
            return self.unborn
        return age_months is not None and self.from_months <= age_months <= self.to_months


class Service(Listed):
    """One service of the directory: `areas` are postcode districts, `councils` ONS codes; either will do.

    `needs` are codes of indicators that it is for; one that names none takes every need of its level.
    """

    slug: str
    provider: str
    name: str
    level: Annotated[int, Field(ge=1, le=4)]
    areas: frozenset[str] = Field(default=frozenset(), strict=False)
    councils: frozenset[str] = Field(default=frozenset(), strict=False)
    needs: frozenset[str] = Field(default=frozenset(), strict=False)
    age_bands: tuple[AgeBand, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not self.areas and not self.councils:
            raise ValueError("name the areas or the councils it is for")
        return self

    def band_for(self, age_months: int | None, *, unborn: bool) -> AgeBand | None:
        return next((band for band in self.age_bands if band.takes(age_months, unborn=unborn)), None)


Directory = tuple[Service, ...]
