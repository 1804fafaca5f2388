"""Who may be, or is, known already, as staff see it."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field


class OtherCase(BaseModel):
    id: UUID
    reference: str
    status: str
    received_at: datetime
    owner: str | None


class Candidate(BaseModel):
    """Enough to tell whether it is the same person; never where anybody lives."""

    name: str
    known_as: list[str]
    date_of_birth: date | None
    expected_delivery_date: date | None
    sex: str | None
    relationship: str | None


class MatchOut(BaseModel):
    """A person of this case, and of another case whom it may be or is."""

    id: UUID
    state: str = Field(description="`possible` waits for a person; `automatic`, `confirmed`, `removed`.")
    score: float = Field(description="0 to 1; a half is just enough to be possible.")
    reasons: list[str] = Field(description="What agrees and what does not, the weightiest first.")
    relation: str = Field(description="`child`, `sibling` or `household`.")
    person: str = Field(description="Pointer of the person in this case's referral.")
    other_case: OtherCase
    candidate: Candidate | None = Field(
        None, description="Where the case itself is read, and the other referral is not restricted."
    )


class EarlierContact(BaseModel):
    """An earlier case that counts as history of this one."""

    id: UUID
    reference: str
    received_at: datetime
    status: str
    level: int | None
    outcome: str | None
    relation: str
