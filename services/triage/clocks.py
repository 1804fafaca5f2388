"""When the clocks of a case run out and what they say on the way. Pure: the same times for the same hub.

A step is a moment at which something is said; a clock takes each of its steps once, and runs on until it is ended.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from shared.calendar import term_ends_at
from shared.settings.hub import Colour, Hub


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
    OFFER = "offer"
    OFFER_START = "offer_start"


DECISION = (ClockKind.STATUTORY, ClockKind.COLOUR, ClockKind.NEEDED_BY)
"""The clocks of which the earliest is when a case is due."""

OF_THE_CASE = (*DECISION, ClockKind.ACKNOWLEDGEMENT)
"""The clocks that end, all of them, when the case is decided."""

WARNINGS = ("soon", "over")
"""What the two steps say of every clock but that of the acknowledgement, whose steps page the line of duty."""


def steps_of(kind: ClockKind, started_at: datetime, due_at: datetime, hub: Hub) -> tuple[datetime, ...]:
    """Return the moments, in UTC and in order, at which a clock of this kind says something.

    A clock that starts with less time than its warning asks for warns as it starts.
    """
    due_at = due_at.astimezone(UTC)
    if kind is ClockKind.ACKNOWLEDGEMENT:
        moments = [due_at]
        for _ in hub.clocks.duty[1:]:
            moments.append(term_ends_at(moments[-1], hub.clocks.next_in_line, hub))
        return tuple(moments)
    minutes: int = getattr(hub.clocks.soon_before, kind)
    soon_at = max(due_at - timedelta(minutes=minutes), started_at.astimezone(UTC))
    return min(soon_at, due_at), due_at


def colour_due_at(colour: Colour, started_at: datetime, statutory_due_at: datetime | None, hub: Hub) -> datetime:
    """Return when the hub's clock of this colour ends, in UTC: with the statutory one at the latest, if that runs."""
    due_at = term_ends_at(started_at, hub.clocks.colour[colour], hub)
    return due_at if statutory_due_at is None else min(due_at, statutory_due_at.astimezone(UTC))


def needs_acknowledgement(colour: Colour, urgency: str) -> bool:
    """Tell whether a person has to acknowledge the case at once: a red one, or a danger now."""
    return colour == "red" or urgency == "yes"
