"""What a sender adds to a referral, or takes it back with, and what it is told. Run by the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.referrals.domain import CallNow, Warned
from services.referrals.schemas.people import Part
from services.referrals.schemas.referral import Indicated
from services.referrals.schemas.text import RequiredNarrative
from shared.not_understood import NotUnderstood

AmendmentKind = Literal["information", "withdrawal"]


class InformationIn(Part):
    """Facts that were not known, or not sent, before."""

    text: RequiredNarrative = Field(description="What was seen or said since, in plain words; fact before opinion.")
    indicators: list[Indicated] = Field([], max_length=200)


class WithdrawalIn(Part):
    reason: RequiredNarrative = Field(description="Why; a person in triage decides what follows.")


class AmendmentAccepted(BaseModel):
    """The amendment is durable; a person has yet to read it."""

    id: UUID
    received_at: datetime
    call_now: CallNow | None = Field(description="Whom to ring at once, besides this form.")
    warnings: tuple[Warned, ...] = Field(description="What was not understood, and is kept for a person to read.")


class AmendmentOut(BaseModel):
    """What was sent after the referral; `text` and `indicators`, or `reason` of a withdrawal."""

    id: UUID
    kind: AmendmentKind
    received_at: datetime
    text: str | None = None
    indicators: list[Indicated] = []
    reason: str | None = None


class AmendmentDetail(AmendmentOut):
    """The same for the service that has the case, with what was not understood, as it was sent."""

    not_understood: list[NotUnderstood] = []
    not_understood_more: int = 0
    as_sent: str = ""
