"""Turns events into what agencies are told: a feed entry for each that may see one, a delivery for each endpoint.

Called by the consumer for a batch, and where an endpoint is disabled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.audience import FEED_ONLY, Role, detail_path, role_of, status_shown
from services.notifications.models import FeedEntry
from shared.db import insert_rows, new_id
from shared.events import EndpointDisabled, Event, InformationOverdue, ReferralFact, ReferralSubmitted
from shared.outbox import mark_emitted

Key = tuple[UUID, str]
"""Referral id and agency."""


@dataclass
class ThreadNow:
    """Where the telling of one referral to one agency stands while a batch is numbered."""

    sequence: int
    status: str | None


@dataclass(frozen=True)
class Sighting:
    """An event, an agency that may see it, and what it is shown; `sequence` is 0 outside a referral."""

    event: Event
    agency: str
    pointer: dict[str, object]
    sequence: int = 0


# The order of locks is the same everywhere: threads, endpoints, deliveries, the feed.
_lock_threads = text(
    """
    INSERT INTO threads AS t (referral_id, agency)
    SELECT * FROM unnest(CAST(:referrals AS uuid[]), CAST(:agencies AS text[])) AS n (referral_id, agency)
    ORDER BY n.referral_id, n.agency
    ON CONFLICT (referral_id, agency) DO UPDATE SET sequence = t.sequence
    RETURNING referral_id, agency, sequence, status
    """
)
_update_threads = text(
    """
    UPDATE threads t SET sequence = n.sequence, status = n.status
    FROM unnest(CAST(:referrals AS uuid[]), CAST(:agencies AS text[]), CAST(:sequences AS int[]),
                CAST(:statuses AS text[])) AS n (referral_id, agency, sequence, status)
    WHERE t.referral_id = n.referral_id AND t.agency = n.agency
    """
)
_active_endpoints = text(
    """
    SELECT id, agency, event_types FROM endpoints
    WHERE agency = ANY(CAST(:agencies AS text[])) AND disabled_at IS NULL
      AND (verified_at IS NOT NULL OR NOT CAST(:verification_required AS boolean))
    ORDER BY id FOR KEY SHARE
    """
)
_lock_feed = text("SELECT pg_advisory_xact_lock(hashtextextended('feed', 0))")
_insert_entries = insert(FeedEntry.__table__)  # type: ignore[arg-type]
_insert_deliveries = text(
    """
    INSERT INTO deliveries (id, endpoint_id, event_id, agency, referral_id, sequence, state, due_at)
    SELECT n.*, 'scheduled', CASE
        WHEN row_number() OVER (PARTITION BY n.endpoint_id, n.referral_id ORDER BY n.sequence) = 1
         AND NOT EXISTS (
            SELECT 1 FROM deliveries d
            WHERE d.endpoint_id = n.endpoint_id AND d.referral_id = n.referral_id
              AND d.state IN ('scheduled', 'leased', 'retrying'))
        THEN clock_timestamp() END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:endpoints AS uuid[]), CAST(:events AS uuid[]), CAST(:agencies AS text[]),
                CAST(:referrals AS uuid[]), CAST(:sequences AS int[]))
         AS n (id, endpoint_id, event_id, agency, referral_id, sequence)
    """
)


async def schedule_deliveries(session: AsyncSession, events: Sequence[Event], *, verification_required: bool) -> None:
    """Tell every agency of each event's audience what it may see; `events` come in their order."""
    sightings = await _number(session, events)
    if not sightings:
        return
    endpoints = await session.execute(
        _active_endpoints,
        {
            "agencies": sorted({sighting.agency for sighting in sightings}),
            "verification_required": verification_required,
        },
    )
    pairs = [
        (endpoint.id, seen)
        for endpoint in endpoints.all()
        for seen in sightings
        if endpoint.agency == seen.agency and _wants(endpoint.event_types, seen.event.type)
    ]
    await session.execute(_lock_feed)
    await insert_rows(session, _insert_entries, [_entry(sighting) for sighting in sightings])
    if pairs:
        await session.execute(
            _insert_deliveries,
            {
                "ids": [new_id() for _ in pairs],
                "endpoints": [endpoint_id for endpoint_id, _ in pairs],
                "events": [seen.event.id for _, seen in pairs],
                "agencies": [seen.agency for _, seen in pairs],
                "referrals": [seen.event.fact.subject for _, seen in pairs],
                "sequences": [seen.sequence for _, seen in pairs],
            },
        )
    mark_emitted(session)


