"""What owners see of endpoints and deliveries, agencies of their feed, staff of all endpoints; reads, ready to show."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    Row,
    Select,
    bindparam,
    distinct,
    func,
    literal_column,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.deliveries import DeliveryId, DeliveryState
from services.notifications.domain.endpoints import EndpointId, state_of
from services.notifications.models import FAILED, OPEN, Attempt, Delivery, Endpoint, FeedEntry, Thread
from services.notifications.schemas import (
    AttemptOut,
    AttemptSeen,
    DeliveryOut,
    DeliveryPage,
    DeliveryWithAttempts,
    EndpointOut,
    EndpointPage,
    EndpointSeen,
    EndpointsSeen,
    Feed,
    FeedEvent,
)
from shared.http.reading import AT_POSITION, BY_ID, decode_cursor, encode_cursor
from shared.problems import FieldError, Invalid, NotFound
from shared.telemetry.gauges import MOST, GaugeQuery

SPAN = timedelta(days=28)
ATTEMPTS_SEEN = 10
NOW = "now"

_feed = (
    select(
        FeedEntry.position,
        FeedEntry.event_id,
        FeedEntry.source,
        FeedEntry.type,
        FeedEntry.subject,
        FeedEntry.occurred_at,
        FeedEntry.correlation_id,
        FeedEntry.council,
        FeedEntry.urgency,
        FeedEntry.pointer,
    )
    .where(FeedEntry.agency == bindparam("agency"), FeedEntry.position > bindparam("after"))
    .order_by(FeedEntry.position)
    .limit(bindparam("limit"))
)
_newest = select(func.max(FeedEntry.position)).where(FeedEntry.agency == bindparam("agency"))
_first_since = select(func.min(FeedEntry.position)).where(
    FeedEntry.agency == bindparam("agency"), FeedEntry.occurred_at >= bindparam("since")
)
_delivery = (
    select(
        Delivery.id,
        Delivery.endpoint_id,
        Delivery.event_id.label("webhook_id"),
        FeedEntry.type,
        Delivery.referral_id,
        FeedEntry.pointer["reference"].as_string().label("reference"),
        Delivery.sequence,
        Delivery.state,
        Delivery.attempts_made,
        Delivery.due_at,
        Delivery.created_at,
        Delivery.closed_at,
    )
    .join(FeedEntry, (FeedEntry.event_id == Delivery.event_id) & (FeedEntry.agency == Delivery.agency))
    .where(Delivery.agency == bindparam("agency"))
)
_with_attempts = (
    _delivery.add_columns(Attempt)
    .outerjoin(Attempt, Attempt.delivery_id == Delivery.id)
    .where(Delivery.id == bindparam("delivery"))
    .order_by(Attempt.started_at, Attempt.id)
)

# A label in the statement's own text, not as a parameter: the planner has to see that a partial index will do.
_by_state: CompoundSelect[Any, int] = union_all(
    *(
        select(literal_column(f"'{state}'"), func.count()).select_from(
            select(Delivery.id).where(Delivery.state == literal_column(f"'{state}'")).limit(MOST).subquery()
        )
        for state in DeliveryState
        if state is not DeliveryState.DELIVERED
    )
)

GAUGES = (
    GaugeQuery(
        _by_state,
        {"frontdoor_deliveries": "Deliveries by state, those delivered left out, counted up to 10,000 each."},
        ("state",),
    ),
)

_recent = (Attempt.endpoint_id == Endpoint.id) & (Attempt.started_at >= bindparam("since"))
_well = Attempt.status.between(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES - 1)
_succeeded = (
    select(Attempt.started_at).where(_recent, _well).order_by(Attempt.started_at.desc()).limit(1).scalar_subquery()
)
_ended = (Attempt.started_at, Attempt.status, Attempt.failure, Attempt.duration_ms)
_failed = (
    select(*_ended).where(_recent, text(f"({FAILED})")).order_by(Attempt.started_at.desc()).limit(1).lateral("failed")
)
_waiting = (
    select(func.count().label("waiting"), func.min(Delivery.created_at).label("waiting_since"))
    .where(Delivery.endpoint_id == Endpoint.id, text(OPEN))
    .lateral("open")
)
_health = (
    select(Endpoint, _succeeded.label("succeeded_at"), _failed, _waiting)
    .select_from(Endpoint)
    .outerjoin(_failed, true())
    .join(_waiting, true())
    .order_by(Endpoint.agency, Endpoint.id)
)
_last = select(*_ended).where(_recent).order_by(Attempt.started_at.desc()).limit(ATTEMPTS_SEEN).lateral("last")
_attempts = select(Endpoint.id, _last).select_from(Endpoint).join(_last, true()).order_by(_last.c.started_at.desc())


def endpoint_shown(endpoint: Endpoint, *, verification_required: bool) -> EndpointOut:
    return EndpointOut(
        id=endpoint.id,
        url=endpoint.url,
        event_types=endpoint.event_types,
        description=endpoint.description,
        rate_limit_per_minute=endpoint.rate_limit_per_minute,
        state=state_of(
            verified_at=endpoint.verified_at,
            disabled_at=endpoint.disabled_at,
            verification_required=verification_required,
        ),
        verified_at=endpoint.verified_at,
        disabled_at=endpoint.disabled_at,
        created_at=endpoint.created_at,
    )


async def endpoint_of(session: AsyncSession, agency: str, endpoint_id: EndpointId) -> Endpoint:
    """Return the agency's endpoint; raises NotFound, for another agency's too."""
    endpoint = await session.scalar(select(Endpoint).where(Endpoint.id == endpoint_id, Endpoint.agency == agency))
    if endpoint is None:
        raise NotFound
    return endpoint


async def list_endpoints(
    session: AsyncSession, agency: str, limit: int, cursor: str | None, *, verification_required: bool
) -> EndpointPage:
    """Return the agency's endpoints, newest first."""
    wanted = _page(select(Endpoint).where(Endpoint.agency == agency), Endpoint.id, limit, cursor)
    endpoints = (await session.scalars(wanted)).all()
    return EndpointPage(
        items=[endpoint_shown(each, verification_required=verification_required) for each in endpoints[:limit]],
        next_cursor=_next_cursor(endpoints, limit),
    )


