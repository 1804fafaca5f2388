"""The words for what does not fit say what to write, and never repeat what was sent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, HttpUrl, create_model

from shared.http.validation import validated
from shared.problems import Invalid

SENT = "zzz-was-sent"

ADVICE: list[tuple[Any, Any, str]] = [
    (str, 7, "A text is needed."),
    (int, SENT, "A whole number is needed."),
    (Decimal, SENT, "A number is needed."),
    (bool, SENT, "true or false is needed."),
    (list[int], SENT, "A list is needed."),
    (dict[str, int], SENT, "An object is needed."),
    (date, SENT, "Write a date as YYYY-MM-DD."),
    (datetime, "9999-99-99T00:00:00Z", "Write a time as YYYY-MM-DDTHH:MM:SSZ."),
    (UUID, SENT, "Write an id as it was given."),
    (HttpUrl, SENT, "Write a whole address, as https://host/path."),
    (Annotated[str, Field(max_length=3)], SENT, "Use at most 3 characters."),
    (Annotated[str, Field(min_length=30)], SENT, "Use at least 30 characters."),
    (Annotated[str, Field(pattern="^[a-z]+$")], SENT, "Write it as the pattern ^[a-z]+$ says."),
    (Annotated[list[str], Field(max_length=1)], [SENT, SENT], "Give at most 1."),
    (Annotated[list[str], Field(min_length=3)], [SENT], "Give at least 3."),
    (Annotated[int, Field(ge=1)], 0, "Use 1 or more."),
    (Annotated[int, Field(lt=200)], 200, "Use less than 200."),
]


@pytest.mark.parametrize(("kind", "value", "advice"), ADVICE)
def test_advice_says_what_to_write(kind: Any, value: Any, advice: str) -> None:
    """Each kind of fault gets words that a person can act on."""
    model: type[BaseModel] = create_model("Document", field=(kind, ...))
    with pytest.raises(Invalid) as refusal:
        validated(model, {"field": value})
    (error,) = refusal.value.errors
    assert (error.pointer, error.detail) == ("/field", advice)
