"""The directory of early help: as it is chosen from, with the places that are free, and as it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import OPEN_OFFERS, ServiceUnknown, postcodes_of
from services.triage.models import HelpCapacity, HelpService, Offer, Postcode
from services.triage.routing import Directory, Service
from services.triage.routing.open_referral import Listing, band_named
from shared import clock

WEEKS_SHOWN = 52

Standing = Row[UUID, str, int, datetime]
"""Service, band, places and when they were set: the row of capacity that stands in a week."""

_listed = select(HelpService.slug, HelpService.fitting, HelpService.id).where(HelpService.withdrawn_at.is_(None))
_listed_only = (
    select(HelpService.slug)
    .where(HelpService.withdrawn_at.is_(None), HelpService.fitting.is_(None))
    .order_by(HelpService.slug)
)
_taken = (
    select(Offer.service, Offer.band, func.count().label("taken"))
    .where(Offer.status.in_(OPEN_OFFERS))
    .group_by(Offer.service, Offer.band)
)


def week_of(day: date) -> date:
    """Return the Monday of the week."""
    return day - timedelta(days=day.weekday())


def this_week() -> date:
    return week_of(clock.now().date())


async def load_directory(session: AsyncSession, *, hold: bool = False) -> tuple[Directory, dict[tuple[str, str], int]]:
    """Return the services that can be chosen, and the free places of those whose places are counted.

    With `hold`, nobody else takes or changes a place before the transaction ends.
    """
    query = _listed.where(HelpService.fitting.is_not(None)).order_by(HelpService.slug)
    rows = (await session.execute(query.with_for_update() if hold else query)).all()
    slugs = {row.id: row.slug for row in rows}
    taken = await taken_places(session)
    free = {
        (slugs[one.service_id], one.band): one.places - taken.get((slugs[one.service_id], one.band), 0)
        for one in await standing_capacity(session, this_week())
        if one.service_id in slugs
    }
    return tuple(Service.model_validate(row.fitting, strict=False) for row in rows), free


async def listed_only(session: AsyncSession) -> Sequence[str]:
    """Return the slugs of the services that are published and never offered."""
    return (await session.scalars(_listed_only)).all()


async def taken_places(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Return how many offers are open by service and age band."""
    return {(row.service, row.band): row.taken for row in (await session.execute(_taken)).all()}


async def standing_capacity(session: AsyncSession, week: date) -> Sequence[Standing]:
    """Return the capacity that stands in the week from this Monday, the latest set for it or for a week before."""
    query = (
        select(HelpCapacity.service_id, HelpCapacity.band, HelpCapacity.places, HelpCapacity.set_at)
        .ext(distinct_on(HelpCapacity.service_id, HelpCapacity.band))
        .where(HelpCapacity.week <= week)
        .order_by(HelpCapacity.service_id, HelpCapacity.band, HelpCapacity.week.desc())
    )
    return (await session.execute(query)).all()


@dataclass(frozen=True)
class Week:
    """The places of an age band in the week from this Monday, and how many children had one in it."""

    week: date
    band: str
    places: int
    taken: int


async def capacity_history(session: AsyncSession, slug: str) -> list[Week]:
    """Return the last twelve months of a service, week by week; raises `ServiceUnknown`."""
    service_id = await session.scalar(select(HelpService.id).where(HelpService.slug == slug))
    if service_id is None:
        raise ServiceUnknown("Name a service as `frontdoor hub directory show` does.")
    rows = (await session.scalars(select(HelpCapacity).where(HelpCapacity.service_id == service_id))).all()
    offers = (await session.scalars(select(Offer).where(Offer.service == slug))).all()
    weeks = [this_week() - timedelta(weeks=back) for back in range(WEEKS_SHOWN - 1, -1, -1)]
    return [
        Week(week, band, stands[-1].places, sum(offer.band == band and _held_in(offer, week) for offer in offers))
        for week in weeks
        for band in sorted({row.band for row in rows})
        if (stands := sorted((r for r in rows if r.band == band and r.week <= week), key=lambda r: r.week))
    ]


def _held_in(offer: Offer, week: date) -> bool:
    ended = offer.ended_at is not None and offer.ended_at.date() < week
    return offer.offered_at.date() < week + timedelta(weeks=1) and not ended


async def published_listings(session: AsyncSession) -> list[dict[str, Any]]:
    """Return every listing in the order of its name, with the places as they are now."""
    query = select(HelpService).where(HelpService.withdrawn_at.is_(None))
    services = (await session.scalars(query)).all()
    standing = {(one.service_id, one.band): one for one in await standing_capacity(session, this_week())}
    taken = await taken_places(session)
    listings = [_with_places(service, standing, taken) for service in services]
    return sorted(listings, key=lambda listing: (listing["name"], listing["id"]))


def _with_places(
    service: HelpService, standing: Mapping[tuple[UUID, str], Standing], taken: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    listing = dict(service.listing)
    if capacities := listing.get("capacities"):
        listing["capacities"] = [_with_standing(one, service, standing, taken) for one in capacities]
    return listing


def _with_standing(
    capacity: Listing,
    service: HelpService,
    standing: Mapping[tuple[UUID, str], Standing],
    taken: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    band = band_named(capacity.get("unit") or {}) or ""
    stands = standing.get((service.id, band))
    if stands is None:
        return dict(capacity)
    available = max(0, stands.places - taken.get((service.slug, band), 0))
    updated = stands.set_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**capacity, "maximum": stands.places, "available": available, "updated": updated}


async def postcode_rows(session: AsyncSession, postcodes: frozenset[str]) -> dict[str, Postcode]:
    """Return what is known of these postcodes, given without their spaces and in capitals."""
    if not postcodes:
        return {}
    found = await session.scalars(select(Postcode).where(Postcode.postcode.in_(postcodes)))
    return {row.postcode: row for row in found}


async def placed_postcodes(session: AsyncSession, referrals: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the councils of the whole postcodes in these referrals that the ONS's file places."""
    wanted = frozenset[str]().union(*map(postcodes_of, referrals))
    return {postcode: row.council for postcode, row in (await postcode_rows(session, wanted)).items()}
