"""Threshold checks: the parts of a referral that are read for one, and what the caller is told.

A lens, not a second referral: whatever else the document says is passed over here and checked where it is sent.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.triage.schemas.text import ChildIndex, In
from shared.text import Day, OneLine

Answer = Annotated[Literal["yes", "no", "not_known"], OneLine]
PostcodeText = Annotated[str, Field(max_length=50), OneLine]
Code = Annotated[str, Field(max_length=64), OneLine]


class Lens(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class PlaceSeen(Lens):
    postcode: PostcodeText | None = None


class ChildSeen(Lens):
    date_of_birth: Day | None = None
    expected_delivery_date: Day | None = None
    estimated_age_years: Annotated[int, Field(ge=0, le=25)] | None = None
    address: PlaceSeen | None = None
    found_at: PlaceSeen | None = None


class MemberSeen(Lens):
    relationship: Code | None = None
    parental_responsibility: Answer | None = None
    role_in_concern: Code | None = None
    address: PlaceSeen | None = None


class IndicatorSeen(Lens):
    code: Code
    status: Literal["present", "ruled_out"] = "present"
    child: ChildIndex | None = None


class ConcernSeen(Lens):
    immediate_danger: Answer
    indicators: list[IndicatorSeen] = Field([], max_length=200)


class AgreementSeen(Lens):
    position: Literal["given", "refused", "not_sought", "not_known"] | None = None
    by: Annotated[int, Field(ge=0)] | None = None


class OpennessSeen(Lens):
    agreement: AgreementSeen | None = None


class ReferralSeen(Lens):
    """A referral document, as it would be sent to `POST /v1/referrals`; nothing of it is kept."""

    children: list[ChildSeen] = Field(min_length=1, max_length=20)
    household: list[MemberSeen] = Field([], max_length=30)
    concern: ConcernSeen
    openness: OpennessSeen | None = None


class FactsSeen(In):
    """The facts of one child alone, by their names in the vocabulary; a postcode finds local help."""

    facts: dict[str, bool | int | str | list[Code]] = Field(max_length=50)
    postcode: PostcodeText | None = None


class FactsTried(In):
    """What somebody tries against the policy, of a child there is not."""

    indicators: list[IndicatorSeen] = Field([], max_length=200)
    facts: dict[Code, bool | int | str] = Field({}, max_length=50)


class QuestionOut(BaseModel):
    fact: str
    ask: str


class LocalHelp(BaseModel):
    """A service of the directory, by its public fields."""

    id: UUID
    name: str
    description: str | None
    url: str | None
    email: str | None
    phones: list[str]


class WarningOut(BaseModel):
    """Where something was not understood, and what is wrong with it; never the value."""

    pointer: str
    detail: str


class CheckOut(BaseModel):
    """What the policy says of what was sent, and of nothing else; of several children, of the highest."""

    check_id: UUID
    level: int
    route: str
    reasons: list[str] = Field(description="Why, in the words of the policy.")
    questions: list[QuestionOut] = Field(description="What is missing and could matter.")
    local_help: list[LocalHelp] = Field(description="Services near the child, the nearest fit first.")
    note: str
    warnings: list[WarningOut] = Field(
        [], description="What was not understood, and counts as not known.", exclude_if=lambda found: not found
    )
