"""The line of duty's pages, and the night that the day's staff take over, as staff see them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.triage.schemas.cases import CaseItem, StepOut


class PageItem(BaseModel):
    """A call to one of the line of duty, counted from 0; it is sent, or tried again until the case is acknowledged.

    It is about no case where a submitted referral is a dead letter; then it is tried until somebody sees to that.
    """

    id: UUID
    case_id: UUID | None
    reference: str | None
    line: int
    made_at: datetime
    attempts: int
    sent_at: datetime | None


class PageList(BaseModel):
    items: list[PageItem]
    next_cursor: str | None


class HandoverItem(CaseItem):
    """A case that came in out of hours, or on which somebody worked then."""

    came_in: bool = Field(description="Whether it was received in that time.")
    done: list[StepOut] = Field(description="What people did on it in that time.")


class Handover(BaseModel):
    """What happened between `since`, the last closing, and `until`, the handover or now; what is open comes first."""

    out_of_hours: bool = Field(description="Whether the hub is closed now.")
    since: datetime
    until: datetime
    items: list[HandoverItem]
    next_cursor: str | None
