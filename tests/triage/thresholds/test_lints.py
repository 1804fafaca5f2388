"""Each lint finds what it is for, and leaves alone what is meant."""

from typing import Any

import pytest

from services.triage.thresholds import lint
from services.triage.thresholds.lints import Lint
from tests.triage.thresholds.policies import floor, rule, small_policy

HURT = rule("HURT", {"indicators": {"any_of": ["hurt"]}}, 4)
DANGER = {"danger": {"is": True}}


def _found(*rules: dict[str, Any], **rest: Any) -> list[tuple[Lint, str]]:
    return [(finding.lint, finding.about) for finding in lint(small_policy(HURT, *rules, **rest))]


@pytest.mark.parametrize(
    "tests",
    [
        [{"age": {"below": 3}}, {"age": {"at_least": 3}}],
        [{"age": {"above": 2, "at_most": 2}}],
        [{"danger": {"is": True}}, {"danger": {"is": False}}],
        [{"position": {"one_of": ["given"]}}, {"position": {"one_of": ["refused"]}}],
        [{"indicators": {"any_of": ["sad"]}}, {"indicators": {"none_of": ["sad"]}}],
        [{"indicators": {"all_of": ["sad", "slow"], "none_of": ["slow"]}}],
        [{"concerns": {"some": {"kind": ["HRM"]}}}, {"concerns": {"none": {"severity_at_least": 4}}}],
        [{"age": {"below": 3}}, {"all": [{"unborn": {"is": True}}, {"age": {"above": 4}}]}],
    ],
)
def test_tests_that_contradict_each_other(tests: list[Any]) -> None:
    """No single value passes them all, and one finding says so."""
    assert _found(rule("R", {"all": tests}, 3)) == [(Lint.CONTRADICTION, "R")]


def test_a_contradiction_in_one_branch_leaves_the_rule_alive() -> None:
    """The branch is told; the rule may still fire by the other."""
    branch = {"all": [{"age": {"below": 2}}, {"age": {"above": 2}}]}
    assert _found(rule("R", {"any": [branch, DANGER]}, 3)) == [(Lint.CONTRADICTION, "R")]


@pytest.mark.parametrize(
    "condition",
    [
        {"age": {"above": 6}},
        {"age": {"below": 0}},
        {"contacts": {"at_least": 4}},
        {"indicators": {"at_least": 3, "of": ["sad", "slow"]}},
        {"concerns": {"some": {"kind": ["DEV"], "severity_at_least": 4}}},
        {"not": {"age": {"at_least": 0}}},
        {"all": [DANGER, {"age": {"above": 6}}]},
        {"any": [{"age": {"above": 6}}, {"contacts": {"above": 3}}]},
    ],
)
def test_rules_that_never_fire(condition: dict[str, Any]) -> None:
    """What lies outside the bounds of the vocabulary can never be true."""
    assert _found(rule("R", condition, 3)) == [(Lint.NEVER_FIRES, "R")]


@pytest.mark.parametrize(
    "condition",
    [
        {"age": {"at_least": 2, "below": 4}},
        {"all": [{"age": {"at_least": 2}}, {"age": {"at_most": 2}}]},
        {"any": [{"age": {"below": 1}}, {"age": {"above": 5}}]},
        {"all": [{"indicators": {"any_of": ["sad"]}}, {"indicators": {"none_of": ["slow"]}}]},
        {"all": [{"not": DANGER}, {"danger": {"is": False}}]},
        {"all": [{"position": {"one_of": ["given", "refused"]}}, {"position": {"one_of": ["given"]}}]},
    ],
)
def test_rules_that_can_fire_are_left_alone(condition: dict[str, Any]) -> None:
    """Bounds that leave room, alternatives and negations are no contradiction of the rule."""
    assert _found(rule("R", condition, 3)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (DANGER, DANGER),
        ({"all": [DANGER, {"unborn": {"is": True}}]}, {"all": [{"unborn": {"is": True}}, DANGER]}),
        ({"all": [DANGER]}, DANGER),
        ({"any": [{"any": [DANGER, {"age": {"above": 2}}]}, DANGER]}, {"any": [{"age": {"at_least": 3}}, DANGER]}),
        ({"indicators": {"any_of": ["sad", "slow"]}}, {"indicators": {"any_of": ["slow", "sad"]}}),
        ({"indicators": {"all_of": ["sad"]}}, {"indicators": {"any_of": ["sad"]}}),
        ({"concerns": {"some": {"severity_at_least": 3}}}, {"indicators": {"any_of": ["sad", "hurt"]}}),
        ({"age": {"at_least": 2, "below": 4}}, {"all": [{"age": {"below": 4}}, {"age": {"at_least": 2}}]}),
    ],
)
def test_rules_that_ask_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Order, layers and other words for the same test do not hide a duplicate."""
    assert _found(rule("A", one, 3), rule("B", other, 4)) == [(Lint.DUPLICATE, "B")]


def test_rules_that_ask_differently_are_no_duplicates() -> None:
    """A near miss in number, verb or combiner is another rule."""
    rules = [
        rule("A", {"all": [DANGER, {"age": {"above": 2}}]}, 3),
        rule("B", {"any": [DANGER, {"age": {"above": 2}}]}, 3),
        rule("C", {"all": [DANGER, {"age": {"above": 3}}]}, 3),
        rule("D", {"all": [DANGER, {"age": {"at_most": 2}}]}, 3),
    ]
    assert _found(*rules) == []


def test_a_rule_without_a_paragraph() -> None:
    """Rules and floors say which paragraph they rest on."""
    silent = floor("F", DANGER)
    del silent["paragraph"]
    blank = {**rule("R", {"unborn": {"is": True}}, 3), "paragraph": " "}
    assert _found(blank, safety_overrides=[silent]) == [(Lint.NO_PARAGRAPH, "F"), (Lint.NO_PARAGRAPH, "R")]


def test_an_indicator_of_level_4_that_no_rule_mentions() -> None:
    """Looking for its absence is no mention; a concern of its level is one."""
    absent = rule("R", {"indicators": {"none_of": ["hurt"]}}, 3)
    concern = rule("R", {"concerns": {"some": {"severity_at_least": 4}}}, 4)
    assert [finding.about for finding in lint(small_policy(absent))] == ["hurt"]
    assert lint(small_policy(concern)) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"not": DANGER},
        {"any": [{"unborn": {"is": True}}, {"not": DANGER}]},
        {"indicators": {"none_of": ["hurt"]}},
        {"concerns": {"none": {"severity_at_least": 3}}},
    ],
)
def test_absence_as_a_reassurance(condition: dict[str, Any]) -> None:
    """A rule of level 2 or below may not rest on what is absent; one of level 3 may."""
    assert _found(rule("R", condition, 2)) == [(Lint.ABSENCE_AS_REASSURANCE, "R")]
    assert _found(rule("R", condition, 3)) == []


def test_findings_name_file_and_line() -> None:
    """A finding reads like a complaint."""
    policy = small_policy(HURT, rule("R", {"age": {"above": 6}}, 3))
    (finding,) = lint(policy)
    line = policy.source.line(("rules", 1))
    assert str(finding) == (
        f"policy.yaml:{line}: R can never fire: nothing fits its conditions. Correct them, or take it out."
    )
