"""Scenarios fail with a sentence for each difference, and pass where there is none."""

from typing import Any

import pytest

from services.triage.thresholds import run_scenarios
from tests.triage.thresholds.policies import rule, small_policy

SAD = rule("SAD", {"indicators": {"any_of": ["sad"]}}, 3, review=True)


def _run(facts: dict[str, Any], expect: dict[str, Any]) -> list[str]:
    policy = small_policy(SAD, scenarios=[{"name": "one", "facts": facts, "expect": expect}])
    return [sentence for failure in run_scenarios(policy) for sentence in failure.unmet]


@pytest.mark.parametrize(
    ("expect", "sentences"),
    [
        ({}, []),
        ({"level": 3, "priority": "amber", "route": "targeted", "auto_route": False}, []),
        ({"review_required": ["SAD"], "fired": ["SAD"]}, []),
        ({"level": 2}, ["It expects level 2, the policy gives 3."]),
        ({"priority": "red"}, ["It expects priority red, the policy gives amber."]),
        ({"route": "hub"}, ["It expects route hub, the policy gives targeted."]),
        ({"auto_route": True}, ["It expects auto_route true, the policy gives false."]),
        ({"review_required": ["x"]}, ["It expects the review x, which is not asked for."]),
        ({"not_fired": ["SAD"]}, ["It expects SAD not to fire, and it does."]),
        (
            {"level": 4, "priority": "red"},
            ["It expects level 4, the policy gives 3.", "It expects priority red, the policy gives amber."],
        ),
    ],
)
def test_each_difference_has_its_sentence(expect: dict[str, Any], sentences: list[str]) -> None:
    """What a scenario names is held against the receipt; what it leaves out may be anything."""
    assert _run({"indicators": ["sad"]}, expect) == sentences


def test_a_rule_that_should_have_fired() -> None:
    """A rule that stays silent is named."""
    assert _run({}, {"fired": ["SAD"]}) == ["It expects SAD to fire, and it does not."]


def test_a_failure_names_file_line_and_scenario() -> None:
    """A failure reads like a complaint."""
    policy = small_policy(SAD, scenarios=[{"name": "odd one", "facts": {}, "expect": {"level": 4}}])
    (failure,) = run_scenarios(policy)
    line = policy.source.line(("scenarios", 0))
    assert str(failure) == (f'policy.yaml:{line}: Scenario "odd one" fails: It expects level 4, the policy gives 1.')
