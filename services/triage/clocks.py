"""When the clocks of a case take their steps. Pure: the same times for the same hub, however often it is asked.

A step is a moment at which something is said; the last step of most clocks is the moment when they run out.
"""

from datetime import datetime
from enum import StrEnum

from shared.settings.hub import Hub


class ClockKind(StrEnum):
    """What is waited for; a clock runs on the case, or on one record about it."""

    STATUTORY = "statutory"
    COLOUR = "colour"
    NEEDED_BY = "needed_by"
    ACKNOWLEDGEMENT = "acknowledgement"
    NEW_INFORMATION = "new_information"
    INFORMATION_REQUEST = "information_request"
    PARALLEL_ROUTE = "parallel_route"
    CHALLENGE = "challenge"


def steps_of(kind: ClockKind, started_at: datetime, due_at: datetime, hub: Hub) -> tuple[datetime, ...]:  # noqa: ARG001
    """Return the moments, in UTC and in order, at which a clock of this kind says something."""
    return (due_at,)
