"""An endpoint as its owner knows it: the states it can be in and what stands in its way; for every room above."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.problems import Problem

EndpointId = NewType("EndpointId", UUID)


class EndpointState(StrEnum):
    """Only an active endpoint gets deliveries; what was scheduled before waits for it."""

    ACTIVE = "active"
    UNVERIFIED = "unverified"
    DISABLED = "disabled"


class ChallengeNotReturned(Problem):
    """The receiver did not answer 2xx with the challenge in its body."""

    title, status, slug = "The receiver did not return the challenge", 409, "challenge-not-returned"


def state_of(
    *, verified_at: datetime | None, disabled_at: datetime | None, verification_required: bool
) -> EndpointState:
    if disabled_at is not None:
        return EndpointState.DISABLED
    if verified_at is None and verification_required:
        return EndpointState.UNVERIFIED
    return EndpointState.ACTIVE
