"""Kinds of text, day, time and code that a referral is made of, and what is refused of each. Run by the API."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from shared.settings.codes import CodeList
from shared.text import EARLIEST, Day, OneLine, line, narrative

TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
NAMED_AT_MOST = 24
LONGEST = 20_000


def _moment(given: Any) -> datetime:
    if not isinstance(given, str) or TIME.fullmatch(given) is None:
        raise ValueError("Write a time with its offset, as 2026-11-20T14:05:00Z.")
    try:
        moment = datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("There is no such time.") from None
    if moment.date() < EARLIEST:
        raise ValueError("Lies before 1900.")
    return moment


def _past_day(day: date, info: ValidationInfo) -> date:
    if info.context is not None and day > info.context["latest"].date():
        raise ValueError("Lies in the future.")
    return day


def _past_moment(moment: datetime, info: ValidationInfo) -> datetime:
    if info.context is not None and moment > info.context["latest"]:
        raise ValueError("Lies in the future.")
    return moment


def allowed_codes(code_list: CodeList) -> str:
    """Say which codes a list has: all of a short one, the beginning and the address of a long one."""
    named = ", ".join(code_list.codes[:NAMED_AT_MOST])
    if code_list.pattern is not None:
        return f"Must be a code of the shape {code_list.pattern}, such as {named}."
    if len(code_list.codes) <= NAMED_AT_MOST:
        return f"Must be one of {named}."
    return f"Must be one of {named}, ... (all of them: GET /v1/code-lists/{code_list.name})."


@dataclass(frozen=True)
class CodeOf:
    """Marks a text as a code of one of the hub's lists, looked up in the validation context at `code_lists`."""

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "description": f"A code of GET /v1/code-lists/{self.name}."}

    def _check(self, code: str, info: core_schema.ValidationInfo) -> str:
        code = line(code)
        if info.context is not None:
            code_list = info.context["code_lists"][self.name]
            if not code_list.takes(code):
                raise ValueError(allowed_codes(code_list))
        return code


Short = Annotated[str, StringConstraints(max_length=50), OneLine]
Name = Annotated[str, StringConstraints(max_length=200), OneLine]
RequiredName = Annotated[str, StringConstraints(min_length=1, max_length=200), OneLine]
Narrative = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST), AfterValidator(narrative)]
RequiredNarrative = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST), AfterValidator(narrative)
]
PastDay = Annotated[Day, AfterValidator(_past_day)]
Moment = Annotated[
    datetime, BeforeValidator(_moment), OneLine, WithJsonSchema({"type": "string", "format": "date-time"})
]
PastMoment = Annotated[Moment, AfterValidator(_past_moment)]
Index = Annotated[int, Field(ge=0)]
