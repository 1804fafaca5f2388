"""Requests for information: what staff ask, what a partner sees and answers, and how staff read it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.triage.domain import RequestState, response_errors
from services.triage.schemas.checks import WarningOut
from services.triage.schemas.text import LONGEST_TEXT, ChildIndex, Future, In, Narrative
from shared.http.lenient import Document, says_something
from shared.http.validation import validated
from shared.not_understood import NotUnderstood
from shared.problems import FieldError, Invalid
from shared.reading import Reading, StandIns, as_story, read_leniently
from shared.settings.codes import CodeList

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


def _story(given: Any) -> str:
    return as_story(given, LONGEST_TEXT)


STAND_INS: StandIns = {
    "": lambda given: {"answer": _story(given)},
    "/answer": _story,
    "/refuse_reason": _story,
}


def answers_something(content: Any) -> bool:
    """Tell whether a document has the least that is taken for an answer: an answer, or why there is none."""
    return isinstance(content, Mapping) and says_something([content.get("answer"), content.get("refuse_reason")])


def read_response(document: Document, sharers: CodeList, *, lenient: bool) -> Reading[InformationResponseIn]:
    """Return what an agency answers, and what of it was not understood; raises `Invalid` unless `lenient`."""

    def wrong(given: Mapping[str, Any]) -> Iterator[FieldError]:
        answer = given.get("answer")
        for error in response_errors(answer, given.get("refuse_reason")):
            yield FieldError("/refuse_reason", error.detail) if lenient and answer is not None else error
        for index, code in enumerate(given.get("may_share_with") or ()):
            if not sharers.takes(code):
                yield FieldError(f"/may_share_with/{index}", "Send a code of the list may_share_with.")

    if lenient:
        reading = read_leniently(InformationResponseIn, document.content, {}, STAND_INS, wrong)
        return reading.beside(document.replaced, document.as_sent)
    given = validated(InformationResponseIn, document.content)
    if errors := tuple(wrong(given.model_dump())):
        raise Invalid("Correct the fields named.", errors=errors)
    return Reading(given)


class InformationResponseOut(BaseModel):
    responded_by: str
    responded_at: datetime
    answer: str | None
    refuse_reason: str | None
    may_share_with: list[str]


class InformationResponseDetail(InformationResponseOut):
    """The same for those who work on the case, with what was not understood, as it was sent."""

    not_understood: list[NotUnderstood] = []
    not_understood_more: int = 0
    as_sent: str = ""


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
    response: InformationResponseDetail | None


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
    warnings: list[WarningOut] = Field(
        default_factory=list, description="What of it was not understood, and is kept for a person to read."
    )
