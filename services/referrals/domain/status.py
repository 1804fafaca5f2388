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
    """Where a referral stands, as its sender sees it, in the order in which who waits passes them."""

    RECEIVED = "received"
    IN_TRIAGE = "in_triage"
    INFORMATION_REQUESTED = "information_requested"
    WITHDRAWN = "withdrawn"
    DECIDED = "decided"


_MOVES: dict[ReferralStatus, frozenset[ReferralStatus]] = {
    ReferralStatus.RECEIVED: frozenset({ReferralStatus.IN_TRIAGE, ReferralStatus.WITHDRAWN}),
    ReferralStatus.IN_TRIAGE: frozenset(
        {ReferralStatus.INFORMATION_REQUESTED, ReferralStatus.DECIDED, ReferralStatus.WITHDRAWN}
    ),
    ReferralStatus.INFORMATION_REQUESTED: frozenset(
        {ReferralStatus.IN_TRIAGE, ReferralStatus.DECIDED, ReferralStatus.WITHDRAWN}
    ),
    ReferralStatus.WITHDRAWN: frozenset({ReferralStatus.DECIDED}),
    ReferralStatus.DECIDED: frozenset({ReferralStatus.IN_TRIAGE}),
}
"""A case may be reopened, and a person decides what follows a withdrawal."""


class IllegalMove(Problem):
    """News of a case that cannot follow from where the referral stands, such as a second decision."""

    title, status, slug = "The referral cannot move there", 409, "illegal-move"


class ReferralAlreadyDecided(Problem):
    """A decision stands, so there is nothing to withdraw from; what is new can still be added."""

    title, status, slug = "The referral is already decided", 409, "referral-already-decided"


class ReferralAlreadyWithdrawn(Problem):
    """The referral was withdrawn before; a person in triage decides what follows."""

    title, status, slug = "The referral is already withdrawn", 409, "referral-already-withdrawn"


def check_withdrawal(status: ReferralStatus) -> None:
    """Raise where there is nothing that the sender could still withdraw."""
    if status == ReferralStatus.DECIDED:
        raise ReferralAlreadyDecided("Add information instead, or challenge the decision.")
    if status == ReferralStatus.WITHDRAWN:
        raise ReferralAlreadyWithdrawn("Add information if something has changed.")


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
