"""What staff send as they work on a case."""

from typing import Literal

from pydantic import Field

from services.triage.schemas.text import ChildIndex, In, Narrative


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
