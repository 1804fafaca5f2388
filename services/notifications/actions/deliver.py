"""Moves deliveries through their states: claimed under a lease, recorded while it holds, returned when it lapses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.actions.endpoints import disable_endpoints
from services.notifications.domain.deliveries import CLOSED, Failure, Reply, Verdict, judge
from services.notifications.domain.endpoints import EndpointId
from services.notifications.models import Attempt
from services.notifications.settings import Settings
from shared.db import insert_rows, new_id


@dataclass(frozen=True)
class Claimed:
    """A delivery under this worker's lease, with all that its request needs."""

    id: UUID
    lease_token: UUID
    attempts_made: int
    endpoint_id: EndpointId
    agency: str
    url: str
    secret: bytes
    event_id: UUID
    type: str
    occurred_at: datetime
    correlation_id: str
    traceparent: str | None
    referral_id: UUID
    pointer: dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """An attempt that is over; `chance`, uniform in [0, 1), becomes the jitter of the next pause."""

    delivery: Claimed
    reply: Reply
    started_at: datetime
    duration_ms: int
    chance: float
    head: dict[str, str] = field(default_factory=dict)

    @cached_property
    def verdict(self) -> Verdict:
        return judge(self.delivery.attempts_made + 1, self.reply, self.chance)


# An endpoint's claims are made under its row lock, so that its limits hold over all workers. The picking is a
# statement of its own: its snapshot has to be younger than the lock. The LIMIT keeps the planner from reading all that
# is due where one row of each endpoint is enough.
_lock_endpoints = text(
    """
    SELECT e.id FROM endpoints e
    WHERE e.disabled_at IS NULL AND (e.verified_at IS NOT NULL OR NOT CAST(:verification_required AS boolean))
      AND (
        SELECT true FROM deliveries d
        WHERE d.endpoint_id = e.id AND d.state IN ('scheduled', 'retrying') AND d.due_at <= statement_timestamp()
        LIMIT 1)
      AND :per_endpoint > (SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'leased')
    FOR NO KEY UPDATE SKIP LOCKED
    """
)
_claim = text(
    """
    WITH free AS (
        SELECT e.id, l.leased, least(
            :per_endpoint - l.leased,
            e.rate_limit_per_minute - l.leased - (
                SELECT count(*) FROM attempts a
                WHERE a.endpoint_id = e.id AND a.started_at > statement_timestamp() - interval '1 minute')) AS slots
        FROM endpoints e
        CROSS JOIN LATERAL (
            SELECT count(*) AS leased FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'leased') l
        WHERE e.id = ANY(CAST(:endpoints AS uuid[]))
    ), picked AS (
        SELECT d.id, d.due_at, free.leased + row_number() OVER (PARTITION BY free.id ORDER BY d.due_at) AS turn
        FROM free
        CROSS JOIN LATERAL (
            SELECT d.id, d.due_at FROM deliveries d
            WHERE d.endpoint_id = free.id AND d.state IN ('scheduled', 'retrying')
              AND d.due_at <= statement_timestamp()
            ORDER BY d.due_at LIMIT greatest(free.slots, 0)) d
        ORDER BY turn, d.due_at LIMIT :slots
    )
    UPDATE deliveries d
    SET state = 'leased', lease_token = :token, leased_at = clock_timestamp(),
        leased_until = clock_timestamp() + CAST(:lease AS interval)
    FROM picked, endpoints e, feed_entries f
    WHERE d.id = picked.id AND e.id = d.endpoint_id AND f.event_id = d.event_id AND f.agency = d.agency
    RETURNING d.id, d.lease_token, d.attempts_made, d.endpoint_id, d.agency, e.url, e.secret, d.event_id, f.type,
              f.occurred_at, f.correlation_id, f.traceparent, d.referral_id, f.pointer
    """
)
_lock_threads = text(
    """
    SELECT 1 FROM threads t
    JOIN unnest(CAST(:referrals AS uuid[]), CAST(:agencies AS text[])) AS n (referral_id, agency)
      ON t.referral_id = n.referral_id AND t.agency = n.agency
    ORDER BY t.referral_id, t.agency FOR UPDATE OF t
    """
)
_keep_endpoints = text("SELECT 1 FROM endpoints WHERE id = ANY(CAST(:endpoints AS uuid[])) ORDER BY id FOR KEY SHARE")
_record = text(
    """
    UPDATE deliveries d
    SET state = n.state, attempts_made = d.attempts_made + 1, lease_token = NULL, leased_at = NULL, leased_until = NULL,
        due_at = clock_timestamp() + n.delay,
        closed_at = CASE WHEN n.delay IS NULL THEN clock_timestamp() END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:tokens AS uuid[]), CAST(:states AS text[]), CAST(:delays AS interval[]))
         AS n (id, token, state, delay)
    WHERE d.id = n.id AND d.lease_token = n.token
    RETURNING d.id
    """
)
_give_next_its_turn = text(
    """
    UPDATE deliveries d SET due_at = clock_timestamp()
    FROM unnest(CAST(:endpoints AS uuid[]), CAST(:referrals AS uuid[])) AS n (endpoint_id, referral_id)
    WHERE d.due_at IS NULL AND d.id = (
        SELECT o.id FROM deliveries o
        WHERE o.endpoint_id = n.endpoint_id AND o.referral_id = n.referral_id
          AND o.state IN ('scheduled', 'leased', 'retrying')
        ORDER BY o.sequence LIMIT 1)
    """
)
_return_lapsed = text(
    """
    WITH lapsed AS (
        SELECT id, endpoint_id, leased_at FROM deliveries
        WHERE state = 'leased' AND leased_until < clock_timestamp()
        LIMIT 500 FOR UPDATE SKIP LOCKED)
    UPDATE deliveries d
    SET state = 'retrying', due_at = clock_timestamp(), lease_token = NULL, leased_at = NULL, leased_until = NULL
    FROM lapsed WHERE d.id = lapsed.id
    RETURNING d.id, lapsed.endpoint_id, lapsed.leased_at, clock_timestamp() - lapsed.leased_at AS age
    """
)
_insert_attempts = insert(Attempt.__table__)  # type: ignore[arg-type]


