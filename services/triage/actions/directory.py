"""Keeps the directory of early help: what was imported, and how many places there are.

Run by `frontdoor hub`, and by triage as it starts, which imports the hub's own directory into an empty one.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import BandUnknown, DirectoryUnreadable, ServiceUnknown
from services.triage.models import HelpCapacity, HelpService
from services.triage.queries.directory import standing_capacity, this_week
from services.triage.routing.open_referral import ListedService, Listing, band_named, service_of, slug_of
from shared.db import Database, is_away, transaction
from shared.telemetry import log

HISTORY = timedelta(weeks=53)
_listings: TypeAdapter[list[ListedService]] = TypeAdapter(list[ListedService])
_hold = text("SELECT pg_advisory_xact_lock(hashtextextended('directory', 0))")
_put_service = insert(HelpService)
_put_capacity = insert(HelpCapacity)


async def seed_directory(db: Database, folder: Path) -> None:
    """Import the hub's `directory.json` where no service was ever imported; later imports are left alone."""
    try:
        async with transaction(db) as session:
            if await session.scalar(select(HelpService.id).limit(1)) is None:
                await import_directory(session, (folder / "directory.json").read_bytes())
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("waiting for what is away", service="triage", error=type(error).__name__)


async def import_directory(session: AsyncSession, document: bytes) -> int:
    """Make this the directory: services of Open Referral UK 3.0, as a list or as a page with `contents`.

    Services that it does not hold are withdrawn. Returns how many it holds; raises `DirectoryUnreadable`.
    """
    listings, listed = _read(document)
    await session.execute(_hold)
    rows = await session.execute(select(HelpService.id, HelpService.slug))
    slugs: dict[UUID, str] = {row.id: row.slug for row in rows}
    for listing, service in zip(listings, listed, strict=True):
        slugs.setdefault(service.id, _free_slug(service.name, frozenset(slugs.values())))
        await _put(session, service, listing, slugs[service.id])
    kept = [service.id for service in listed]
    gone = update(HelpService).where(HelpService.id.not_in(kept), HelpService.withdrawn_at.is_(None))
    await session.execute(gone.values(withdrawn_at=func.clock_timestamp()))
    await _import_places(session, listings)
    return len(listed)


def _read(document: bytes) -> tuple[Sequence[Listing], Sequence[ListedService]]:
    try:
        content = json.loads(document)
        listings: Any = content.get("contents") if isinstance(content, dict) else content
        listed = _listings.validate_python(listings)
    except ValidationError as error:
        places = ("/" + "/".join(map(str, found["loc"])) + ": " + found["msg"] for found in error.errors()[:5])
        raise DirectoryUnreadable("; ".join(places)) from error
    except ValueError as error:
        raise DirectoryUnreadable("Give a JSON list of services, each with all that belongs to it.") from error
    if len({service.id for service in listed}) < len(listed):
        raise DirectoryUnreadable("Two services have the same id.")
    return listings, listed


def _free_slug(name: str, taken: frozenset[str]) -> str:
    slug, number = slug_of(name), 1
    while slug in taken:
        number += 1
        slug = f"{slug_of(name)}-{number}"
    return slug


async def _put(session: AsyncSession, service: ListedService, listing: Listing, slug: str) -> None:
    fitting = service_of(service, slug)
    row = {
        "listing": dict(listing),
        "fitting": fitting.model_dump(mode="json") if fitting else None,
        "imported_at": func.clock_timestamp(),
        "withdrawn_at": None,
    }
    statement = _put_service.values(id=service.id, slug=slug, **row)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


async def _import_places(session: AsyncSession, listings: Sequence[Listing]) -> None:
    """Take over the numbers of places from this week on, where they differ from those that stand."""
    standing = {(one.service_id, one.band): one.places for one in await standing_capacity(session, this_week())}
    for listing in listings:
        for capacity in listing.get("capacities") or ():
            band, places = band_named(capacity["unit"]), capacity.get("maximum")
            service_id = UUID(listing["id"])
            if band and places is not None and standing.get((service_id, band)) != places:
                set_at = datetime.fromisoformat(capacity["updated"]) if capacity.get("updated") else None
                await _set_places(session, service_id, band, places, this_week(), set_at)


async def set_capacity(session: AsyncSession, slug: str, band: str, places: int, week: date) -> None:
    """Let a service hold so many children of an age band from the Monday `week` on.

    Raises `ServiceUnknown` or `BandUnknown`. Children who have a place keep it.
    """
    query = select(HelpService).where(HelpService.slug == slug, HelpService.withdrawn_at.is_(None)).with_for_update()
    service = (await session.scalars(query)).one_or_none()
    if service is None or service.fitting is None:
        raise ServiceUnknown("Name a service as `frontdoor hub directory show` does.")
    bands = [band_named(capacity["unit"]) for capacity in service.listing.get("capacities") or ()]
    if band not in bands:
        raise BandUnknown(f"Name one of {', '.join(filter(None, bands))}.")
    await _set_places(session, service.id, band, places, week, None)


async def _set_places(
    session: AsyncSession, service_id: UUID, band: str, places: int, week: date, set_at: datetime | None
) -> None:
    row = {"places": places, "set_at": set_at or func.clock_timestamp()}
    statement = _put_capacity.values(service_id=service_id, band=band, week=week, **row)
    await session.execute(statement.on_conflict_do_update(index_elements=["service_id", "band", "week"], set_=row))


async def forget_old_capacity(session: AsyncSession) -> None:
    """Delete capacity of more than twelve months ago, save what still stands."""
    newer = HelpCapacity.__table__.alias("newer")
    oldest = this_week() - HISTORY
    superseded = (
        select(newer.c.week)
        .where(
            newer.c.service_id == HelpCapacity.service_id,
            newer.c.band == HelpCapacity.band,
            newer.c.week > HelpCapacity.week,
            newer.c.week <= oldest,
        )
        .exists()
    )
    await session.execute(delete(HelpCapacity).where(HelpCapacity.week < oldest, superseded))
