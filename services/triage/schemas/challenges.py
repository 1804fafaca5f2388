"""Disagreement with a decision: what partners and staff send, and what each of them sees of it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.triage.domain import Outcome
from services.triage.schemas.text import In, Narrative


class ChallengeIn(In):
    reason: Narrative = Field(description="What the decision overlooks.")
    wanted_outcome: Outcome | None = Field(None, strict=False)


class AnswerIn(In):
    answer: Narrative = Field(description="What the partner reads.")
    outcome: Literal["upheld", "not_upheld", "reopen"] = Field(description="`reopen` has the case decided anew.")


class ChallengeRaised(BaseModel):
    id: UUID
    stage: int = Field(description="Counts from 1; after an answer the next stage is open.")
    due_at: datetime


class ChallengeOfPartner(ChallengeRaised):
    """A challenge as the agency sees that raised it."""

    state: str
    raised_at: datetime
    reason: str
    wanted_outcome: str | None
    answer: str | None
    answered_at: datetime | None


class ChallengeOut(ChallengeOfPartner):
    """A challenge as staff see it on the case."""

    agency: str
    decision_id: UUID
    answered_by: str | None


class ChallengeList(BaseModel):
    items: list[ChallengeOfPartner]


class OpenChallenge(ChallengeRaised):
    """A challenge that waits, as the list of them shows it: nothing here tells who the child is."""

    case_id: UUID
    reference: str
    agency: str
    role: str = Field(description="Who answers at this stage.")


class OpenChallenges(BaseModel):
    items: list[OpenChallenge]
    next_cursor: str | None
