"""What staff and providers send to triage, and what they see."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.triage.domain import Outcome

LONGEST_TEXT = 20_000


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("Write something here.")
    return text


def _held(at: datetime) -> datetime:
    if at > datetime.now(UTC):
        raise ValueError("A discussion that is still to come has not been held.")
    return at


Narrative = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_not_blank)]
Level = Annotated[int, Field(ge=1, le=4)]
ChildIndex = Annotated[int, Field(ge=0, le=19, description="Zero-based index into the referral's `children`.")]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ReasonIn(In):
    reason: Narrative | None = None


class CodedIndicatorIn(In):
    code: str = Field(max_length=64, description="A code of the list `indicators`.")
    status: Literal["present", "ruled_out"]
    child: ChildIndex | None = Field(None, description="The child it is said of; all children if absent.")
    note: Narrative | None = None


class FactsIn(In):
    """What a screener codes of the narrative; the case is assessed again and keeps both receipts."""

    indicators: list[CodedIndicatorIn] = Field(default_factory=list, max_length=200)
    facts: dict[str, bool | int | str] = Field(default_factory=dict, max_length=50)
    source: Narrative = Field(description="Where this was read or heard, e.g. the narrative, a call to the school.")


class ChildDecisionIn(In):
    child: ChildIndex
    level: Level
    outcome: Outcome = Field(strict=False)


class StrategyDiscussionIn(In):
    held_at: Annotated[AwareDatetime, Field(strict=False), AfterValidator(_held)]
    present: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=30, description="Who took part, among them social_care, police and health."
    )


class DecisionIn(In):
    children: list[ChildDecisionIn] = Field(min_length=1, max_length=20)
    rationale: Narrative = Field(description="Why; never leaves triage.")
    feedback_to_referrer: Narrative = Field(description="What the referrer reads.")
    next_step: Narrative | None = None
    override_reason: Narrative | None = None
    strategy_discussion: StrategyDiscussionIn | None = None


class CountersignatureIn(In):
    agree: bool
    reason: Narrative


class Clock(BaseModel):
    due_at: datetime
    ended_at: datetime | None


class Clocks(BaseModel):
    statutory: Clock = Field(description="One working day from receipt to acknowledge and decide.")


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
    agency: str
    received_at: datetime
    details_pending: bool
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


class OfferOut(BaseModel):
    id: UUID
    provider: str
    child: int
    service: str
    status: str
    offered_at: datetime


class DecisionOut(BaseModel):
    id: UUID
    state: str
    automatic: bool
    decided_by: str
    decided_at: datetime
    countersigned_by: str | None
    countersigned_at: datetime | None
    children: list[dict[str, Any]]
    rationale: str | None
    feedback_to_referrer: str | None
    next_step: str | None
    override_reason: str | None
    strategy_discussion: dict[str, Any] | None
    reason: str | None = Field(description="What was said at the confirmation or countersignature.")


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
    offers: list[OfferOut]
    decisions: list[DecisionOut]
    assessments: list[AssessmentOut]
    timeline: list[StepOut]


class OfferItem(BaseModel):
    """An offer as its provider's list shows it."""

    id: UUID
    referral_id: UUID
    reference: str
    service: str
    status: str
    offered_at: datetime


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


class Feedback(BaseModel):
    """What the referrals service may pass on to the referrer."""

    status: str
    feedback_to_referrer: str
    next_step: str | None
    decided_at: datetime
