"""A case as staff see it: in lists, and whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.triage.domain import Unfinished, WhyUnfinished
from services.triage.schemas.casework import AcknowledgementOut, NewInformationOut, NoteOut, ParallelRouteOut
from services.triage.schemas.challenges import ChallengeOut
from services.triage.schemas.decisions import DecisionOut
from services.triage.schemas.information import InformationRequestOut
from services.triage.schemas.links import EarlierContact, MatchOut
from services.triage.schemas.offers import OfferOut


class Clock(BaseModel):
    due_at: datetime
    ended_at: datetime | None


class Clocks(BaseModel):
    """The clocks of the case itself, each as it runs now or ran last."""

    statutory: Clock = Field(description="One working day from receipt to acknowledge and decide.")
    colour: Clock = Field(description="The hub's own, by colour; it never ends later than the statutory one.")
    acknowledgement: Clock | None = Field(None, description="Of a red or a danger: when the line of duty is paged.")
    needed_by: Clock | None = Field(None, description="When the referrer needs to know.")


class CaseItem(BaseModel):
    """A case as lists show it: nothing here tells who the child is."""

    id: UUID
    referral_id: UUID
    reference: str
    kind: str
    status: str
    level: int | None
    priority: str
    council: str | None
    owner: str | None
    owner_issuer: str | None = Field(description="Who says who that account is; null where nobody has the case.")
    lease_until: datetime | None = Field(description="When the claim lapses unless its owner does something.")
    agency: str
    received_at: datetime
    acknowledged_at: datetime | None
    details_pending: bool
    unfinished: dict[Unfinished, WhyUnfinished] = Field(
        description="What the case stands without: `pending` and `large` come by themselves, `failed` is tried again, "
        "and of `too_large` only numbers and birth dates were looked at."
    )
    clocks: Clocks


class CasePage(BaseModel):
    items: list[CaseItem]
    next_cursor: str | None


class ChildOut(BaseModel):
    child: int
    level: int
    priority: str
    outcome: str | None
    receipt: dict[str, Any]


class StepOut(BaseModel):
    at: datetime
    who: str
    what: str


class AssessmentOut(BaseModel):
    child: int
    cause: str
    assessed_at: datetime
    receipt: dict[str, Any]


class CaseOut(CaseItem):
    """A case as those see it who work on it; `receipt` is the highest child's."""

    receipt: dict[str, Any] | None
    children: list[ChildOut]
    referral: dict[str, Any] | None
    matches: list[MatchOut]
    history: list[EarlierContact] = Field(description="What counts as known of the family, the newest first.")
    offers: list[OfferOut]
    information_requests: list[InformationRequestOut]
    decisions: list[DecisionOut]
    acknowledgements: list[AcknowledgementOut]
    notes: list[NoteOut]
    parallel_routes: list[ParallelRouteOut]
    new_information: list[NewInformationOut]
    assessments: list[AssessmentOut]
    challenges: list[ChallengeOut]
    timeline: list[StepOut]
