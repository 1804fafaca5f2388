"""The directory of early help for everybody, as Open Referral UK 3.0 says."""

from datetime import time
from math import ceil
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from services.triage.api.desk import Session, TriageDesk
from services.triage.queries import open_referral
from services.triage.queries.open_referral import Record, Wanted
from services.triage.schemas import DirectoryPage
from shared.http.reading import Count
from shared.http.routes import StrictRoute
from shared.http.validation import known_id
from shared.security import public

OPEN_DATA = public("a directory of public services is open data, and what the standard's readers expect to read")

router = APIRouter(route_class=StrictRoute, tags=["directory"], dependencies=[OPEN_DATA])

LocalTime = Annotated[time, AfterValidator(lambda at: at.replace(tzinfo=None))]


class PageQuery(BaseModel):
    page: Count = Field(1, ge=1, le=100_000)
    per_page: Count = Field(50, ge=1, le=200)


class ServiceQuery(PageQuery):
    """What a list is narrowed to, in the standard's own terms."""

    search: str | None = Field(None, max_length=200, description="Words of the name or the description.")
    taxonomy_id: str | None = Field(None, max_length=64)
    taxonomy_term_id: str | None = Field(None, max_length=64)
    minimum_age: float | None = Field(None, ge=0, le=150, description="Services from this age in years, or a higher.")
    maximum_age: float | None = Field(None, ge=0, le=150, description="Services up to this age, or a lower.")
    postcode: str | None = Field(None, max_length=50, description="Services for people who live here.")
    proximity: float | None = Field(None, gt=0, le=1_000_000, description="Metres from the postcode.")

    start_time: LocalTime | None = Field(None, description="Services that open at this time, or later.")
    end_time: LocalTime | None = Field(None, description="Services that close at this time, or earlier.")
    day: Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"] | None = Field(None, description="Open on this day.")

    def wanted(self) -> Wanted:
        return Wanted(**self.model_dump(exclude={"page", "per_page", "full"}))


class WholeQuery(ServiceQuery):
    full: bool = Field(False, description="With all that belongs to each service.")


class TermQuery(PageQuery):
    taxonomy_id: str | None = Field(None, max_length=64)


@router.get("/services")
async def get_services(session: Session, desk: TriageDesk, asked: Annotated[WholeQuery, Query()]) -> DirectoryPage:
    """List services, by name."""
    return _page(await open_referral.list_services(session, desk.hub, asked.wanted(), full=asked.full), asked)


@router.get("/services/{service_id}")
async def get_service(session: Session, service_id: str) -> dict[str, Any]:
    """Show one service with all that belongs to it."""
    return await open_referral.find_service(session, known_id(service_id))


@router.get("/service_at_locations")
async def get_service_locations(
    session: Session, desk: TriageDesk, asked: Annotated[ServiceQuery, Query()]
) -> DirectoryPage:
    """List where services can be met."""
    return _page(await open_referral.list_service_locations(session, desk.hub, asked.wanted()), asked)


@router.get("/service_at_locations/{at_id}")
async def get_service_location(session: Session, at_id: str) -> dict[str, Any]:
    """Show one service at one location."""
    return await open_referral.find_service_location(session, known_id(at_id))


@router.get("/taxonomies")
async def get_taxonomies(session: Session, asked: Annotated[PageQuery, Query()]) -> DirectoryPage:
    """List the taxonomies that services are described by."""
    return _page(await open_referral.list_taxonomies(session), asked)


@router.get("/taxonomies/{taxonomy_id}")
async def get_taxonomy(session: Session, taxonomy_id: str) -> dict[str, Any]:
    """Show one taxonomy."""
    return open_referral.one_of(await open_referral.list_taxonomies(session), known_id(taxonomy_id))


@router.get("/taxonomy_terms")
async def get_terms(session: Session, desk: TriageDesk, asked: Annotated[TermQuery, Query()]) -> DirectoryPage:
    """List the terms of the taxonomies: levels of need, needs, and those that services brought along."""
    return _page(await open_referral.list_terms(session, desk.hub, asked.taxonomy_id), asked)


@router.get("/taxonomy_terms/{term_id}")
async def get_term(session: Session, desk: TriageDesk, term_id: str) -> dict[str, Any]:
    """Show one term."""
    return open_referral.one_of(await open_referral.list_terms(session, desk.hub, None), known_id(term_id))


def _page(records: list[Record], asked: PageQuery) -> DirectoryPage:
    pages = ceil(len(records) / asked.per_page)
    contents = records[(asked.page - 1) * asked.per_page :][: asked.per_page]
    return DirectoryPage(
        total_items=len(records),
        total_pages=pages,
        page_number=asked.page,
        size=len(contents),
        first_page=asked.page == 1,
        last_page=asked.page >= pages,
        empty=not contents,
        contents=contents,
    )
