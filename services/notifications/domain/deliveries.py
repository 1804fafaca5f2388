"""A delivery as a value moving through named states, and its retry schedule; for actions and the worker."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import NewType
from uuid import UUID

from shared.problems import Problem

DeliveryId = NewType("DeliveryId", UUID)


class DeliveryState(StrEnum):
    SCHEDULED = "scheduled"
    LEASED = "leased"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    DEAD = "dead"


class Failure(StrEnum):
    """Why an attempt brought no HTTP status."""

    TIMEOUT = "timeout"
    CONNECTION = "connection_failed"
    ADDRESS_REFUSED = "address_refused"
    LEASE_LAPSED = "lease_lapsed"
    INTERNAL = "internal_error"


CLOSED = frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD})
CLAIMABLE = frozenset({DeliveryState.SCHEDULED, DeliveryState.RETRYING})
OPEN = frozenset(DeliveryState) - CLOSED

# A replay takes a closed delivery back to scheduled; a lapsed lease takes a leased one to retrying.
MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.SCHEDULED: frozenset({DeliveryState.LEASED}),
    DeliveryState.LEASED: frozenset({DeliveryState.DELIVERED, DeliveryState.RETRYING, DeliveryState.DEAD}),
    DeliveryState.RETRYING: frozenset({DeliveryState.LEASED}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.SCHEDULED}),
    DeliveryState.DEAD: frozenset({DeliveryState.SCHEDULED}),
}

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2
LONGEST_RETRY_AFTER = timedelta(hours=24)
_MAY_ASK_TO_WAIT = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class DeliveryUnderWay(Problem):
    """A replay was asked for while the delivery is waiting for its first turn or being attempted."""

    title, status, slug = "This delivery is already on its way", 409, "delivery-under-way"


@dataclass(frozen=True)
class Reply:
    """What one attempt brought: an HTTP status, or the failure that stood in its place."""

    status: int | None = None
    retry_after: timedelta | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Verdict:
    """Where a delivery goes after an attempt; `delay` until the next one, set only while it is retrying."""

    state: DeliveryState
    delay: timedelta | None = None
    disables_endpoint: bool = False


def can_move(origin: DeliveryState, target: DeliveryState) -> bool:
    return target in MOVES[origin]


def judge(attempts_made: int, reply: Reply, chance: float) -> Verdict:
    """Decide what follows an attempt.

    `attempts_made` counts this attempt; `chance` is uniform in [0, 1) and becomes the jitter of ±20 %.
    Only 2xx is success. A `Retry-After` may lengthen the pause, up to 24 h, and never shortens it: otherwise
    a receiver answering `Retry-After: 1` would use up all attempts, meant to span three days, in seconds.
    """
    if reply.status is not None and HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return Verdict(DeliveryState.DELIVERED)
    gone = reply.status == HTTPStatus.GONE
    if attempts_made >= len(SCHEDULE):
        return Verdict(DeliveryState.DEAD, disables_endpoint=gone)
    delay = SCHEDULE[attempts_made] * (1 - JITTER + 2 * JITTER * chance)
    if reply.status in _MAY_ASK_TO_WAIT and reply.retry_after is not None:
        delay = max(delay, min(reply.retry_after, LONGEST_RETRY_AFTER))
    return Verdict(DeliveryState.RETRYING, delay, disables_endpoint=gone)


def parse_retry_after(text: str, now: datetime) -> timedelta | None:
    """Read a `Retry-After` header, seconds or an HTTP date (RFC 9110, 10.2.3); None where it says neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        # Nine digits are 31 years: past the cap, and short of what a timedelta overflows on.
        return timedelta(seconds=int(text[:9]))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
