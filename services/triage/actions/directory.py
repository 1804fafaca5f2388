"""Keeps the directory of early help: what was imported, and how many places there are.

Run by `frontdoor hub`, and by triage as it starts, which imports the hub's own directory into an empty one.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import BandUnknown, DirectoryUnreadable, ServiceUnknown
from services.triage.models import HelpCapacity, HelpService
from services.triage.queries.directory import standing_capacity, this_week
from services.triage.routing.listing import Listing, ListingError, part_of_directory, remarks_on, take_over
from services.triage.routing.open_referral import (
    band_named,
    band_of,
    service_of,
    slug_of,
    why_never_offered,
)
from shared.db import Database, is_away, transaction
from shared.http.strict import parse_json
from shared.problems import BadRequest
from shared.telemetry import log

HISTORY = timedelta(weeks=53)
NAMED_AT_MOST = 10
WANTED = "Give a JSON list of services, each with all that belongs to it."
UNREADABLE = (FileNotFoundError, IsADirectoryError, PermissionError)
_hold = text("SELECT pg_advisory_xact_lock(hashtextextended('directory', 0))")
_put_service = insert(HelpService)
_put_capacity = insert(HelpCapacity)


async def seed_directory(db: Database, folder: Path) -> None:
    """Import the hub's `directory.json` where no service was ever imported; later imports are left alone."""
    try:
        async with transaction(db) as session:
            if await session.scalar(select(HelpService.id).limit(1)) is None:
                with naming(file := folder / "directory.json"):
                    await import_directory(session, await asyncio.to_thread(file.read_bytes), partial=True)
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("waiting for what is away", service="triage", error=type(error).__name__)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Let what is wrong with a directory be said with its file."""
    try:
        yield
    except UNREADABLE as error:
        advice = "A hub without services of early help has an empty list in it."
        raise DirectoryUnreadable(f"{file} cannot be read. {advice}") from error
    except DirectoryUnreadable as error:
        raise DirectoryUnreadable(f"{file}: {error.detail}") from error


@dataclass(frozen=True)
class Import:
    """What an import does: services by their id, `withdrawn` by name, and a line for each thing that is left out.

    `objection` is why it must not be carried out as it is, empty where it may.
    """

    listings: Mapping[UUID, Listing]
    offered: int
    withdrawn: tuple[str, ...]
    remarks: tuple[str, ...]
    objection: str = ""


async def import_directory(
    session: AsyncSession, document: bytes, *, partial: bool = False, indicators: frozenset[str] | None = None
) -> Import:
    """Carry out what `plan_import` says; raises `DirectoryUnreadable` also where there is an objection."""
    plan = await plan_import(session, document, partial=partial, indicators=indicators)
    if plan.objection:
        raise DirectoryUnreadable(plan.objection)

    rows = await session.execute(select(HelpService.id, HelpService.slug))
    slugs: dict[UUID, str] = {row.id: row.slug for row in rows}
    for service_id, listing in plan.listings.items():
        slugs.setdefault(service_id, _free_slug(listing.listed.name, frozenset(slugs.values())))
        await _put(session, listing, slugs[service_id])
    if not partial:
        gone = update(HelpService).where(HelpService.id.not_in(plan.listings), HelpService.withdrawn_at.is_(None))
        await session.execute(gone.values(withdrawn_at=func.clock_timestamp()))
    await _import_places(session, plan.listings)
    return plan


async def plan_import(
    session: AsyncSession, document: bytes, *, partial: bool = False, indicators: frozenset[str] | None = None
) -> Import:
    """Say what becomes of the directory with these services of Open Referral UK 3.0: a list, or a page with `contents`.

    They are the whole directory, and what they do not hold is withdrawn; with `partial` nothing is. Needs are held
    against `indicators`. Changes nothing and keeps others from importing. Raises `DirectoryUnreadable`.
    """
    services, part = read_listings(document)
    listings = {listing.listed.id: listing for listing in services}

    await session.execute(_hold)
    standing = select(HelpService.listing["name"].astext).where(
        HelpService.withdrawn_at.is_(None), HelpService.id.not_in(listings)
    )
    withdrawn = () if partial else tuple(sorted((await session.scalars(standing)).all()))
    remarks = (f"{listing.listed.name}: {remark}" for listing in services for remark in remarks_on(listing, indicators))
    offered = sum(not why_never_offered(listing.listed) for listing in services)
    objection = "" if partial or not part else _objection(part, withdrawn)
    return Import(listings, offered, withdrawn, tuple(remarks), objection)


def _objection(part: str, withdrawn: Sequence[str]) -> str:
    named = ", ".join(withdrawn[:NAMED_AT_MOST]) + (", ..." if len(withdrawn) > NAMED_AT_MOST else "")
    loss = f"It would withdraw {len(withdrawn)}: {named}. " if withdrawn else ""
    return f"{part} {loss}Give the whole directory, or say --partial, which withdraws nothing."


def read_listings(document: bytes) -> tuple[Sequence[Listing], str]:
    """Return the listings, and in a sentence why they may not be the whole directory; raises `DirectoryUnreadable`."""
    try:
        content = parse_json(document)
    except BadRequest as error:
        raise DirectoryUnreadable(f"{WANTED} {error.detail}") from error
    page: dict[str, Any] = content if isinstance(content, dict) else {"contents": content}
    services = page.get("contents", [page] if "id" in page else None)
    if not isinstance(services, list):
        raise DirectoryUnreadable(WANTED)

    listings, wrong = [], []
    for index, service in enumerate(services):
        try:
            listings.append(take_over(service))
        except ListingError as error:
            wrong.append(f"/{index}{error}")
    if wrong:
        raise DirectoryUnreadable("; ".join(wrong[:NAMED_AT_MOST]))
    if len({listing.listed.id for listing in listings}) < len(listings):
        raise DirectoryUnreadable("Two services have the same id. Keep one of them.")
    return listings, part_of_directory(page, len(services))


async def _put(session: AsyncSession, listing: Listing, slug: str) -> None:
    fitting = service_of(listing.listed, slug)
    row = {
        "listing": listing.record,
        "fitting": fitting.model_dump(mode="json") if fitting else None,
        "imported_at": func.clock_timestamp(),
        "withdrawn_at": None,
    }
    statement = _put_service.values(id=listing.listed.id, slug=slug, **row)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


def _free_slug(name: str, taken: frozenset[str]) -> str:
    slug, number = slug_of(name), 1
    while slug in taken:
        number += 1
        slug = f"{slug_of(name)}-{number}"
    return slug


async def _import_places(session: AsyncSession, listings: Mapping[UUID, Listing]) -> None:
    """Take over the numbers of places from this week on, where they differ from those that stand."""
    standing = {(one.service_id, one.band): one.places for one in await standing_capacity(session, this_week())}
    for service_id, listing in listings.items():
        for capacity in listing.listed.capacities:
            band, places = band_of(capacity), capacity.maximum
            if band and places is not None and standing.get((service_id, band.key)) != places:
                await _set_places(session, service_id, band.key, places, this_week(), capacity.updated)


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
