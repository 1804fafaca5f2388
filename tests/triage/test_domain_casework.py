"""The floor of a colour, and the duties that open by themselves, with plain values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.domain import PRIORITIES, duties_of, least_priority

colours = st.sampled_from(PRIORITIES)
thens = st.lists(st.fixed_dictionaries({"then": st.fixed_dictionaries({"priority": colours, "floor": st.booleans()})}))
CALLED_FOR = {"private_fostering": ("private_fostering",), "nrm": ("exploited_or_trafficked",), "lado": ()}


@given(st.lists(st.fixed_dictionaries({"fired": thens})), st.sampled_from(["yes", "no", "not_known"]))
def test_no_floor_of_any_child_is_above_the_least(receipts: list[dict[str, Any]], urgency: str) -> None:
    """The least colour is that of the highest floor, red for a danger, and the lowest of all where neither holds."""
    least = least_priority(receipts, urgency)
    floors = {one["then"]["priority"] for r in receipts for one in r["fired"] if one["then"]["floor"]}
    held_up = floors | ({"red"} if urgency == "yes" else set())
    assert least in (held_up or {"blue"})
    assert all(PRIORITIES.index(colour) <= PRIORITIES.index(least) for colour in held_up)


@pytest.mark.parametrize(
    ("indicators", "household", "duties"),
    [
        ([], [], set()),
        ([("private_fostering", "present", 1)], [], {("private_fostering", 1)}),
        ([("private_fostering", "ruled_out", 1)], [], set()),
        ([("exploited_or_trafficked", "present", None)], [], {("nrm", None)}),
        ([("self_harm", "present", 0)], [], set()),
        ([], [{"works_with_children": True, "role_in_concern": "alleged_perpetrator"}], {("lado", None)}),
        ([], [{"works_with_children": True, "role_in_concern": "witness"}], set()),
        ([], [{"works_with_children": False, "role_in_concern": "alleged_perpetrator"}], set()),
        ([], [{"works_with_children": True}, {"role_in_concern": "alleged_perpetrator"}], set()),
    ],
)
def test_what_calls_for_a_parallel_route(
    indicators: list[tuple[str, str, int | None]], household: list[dict[str, Any]], duties: set[tuple[str, int | None]]
) -> None:
    """Signs that are present and have a route; one and the same person who is accused and works with children."""
    said = [{"code": code, "status": status, "child": child} for code, status, child in indicators]
    assert duties_of(said, household, CALLED_FOR) == duties
