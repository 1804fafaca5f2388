"""What staff send as they work on a case, and what they see of that work."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.triage.schemas.text import ChildIndex, In, Narrative
from shared.settings.hub import Colour, ParallelRouteName
from shared.text import OneLine

LONGEST_NAME = 200


Worker = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), OneLine]


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


class AssignmentIn(In):
    to: Worker = Field(description="The colleague's account: the subject of their token.")
    reason: Narrative | None = None


class AcknowledgementIn(In):
    """A person has the referral; `advice` says what to do meanwhile."""

    advice: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list, max_length=20, description="Codes of the list `advice`."
    )


class PriorityIn(In):
    priority: Colour
    reason: Narrative


class NoteIn(In):
    text: Narrative


class ParallelRouteIn(In):
    """A duty that runs beside the decision."""

    route: ParallelRouteName
    owner: Worker = Field(description="Who sees to it: an account or a team.")
    due_at: AwareDatetime | None = Field(None, strict=False, description="By the hub's term for the route if absent.")
    child: ChildIndex | None = Field(None, description="The child it is about; all children if absent.")
    reason: Narrative | None = None


class CompletionIn(In):
    result: Narrative | None = None


class NoteOut(BaseModel):
    """A note, or the reason of the change that `about` names by its code on the timeline."""

    id: UUID
    about: str
    written_by: str
    written_at: datetime
    text: str


class AcknowledgementOut(BaseModel):
    id: UUID
    acknowledged_by: str
    acknowledged_at: datetime
    advice: list[str]


class ParallelRouteOut(BaseModel):
    id: UUID
    route: str
    child: int | None
    owner: str
    due_at: datetime
    opened_by: str
    opened_at: datetime
    completed_by: str | None
    completed_at: datetime | None
    reason: str | None
    result: str | None


class NewInformationOut(BaseModel):
    """What came in about the case while it was open; `from_case_id` is the case that it came with."""

    id: UUID
    kind: str
    from_case_id: UUID | None
    received_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    content: Any = Field(description="As it came; null where there is nothing but the fact.")