async def claim_due(
    session: AsyncSession, settings: Settings, *, slots: int, verification_required: bool
) -> list[Claimed]:
    """Lease up to `slots` due deliveries to the caller, fairly over the endpoints and within each one's limits."""
    per_endpoint = settings.webhook_attempts_per_endpoint
    locked = await session.scalars(
        _lock_endpoints, {"per_endpoint": per_endpoint, "verification_required": verification_required}
    )
    endpoint_ids = list(locked)
    if not endpoint_ids:
        return []
    rows = await session.execute(
        _claim,
        {
            "endpoints": endpoint_ids,
            "per_endpoint": per_endpoint,
            "slots": slots,
            "token": new_id(),
            "lease": timedelta(seconds=settings.webhook_lease_seconds),
        },
    )
    return [Claimed(**row) for row in rows.mappings()]


async def record_attempts(session: AsyncSession, finished: Sequence[Finished], *, verification_required: bool) -> int:
    """Move each delivery on and keep the attempt, where its lease still holds; returns for how many it did."""
    closing = [attempt for attempt in finished if attempt.verdict.state in CLOSED]
    await _lock(session, finished, closing)
    recorded = set(
        await session.scalars(
            _record,
            {
                "ids": [attempt.delivery.id for attempt in finished],
                "tokens": [attempt.delivery.lease_token for attempt in finished],
                "states": [attempt.verdict.state.value for attempt in finished],
                "delays": [attempt.verdict.delay for attempt in finished],
            },
        )
    )
    closed = [attempt.delivery for attempt in closing if attempt.delivery.id in recorded]
    if closed:
        await session.execute(
            _give_next_its_turn,
            {
                "endpoints": [delivery.endpoint_id for delivery in closed],
                "referrals": [delivery.referral_id for delivery in closed],
            },
        )
    held = [attempt for attempt in finished if attempt.delivery.id in recorded]
    if held:
        await insert_rows(session, _insert_attempts, [_attempt_row(attempt) for attempt in held])
    gone = {attempt.delivery.endpoint_id for attempt in held if attempt.verdict.disables_endpoint}
    if gone:
        await disable_endpoints(session, gone, verification_required=verification_required)
    return len(held)


async def return_lapsed(session: AsyncSession) -> int:
    """Make due again what a worker claimed and never recorded, and keep that as an attempt; returns how many.

    It does not count against the schedule: it says nothing about the receiver.
    """
    lapsed = (await session.execute(_return_lapsed)).all()
    if lapsed:
        await insert_rows(session, _insert_attempts, [_lapsed_row(row) for row in lapsed])
    return len(lapsed)


async def _lock(session: AsyncSession, finished: Sequence[Finished], closing: Sequence[Finished]) -> None:
    """Hold what a batch of records rests on: the threads of what is closing, and the endpoints.

    Else a delivery scheduled between a closing and giving the next its turn would never get one.
    """
    if closing:
        await session.execute(
            _lock_threads,
            {
                "referrals": [attempt.delivery.referral_id for attempt in closing],
                "agencies": [attempt.delivery.agency for attempt in closing],
            },
        )
    await session.execute(_keep_endpoints, {"endpoints": list({attempt.delivery.endpoint_id for attempt in finished})})


def _attempt_row(attempt: Finished) -> dict[str, object]:
    return {
        "id": new_id(),
        "delivery_id": attempt.delivery.id,
        "endpoint_id": attempt.delivery.endpoint_id,
        "started_at": attempt.started_at,
        "duration_ms": attempt.duration_ms,
        "status": attempt.reply.status,
        "failure": attempt.reply.failure,
        "head": attempt.head,
    }


def _lapsed_row(row: Row[Any]) -> dict[str, object]:
    return {
        "id": new_id(),
        "delivery_id": row.id,
        "endpoint_id": row.endpoint_id,
        "started_at": row.leased_at,
        "duration_ms": int(row.age / timedelta(milliseconds=1)),
        "status": None,
        "failure": Failure.LEASE_LAPSED,
        "head": {},
    }
