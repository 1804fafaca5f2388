"""What goes out at once, before a person confirms it: everything must allow it."""

from typing import Any

import pytest

from services.triage.thresholds import Policy, Receipt, assess
from tests.triage.thresholds.policies import floor, rule, small_policy

SAFE = floor("SAFE", {"danger": {"is": True}})
SLOW = rule("SLOW", {"indicators": {"any_of": ["slow"]}}, 2)
SAD = rule("SAD", {"indicators": {"any_of": ["sad"]}}, 3)
ROUTING = {
    "levels": [2],
    "only_if": {"all": [{"position": {"one_of": ["given"]}}, {"contacts": {"below": 2}}]},
    "never_with": {"indicators": {"any_of": ["fine"]}},
}
POLICY = small_policy(SLOW, SAD, safety_overrides=[SAFE], auto_route=ROUTING)
KNOWN: dict[str, Any] = {"danger": False, "age": 2, "position": "given"}


def _assess(facts: dict[str, Any], policy: Policy = POLICY) -> Receipt:
    return assess(policy, facts)


ROUTED = {**KNOWN, "indicators": ["slow"]}


@pytest.mark.parametrize(
    ("changes", "routed"),
    [
        ({}, True),
        ({"contacts": 1}, True),
        ({"possible_match_waiting": False}, True),
        ({"contacts": 2}, False),
        ({"position": "refused"}, False),
        ({"position": None}, False),
        ({"danger": None}, False),
        ({"danger": True}, False),
        ({"possible_match_waiting": True}, False),
        ({"indicators": ["slow", "fine"]}, False),
        ({"indicators": ["slow", "sad"]}, False),
        ({"indicators": []}, False),
        ({"weather": True}, False),
        ({"contacts": "many"}, False),
    ],
)
def test_what_goes_out_at_once(changes: dict[str, Any], routed: bool) -> None:
    """An automatic route needs every one of its conditions; None leaves the fact out."""
    facts = {name: value for name, value in {**ROUTED, **changes}.items() if value is not None}
    assert _assess(facts).auto_route is routed


def test_no_automatic_route_above_level_3_or_without_a_rule_for_it() -> None:
    """What could still reach level 4 waits for a person, and so does everything where the policy names no route."""
    reaching = rule("REACH", {"age": {"at_least": 4}}, 4)
    facts = {name: value for name, value in ROUTED.items() if name != "age"}
    assert not _assess(facts, small_policy(SLOW, reaching, auto_route=ROUTING)).auto_route
    assert _assess(facts, small_policy(SLOW, auto_route=ROUTING)).auto_route
    assert not _assess(ROUTED, small_policy(SLOW)).auto_route


def test_never_with_what_is_not_known() -> None:
    """An exclusion that may hold excludes."""
    routing = {"levels": [2], "never_with": {"tags": {"any_of": ["x"]}}}
    policy = small_policy(SLOW, auto_route=routing)
    assert not _assess({"indicators": ["slow"]}, policy).auto_route
    assert _assess({"indicators": ["slow"], "tags": ["y"]}, policy).auto_route


def test_no_automatic_route_under_a_floor() -> None:
    """A floor of an early level, true or not known, leaves the route to a person."""
    low = floor("LOW", {"danger": {"is": True}}, 2)
    policy = small_policy(SLOW, safety_overrides=[low], auto_route=ROUTING)
    assert _assess({**ROUTED, "danger": False}, policy).auto_route
    assert not _assess({**ROUTED, "danger": True}, policy).auto_route
    assert not _assess({name: value for name, value in ROUTED.items() if name != "danger"}, policy).auto_route


def test_no_automatic_route_with_a_review() -> None:
    """A rule that asks for a person gets one."""
    policy = small_policy({**SLOW, "then": {**SLOW["then"], "review": True}}, auto_route=ROUTING)
    assert not _assess(ROUTED, policy).auto_route
