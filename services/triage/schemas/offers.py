"""Offers of early help, as staff and their providers see them, and what providers send."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.triage.domain import FAMILY_REFUSED, RESULTS
from services.triage.schemas.text import In, Narrative
from shared import clock

LONGEST_AGO = timedelta(days=366)


def _met(on: date) -> date:
    today = clock.now().date()
    if not today - LONGEST_AGO <= on <= today + timedelta(days=1):
        raise ValueError("Send the day on which the family was first met.")
    return on


class AcceptanceIn(In):
    """Nothing has to be said: the offer is accepted."""


class StartIn(In):
    on: Annotated[date, Field(strict=False), AfterValidator(_met)] = Field(
        description="The day on which the family was first met."
    )


class DeclineIn(In):
    reason: Narrative = Field(
        description=f"Why. `{FAMILY_REFUSED}` goes to a person at the front door, anything else to the next service."
    )


class StepUpIn(In):
    reason: Narrative = Field(description="What social care has to know at once.")


class ClosureIn(In):
    result: Narrative = Field(description=f"One of {', '.join(RESULTS)}; other words are kept and count as `other`.")


class OfferOut(BaseModel):
    """An offer as those see it who work on the case; `considered` says of each service why, or why not."""

    id: UUID
    provider: str
    child: int
    service: str
    status: str
    considered: list[dict[str, Any]]
    offered_at: datetime
    accepted_at: datetime | None
    started_on: date | None
    ended_at: datetime | None
    result: str | None
    reason: str | None = Field(description="What was said as it was declined, stepped up or closed.")


class OfferItem(BaseModel):
    """An offer as its provider's list shows it."""

    id: UUID
    referral_id: UUID
    reference: str
    service: str
    status: str
    offered_at: datetime
    accepted_at: datetime | None
    started_on: date | None
    result: str | None


class OfferPage(BaseModel):
    items: list[OfferItem]
    next_cursor: str | None


class OfferDetail(OfferItem):
    """What a provider needs for its child, and nothing else."""

    child: dict[str, Any]
    contacts: list[dict[str, Any]]
    needs: list[str]
    agreement: dict[str, Any] | None
    safe_contact: dict[str, Any] | None
