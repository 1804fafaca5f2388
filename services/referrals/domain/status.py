"""What a referral is called and how its state may move. Pure; run by the API and the consumer."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.problems import Problem

ReferralId = NewType("ReferralId", UUID)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class ReferralStatus(StrEnum):
    """Where a referral stands, as its sender sees it."""

    RECEIVED = "received"
    IN_TRIAGE = "in_triage"
    INFORMATION_REQUESTED = "information_requested"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


_MOVES: dict[ReferralStatus, frozenset[ReferralStatus]] = {
    ReferralStatus.RECEIVED: frozenset({ReferralStatus.IN_TRIAGE, ReferralStatus.WITHDRAWN}),
    ReferralStatus.IN_TRIAGE: frozenset(
        {ReferralStatus.INFORMATION_REQUESTED, ReferralStatus.DECIDED, ReferralStatus.WITHDRAWN}
    ),
    ReferralStatus.INFORMATION_REQUESTED: frozenset(
        {ReferralStatus.IN_TRIAGE, ReferralStatus.DECIDED, ReferralStatus.WITHDRAWN}
    ),
    ReferralStatus.DECIDED: frozenset(),
    ReferralStatus.WITHDRAWN: frozenset(),
}


class IllegalMove(Problem):
    """News of a case that cannot follow from where the referral stands, such as a second decision."""

    title, status, slug = "The referral cannot move there", 409, "illegal-move"


def can_move(status: ReferralStatus, to: ReferralStatus) -> bool:
    return to in _MOVES[status]


def has_reached(status: ReferralStatus, awaited: ReferralStatus) -> bool:
    """Say whether somebody who waits for `awaited` may stop: it is there, or so far on that it was passed."""
    order = list(ReferralStatus)
    return order.index(status) >= order.index(awaited)


def new_reference(received_at: datetime, draw: Callable[[Sequence[str]], str] = secrets.choice) -> str:
    """Return a reference such as `FD-2611-7K3M-9PXQ`: year and month, then 40 random bits in Crockford's base32."""
    symbols = "".join(draw(CROCKFORD) for _ in range(8))
    return f"FD-{received_at:%y%m}-{symbols[:4]}-{symbols[4:]}"
