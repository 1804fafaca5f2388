"""Three-valued logic against brute force: every completion of small cases, read by a second reading of the language."""

import random
from typing import Any

from hypothesis import example, given, settings

from services.triage.thresholds import assess
from tests.triage.thresholds.oracle import (
    ANSWERS,
    CONDITIONS,
    FACTS,
    LEAVES,
    Facts,
    completions,
    holds,
    policies,
    verdict,
)
from tests.triage.thresholds.policies import POLICY, SMALL, load_tree, policy_tree, rule

derandomized = settings(derandomize=True, deadline=None, max_examples=80, database=None)

RANKS = {colour: rank for rank, colour in enumerate(POLICY["priority_order"])}


def _pair(condition: Any, facts: Facts) -> tuple[bool, bool]:
    """Tell whether a condition certainly and possibly holds, by whether a rule of it fires or could."""
    receipt = assess(load_tree(policy_tree(rule("R", condition, 4)), SMALL), facts)
    return bool(receipt.fired), receipt.could_reach.level == 4


@derandomized
@given(condition=CONDITIONS, facts=FACTS)
def test_certain_and_possible_are_never_wrong(condition: Any, facts: Facts) -> None:
    """What is certain holds in every completion; what is not possible holds in none."""
    certain, possible = _pair(condition, facts)
    outcomes = {holds(condition, complete) for complete in completions(facts)}
    assert not certain or outcomes == {True}
    assert possible or outcomes == {False}


@derandomized
@given(condition=LEAVES, facts=FACTS)
@example(condition={"position": {"one_of": ["given", "refused"]}}, facts={})
@example(condition={"mood": {"one_of": ["low", "high"]}}, facts={})
@example(condition={"age": {"at_least": 0}}, facts={})
def test_one_test_alone_is_exact(condition: Any, facts: Facts) -> None:
    """A single verb is certain exactly when every completion passes, and possible exactly when one does."""
    (tests,) = condition.values()
    outcomes = {holds(condition, complete) for complete in completions(facts)}
    if len(tests.keys() - {"of"}) == 1:
        assert _pair(condition, facts) == (outcomes == {True}, True in outcomes)


@derandomized
@given(tree=policies(), facts=FACTS)
def test_complete_facts_give_what_the_policy_says(tree: dict[str, Any], facts: Facts) -> None:
    """Level, priority and route of complete facts are those of the words, with nothing left to reach or ask."""
    policy = load_tree(tree, SMALL)
    for complete in list(completions(facts))[:8]:
        receipt = assess(policy, complete)
        assert (receipt.level, receipt.priority, receipt.route) == verdict(tree, complete)
        assert (receipt.could_reach.level, receipt.could_reach.priority) == (receipt.level, receipt.priority)
        assert (receipt.could_reach.via, receipt.missing_that_matters) == ((), ())


@derandomized
@given(tree=policies(), facts=FACTS)
def test_no_completion_leaves_the_bounds_of_a_receipt(tree: dict[str, Any], facts: Facts) -> None:
    """Every completion lies between what the receipt says and what it could reach."""
    receipt = assess(load_tree(tree, SMALL), facts)
    reach = receipt.could_reach
    for complete in completions(facts):
        level, priority, _ = verdict(tree, complete)
        assert receipt.level <= level <= reach.level
        assert RANKS[receipt.priority] <= RANKS[priority] <= RANKS[reach.priority]


@derandomized
@given(tree=policies(), facts=FACTS)
def test_filling_a_missing_fact_only_raises(tree: dict[str, Any], facts: Facts) -> None:
    """Level and priority never fall, and the reach never grows, when a fact that may be unknown is filled in."""
    policy = load_tree(tree, SMALL)
    before = assess(policy, facts)
    for name, values in ANSWERS.items():
        for value in values if name not in facts else ():
            after = assess(policy, {**facts, name: value})
            assert after.level >= before.level
            assert RANKS[after.priority] >= RANKS[before.priority]
            assert after.could_reach.level <= before.could_reach.level


@derandomized
@given(tree=policies(), facts=FACTS)
def test_what_is_asked_is_what_raises(tree: dict[str, Any], facts: Facts) -> None:
    """A yes_no, number or choice is asked about exactly where one answer to it alone would raise the outcome."""
    policy = load_tree(tree, SMALL)
    before = assess(policy, facts)
    asked = {question.fact for question in before.missing_that_matters}
    for name in {"danger", "age", "position"} - facts.keys():
        answers = [assess(policy, {**facts, name: value}) for value in ANSWERS[name]]
        raises = any(
            answer.level > before.level or RANKS[answer.priority] > RANKS[before.priority] for answer in answers
        )
        assert raises == (name in asked)


@derandomized
@given(tree=policies(), facts=FACTS)
def test_the_order_of_rules_never_matters(tree: dict[str, Any], facts: Facts) -> None:
    """A policy with its rules in another order gives the same receipt but for lines and hash."""
    shuffled = {**tree, "rules": random.Random(7).sample(tree["rules"], len(tree["rules"]))}
    one, other = (assess(load_tree(written, SMALL), facts).model_dump(mode="json") for written in (tree, shuffled))
    for receipt in (one, other):
        del receipt["policy"]
        for fired in receipt["fired"]:
            for because in fired["because"]:
                del because["line"]
    assert one == other
