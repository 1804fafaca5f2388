"""What staff send to decide, and how a decision is shown to them and to the referrals service."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.triage.domain import Outcome
from services.triage.schemas.text import ChildIndex, In, Level, Narrative, Past


class ChildDecisionIn(In):
    child: ChildIndex
    level: Level
    outcome: Outcome = Field(strict=False)


class StrategyDiscussionIn(In):
    held_at: Past
    present: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=30, description="Who took part, among them social_care, police and health."
    )


class TransferIn(In):
    """Another authority has taken the child on, and a person there said so."""

    authority: Narrative
    acknowledged_by: Narrative
    acknowledged_at: Past


class DecisionIn(In):
    children: list[ChildDecisionIn] = Field(min_length=1, max_length=20)
    rationale: Narrative = Field(description="Why; never leaves triage.")
    feedback_to_referrer: Narrative = Field(description="What the referrer reads.")
    next_step: Narrative | None = None
    override_reason: Narrative | None = None
    strategy_discussion: StrategyDiscussionIn | None = None
    transfer: TransferIn | None = Field(None, description="Needed for the outcome transferred_to_authority.")


class ReopeningIn(In):
    reason: Narrative


class CountersignatureIn(In):
    agree: bool
    reason: Narrative


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
    transfer: dict[str, Any] | None
    reason: str | None = Field(description="What was said at the confirmation or countersignature.")


class Feedback(BaseModel):
    """What the referrals service may pass on to the referrer; the decision's fields are null before there is one."""

    status: str
    acknowledged_at: datetime | None
    advice: list[str]
    feedback_to_referrer: str | None = None
    next_step: str | None = None
    decided_at: datetime | None = None
