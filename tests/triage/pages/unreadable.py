"""Answers that no page can read: where each is typed, where it stands in the referral, and what is said of it."""

from typing import Any

from services.triage.pages.call import CALL
from services.triage.pages.form import Form
from services.triage.pages.journey import Journey
from services.triage.pages.refer.steps import REFER

Path = tuple[str | int, ...]
TYPED: list[tuple[Journey, str, str, Path, str]] = [
    (REFER, "children-0-date_of_birth", "May, he thinks", ("children", 0, "date_of_birth"), "This is no date"),
    (REFER, "children-0-date_of_birth", "31/2/2019", ("children", 0, "date_of_birth"), "This is no date"),
    (REFER, "children-0-date_of_birth", "2199-01-01", ("children", 0, "date_of_birth"), "still to come"),
    (REFER, "children-0-estimated_age_years", "about four", ("children", 0, "estimated_age_years"), "number of years"),
    (REFER, "children-0-expected_delivery_date", "in spring", ("children", 0, "expected_delivery_date"), "no date"),
    (REFER, "children-0-sex", "Q", ("children", 0, "sex"), "Choose one"),
    (REFER, "household-0-date_of_birth", "1987 or so", ("household", 0, "date_of_birth"), "This is no date"),
    (REFER, "household-0-relationship", "lodger", ("household", 0, "relationship"), "Choose one"),
    (REFER, "concern-happened_on", "last night", ("concern", "happened_on"), "This is no date"),
    (REFER, "concern-claimed_level", "four", ("concern", "claimed_level"), "Choose one"),
    (REFER, "needed_by-at", "before school ends", ("needed_by", "at"), "no day and time"),
    (REFER, "openness-agreement-by", "the aunt", ("openness", "agreement", "by"), "Choose one"),
    (CALL, "source", "a neighbour", ("source",), "Choose one"),
    (CALL, "children-0-date_of_birth", "12.13.2019", ("children", 0, "date_of_birth"), "This is no date"),
]


def form_of(danger: str, field: str, typed: str) -> Form:
    """Return the least that is told in danger, with one answer more."""
    return Form({"concern-immediate_danger": [danger], "concern-what_happened": ["x"], field: [typed]})


def value_at(document: Any, path: Path) -> Any:
    for part in path:
        document = document[part]
    return document
