"""Early help as a whole: what became of offers, how long open ones have lain, the places of this week."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.clocks import ClockKind
from services.triage.domain import OPEN_OFFERS, OfferStatus
from services.triage.models import Case, Clock, HelpService, Offer
from services.triage.queries.contacts import DAYS
from services.triage.queries.directory import standing_capacity, taken_places, this_week
from services.triage.queries.tables import Table, exact_table, largest_first, told_table
from shared.db import first_id

STATES = tuple(OfferStatus)
AGES = (("day", timedelta(days=1)), ("three_days", timedelta(days=3)), ("week", timedelta(weeks=1)),
        ("four_weeks", timedelta(weeks=4)), ("longer", timedelta.max))  # fmt: skip
MOST_LISTED = 50


async def offers_by_provider(session: AsyncSession, now: datetime) -> Table:
    """Count the offers made in the last 28 days by provider and state."""
    since = now - timedelta(days=DAYS)
    query = (
        select(Offer.provider, Offer.status, func.count())
        .where(Offer.id >= first_id(since), Offer.offered_at >= since)
        .group_by(Offer.provider, Offer.status)
    )
    counts: dict[Hashable, list[int]] = defaultdict(lambda: [0] * len(STATES))
    for provider, status, number in (await session.execute(query)).all():
        counts[provider][STATES.index(status)] += number
    return told_table(STATES, largest_first(counts))


async def offers_by_age(session: AsyncSession, now: datetime) -> Table:
    """Count the offers that are open now by how long ago they were made, and state."""
    age = case(*((Offer.offered_at > now - most, name) for name, most in AGES[:-1]), else_=AGES[-1][0])
    query = select(age, Offer.status, func.count()).where(Offer.status.in_(OPEN_OFFERS)).group_by(age, Offer.status)
    counts = {name: [0] * len(OPEN_OFFERS) for name, _ in AGES}
    for name, status, number in (await session.execute(query)).all():
        counts[name][OPEN_OFFERS.index(status)] += number
    return told_table(OPEN_OFFERS, counts)


async def places_this_week(session: AsyncSession) -> Table:
    """Return taken and free places by service and band, as the public directory has them: no number is small."""
    taken = await taken_places(session)
    listed = select(HelpService.id, HelpService.slug).where(HelpService.withdrawn_at.is_(None))
    slugs: dict[UUID, str] = {row.id: row.slug for row in (await session.execute(listed)).all()}
    places = {
        (slugs[one.service_id], one.band): one.places
        for one in await standing_capacity(session, this_week())
        if one.service_id in slugs
    }
    return exact_table(
        ("taken", "free"),
        {key: [taken.get(key, 0), max(0, places[key] - taken.get(key, 0))] for key in sorted(places)},
    )


@dataclass(frozen=True)
class OpenOffer:
    """An open offer with the case it is of; `due_at` is when it bounces or is missed, None once help has started."""

    case_id: UUID
    reference: str
    service: str
    status: str
    offered_at: datetime
    due_at: datetime | None


async def open_offers(session: AsyncSession) -> Sequence[OpenOffer]:
    """Return the open offers, those first that are due first; nothing here tells who the child is."""
    running = and_(
        Clock.about == Offer.id,
        Clock.case_id == Offer.case_id,
        Clock.kind.in_((ClockKind.OFFER, ClockKind.OFFER_START)),
        Clock.ended_at.is_(None),
    )
    query = (
        select(Offer.case_id, Case.reference, Offer.service, Offer.status, Offer.offered_at, func.min(Clock.due_at))
        .join(Case, Case.id == Offer.case_id)
        .outerjoin(Clock, running)
        .where(Offer.status.in_(OPEN_OFFERS))
        .group_by(Offer.id, Case.reference)
        .order_by(func.min(Clock.due_at).nulls_last(), Offer.offered_at, Offer.id)
        .limit(MOST_LISTED)
    )
    return [OpenOffer(*row) for row in (await session.execute(query)).all()]