async def list_deliveries(
    session: AsyncSession, agency: str, endpoint_id: EndpointId, limit: int, cursor: str | None
) -> DeliveryPage:
    """Return an endpoint's deliveries, newest first; raises NotFound."""
    await endpoint_of(session, agency, endpoint_id)
    wanted = _page(_delivery.where(Delivery.endpoint_id == endpoint_id), Delivery.id, limit, cursor)
    rows = (await session.execute(wanted, {"agency": agency})).all()
    return DeliveryPage(
        items=[DeliveryOut.model_validate(row, from_attributes=True) for row in rows[:limit]],
        next_cursor=_next_cursor(rows, limit),
    )


async def delivery_of(session: AsyncSession, agency: str, delivery_id: DeliveryId) -> DeliveryWithAttempts:
    """Return a delivery with every attempt, oldest first; raises NotFound. One statement, so that both agree."""
    rows = (await session.execute(_with_attempts, {"agency": agency, "delivery": delivery_id})).all()
    if not rows:
        raise NotFound
    shown = DeliveryOut.model_validate(rows[0], from_attributes=True)
    attempts = [AttemptOut.model_validate(row.Attempt, from_attributes=True) for row in rows if row.Attempt]
    return DeliveryWithAttempts(**shown.model_dump(), attempts=attempts)


async def feed_position(session: AsyncSession, agency: str, after: str | None, since: datetime | None) -> int:
    """Return where the reader of a feed stands: before what happened at `since`, or `after` what it names.

    Raises Invalid for a cursor of its own making, and for both.
    """
    if since is not None and after is not None:
        raise Invalid("Correct the fields named.", errors=(FieldError("/since", "Send `since` or `after`, not both."),))
    if since is not None:
        first = await session.scalar(_first_since, {"agency": agency, "since": since})
        return first - 1 if first is not None else await session.scalar(_newest, {"agency": agency}) or 0
    if after == NOW:
        return await session.scalar(_newest, {"agency": agency}) or 0
    place = decode_cursor(after, AT_POSITION, "after")
    return 0 if place is None else place[0]


async def feed_after(session: AsyncSession, agency: str, position: int, limit: int) -> Feed:
    """Return what the agency may see after `position`, oldest first."""
    rows = (await session.execute(_feed, {"agency": agency, "after": position, "limit": limit})).all()
    return Feed(
        items=[_feed_event(row) for row in rows],
        next_cursor=encode_cursor([rows[-1].position if rows else position]),
    )


async def unknown_referrals(session: AsyncSession, referral_ids: Sequence[UUID]) -> int:
    """Return of how many of these referrals, named once each, nothing was heard yet."""
    heard = select(func.count(distinct(Thread.referral_id))).where(Thread.referral_id.in_(referral_ids))
    return len(referral_ids) - int(await session.scalar(heard) or 0)


async def endpoints_seen(session: AsyncSession, now: datetime, *, verification_required: bool) -> EndpointsSeen:
    """Return the endpoints of all agencies with how they did in the last 28 days."""
    since = {"since": now - SPAN}
    attempts: dict[UUID, list[AttemptSeen]] = defaultdict(list)
    for row in (await session.execute(_attempts, since)).all():
        attempts[row.id].append(_attempt_seen(row))
    rows = (await session.execute(_health, since)).all()
    return EndpointsSeen(
        endpoints=[
            EndpointSeen(
                agency=row.Endpoint.agency,
                host=urlsplit(row.Endpoint.url).hostname or "",
                state=endpoint_shown(row.Endpoint, verification_required=verification_required).state,
                succeeded_at=row.succeeded_at,
                failed=_attempt_seen(row) if row.started_at else None,
                waiting=row.waiting,
                waiting_since=row.waiting_since,
                attempts=attempts[row.Endpoint.id],
            )
            for row in rows
        ]
    )


def _attempt_seen(row: Row[Any]) -> AttemptSeen:
    ended = row.failure if row.status is None else f"{row.status // 100}xx"
    return AttemptSeen(at=row.started_at, ended=ended, duration_ms=row.duration_ms)


def _feed_event(row: Row[Any]) -> FeedEvent:
    return FeedEvent(
        id=row.event_id,
        source=row.source,
        type=row.type,
        subject=row.subject,
        time=row.occurred_at,
        correlationid=row.correlation_id,
        council=row.council,
        urgency=row.urgency,
        data=row.pointer,
    )


def _page(wanted: Select[Any], column: Any, limit: int, cursor: str | None) -> Select[Any]:
    """Limit to one row more than the page, so that it is known whether another follows."""
    after = decode_cursor(cursor, BY_ID)
    if after is not None:
        wanted = wanted.where(column < after[0])
    return wanted.order_by(column.desc()).limit(limit + 1)


def _next_cursor(rows: Sequence[Any], limit: int) -> str | None:
    return encode_cursor([rows[limit - 1].id]) if len(rows) > limit else None
