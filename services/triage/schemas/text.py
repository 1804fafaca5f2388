"""The texts and numbers that callers of triage send, and what every body has in common."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared import clock
from shared.text import is_blank, narrative

LONGEST_TEXT = 20_000
FARTHEST = timedelta(days=366)


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise ValueError("Write something here.")
    return text


def _past(at: datetime) -> datetime:
    if at > clock.now():
        raise ValueError("This is still to come. Send when it was.")
    return at


def _future(at: datetime) -> datetime:
    if not timedelta(0) < at - clock.now() < FARTHEST:
        raise ValueError("Send a time to come, within a year.")
    return at


Narrative = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_not_blank), AfterValidator(narrative)
]
Past = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_past)]
Future = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_future)]
Level = Annotated[int, Field(ge=1, le=4)]
ChildIndex = Annotated[int, Field(ge=0, le=19, description="Zero-based index into the referral's `children`.")]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ReasonIn(In):
    reason: Narrative | None = None
