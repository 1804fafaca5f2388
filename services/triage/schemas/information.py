"""Requests for information: what staff ask, what a partner sees and answers, and how staff read it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.triage.domain import RequestState
from services.triage.schemas.text import ChildIndex, Future, In, Narrative

Slug = Annotated[str, Field(max_length=63, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
Code = Annotated[str, Field(max_length=64)]


class InformationRequestIn(In):
    """Questions to one agency about children of the case."""

    agency: Slug = Field(description="Slug of the agency that is asked.")
    children: list[ChildIndex] | None = Field(
        None, min_length=1, max_length=20, description="Whom it is about; all children of the case if absent."
    )
    purpose: Narrative = Field(description="What the answer is needed for; the agency reads it.")
    lawful_basis: Code = Field(description="A code of the list `lawful_basis`.")
    questions: list[Narrative] = Field(min_length=1, max_length=20, description="The agency reads them.")
    due_at: Future | None = Field(None, description="Where absent, the hub's term for the colour of the case.")


class InformationResponseIn(In):
    """An answer, or the reason why there is none."""

    answer: Narrative | None = None
    refuse_reason: Narrative | None = None
    may_share_with: list[Code] = Field(
        default_factory=list,
        max_length=20,
        description="Codes of the list `may_share_with`: who beside staff may read it. Nobody if empty.",
    )


class InformationResponseOut(BaseModel):
    responded_by: str
    responded_at: datetime
    answer: str | None
    refuse_reason: str | None
    may_share_with: list[str]


class InformationRequestOut(BaseModel):
    """A request as those see it who work on the case; silence past `due_at` is `overdue`."""

    id: UUID
    agency: str
    children: list[int]
    purpose: str
    lawful_basis: str
    questions: list[str]
    state: RequestState
    asked_by: str
    asked_at: datetime
    due_at: datetime
    response: InformationResponseOut | None


class AskedItem(BaseModel):
    """A request as the list of the agency asked shows it."""

    id: UUID
    referral_id: UUID
    reference: str
    status: RequestState
    asked_at: datetime
    due_at: datetime


class AskedPage(BaseModel):
    items: list[AskedItem]
    next_cursor: str | None


class AskedDetail(AskedItem):
    """What the agency asked may know: who the children are, what is asked of it, and why."""

    purpose: str
    lawful_basis: str
    questions: list[str]
    children: list[dict[str, Any]] = Field(description="Their identity alone; empty once the request is withdrawn.")
    withhold: list[str] = Field(
        description="Codes of the list `must_not_learn`: what nobody around the children may learn from you."
    )
    response: InformationResponseOut | None = Field(description="Your own.")