async def _number(session: AsyncSession, events: Sequence[Event]) -> list[Sighting]:
    """Lock the threads that the events touch and give each sighting its sequence number and status."""
    threads = await _threads_of(session, events)
    sightings = [
        _sight(event, agency, role, threads)
        for event in events
        for agency in dict.fromkeys(event.audience)
        if (role := role_of(event.type, agency, event.fact.addressee)) is not None
    ]
    if threads:
        await session.execute(
            _update_threads,
            {
                "referrals": [referral_id for referral_id, _ in threads],
                "agencies": [agency for _, agency in threads],
                "sequences": [thread.sequence for thread in threads.values()],
                "statuses": [thread.status for thread in threads.values()],
            },
        )
    return sightings


async def _threads_of(session: AsyncSession, events: Iterable[Event]) -> dict[Key, ThreadNow]:
    keys: set[Key] = set()
    for event in events:
        match event.fact:
            case ReferralSubmitted(referral_id=referral_id, agency=submitter):
                # Also where its audience is empty: the thread is how its submission is known to have arrived.
                keys |= {(referral_id, agency) for agency in (submitter, *event.audience)}
            case ReferralFact(referral_id=referral_id):
                keys |= {(referral_id, agency) for agency in event.audience}
            case _:
                pass
    if not keys:
        return {}
    ordered = sorted(keys)
    found = await session.execute(
        _lock_threads,
        {"referrals": [referral_id for referral_id, _ in ordered], "agencies": [agency for _, agency in ordered]},
    )
    return {(row.referral_id, row.agency): ThreadNow(row.sequence, row.status) for row in found}


def _sight(event: Event, agency: str, role: Role, threads: dict[Key, ThreadNow]) -> Sighting:
    match event.fact:
        case ReferralFact(referral_id=referral_id, reference=reference) as fact:
            thread = threads[referral_id, agency]
            thread.sequence += 1
            is_reminder = isinstance(fact, InformationOverdue) and fact.state == "soon"
            thread.status = status_shown(event.type, role, thread.status, is_reminder=is_reminder)
            pointer = {
                "referral_id": str(referral_id),
                "reference": reference,
                "sequence": thread.sequence,
                "status": thread.status,
                "detail_url": detail_path(referral_id, fact.addressed_id, role, thread.status),
            }
            return Sighting(event, agency, pointer, thread.sequence)
        case EndpointDisabled(endpoint_id=endpoint_id, detail_url=detail_url):
            status = status_shown(event.type, role, None)
            pointer = {"endpoint_id": str(endpoint_id), "status": status, "detail_url": detail_url}
            return Sighting(event, agency, pointer)
        case _:
            raise AssertionError(event.type)


def _wants(event_types: Sequence[str], event_type: str) -> bool:
    return event_type not in FEED_ONLY and (not event_types or event_type in event_types)


def _entry(sighting: Sighting) -> dict[str, object]:
    event = sighting.event
    return {
        "event_id": event.id,
        "agency": sighting.agency,
        "type": event.type,
        "source": event.fact.source,
        "subject": event.subject,
        "occurred_at": event.time,
        "correlation_id": event.correlation_id,
        "traceparent": event.traceparent,
        "council": event.council,
        "urgency": event.urgency,
        "pointer": sighting.pointer,
    }
