"""The receipt: what is concluded, what asks for a person, what could change it, and what an error does."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from services.triage.thresholds import Policy, Receipt, assess
from services.triage.thresholds.kleene import Pair, Row
from tests.triage.thresholds.policies import floor, outcome, rule, small_policy

SAFE = floor(
    "SAFE",
    {"danger": {"is": True}},
    if_unknown={"review": "danger_unknown", "priority_at_least": "amber"},
)
SLOW = rule("SLOW", {"indicators": {"any_of": ["slow"]}}, 2)
SAD = rule("SAD", {"indicators": {"any_of": ["sad"]}}, 3)
HURT = rule("HURT", {"indicators": {"any_of": ["hurt"]}}, 4)
OLD = rule("OLD", {"all": [{"age": {"at_least": 4}}, {"indicators": {"any_of": ["sad"]}}]}, 4, review=True)
POLICY = small_policy(SLOW, SAD, HURT, OLD, safety_overrides=[SAFE])
KNOWN: dict[str, Any] = {"danger": False, "age": 2, "position": "given"}


def _assess(facts: dict[str, Any], policy: Policy = POLICY) -> Receipt:
    return assess(policy, facts)


def test_a_receipt_is_whole() -> None:
    """Every part of a receipt stands as documented, in JSON, with the lines of the policy."""
    receipt = _assess({"indicators": ["sad", "fine"]}).model_dump(mode="json")
    line = receipt["fired"][0]["because"][0].pop("line")
    assert receipt == {
        "level": 3,
        "priority": "amber",
        "route": "targeted",
        "could_reach": {"level": 4, "priority": "red", "via": ["OLD", "SAFE"]},
        "auto_route": False,
        "review_required": ["danger_unknown"],
        "fired": [
            {
                "id": "SAD",
                "title": "Title of SAD",
                "paragraph": "1.1",
                "reason": "Reason of SAD.",
                "then": {"level": 3, "priority": "amber", "route": "targeted", "review": False, "floor": False},
                "because": [{"fact": "indicators", "test": {"any_of": ["sad"]}, "value": ["sad"], "result": True}],
            }
        ],
        "not_fired": ["HURT", "OLD", "SAFE", "SLOW"],
        "decided_by": "SAD",
        "missing_that_matters": [
            {
                "fact": "danger",
                "ask": "What is it?",
                "if": {"is": True},
                "then": {"level": 4, "priority": "red"},
                "rules": ["SAFE"],
            },
            {
                "fact": "age",
                "ask": "What is it?",
                "if": {"at_least": 4, "at_most": 6},
                "then": {"level": 4, "priority": "red"},
                "rules": ["OLD"],
            },
        ],
        "policy": POLICY.stamp.model_dump(),
        "facts": {"indicators": ["fine", "sad"]},
        "facts_sha256": sha256(b'{"indicators":["fine","sad"]}').hexdigest(),
    }
    assert POLICY.source.line(("rules", 1)) < line < POLICY.source.line(("rules", 2))


def test_a_receipt_reads_back_from_its_json() -> None:
    """What was stored is the same receipt when it is read again."""
    receipt = _assess({"indicators": ["sad"], "age": 5})
    assert Receipt.model_validate_json(receipt.model_dump_json()) == receipt


def test_because_shows_what_was_known() -> None:
    """A fact that nobody gave has no value, and the branch that is not known has no result."""
    either = rule("EITHER", {"any": [{"danger": {"is": True}}, {"contacts": {"below": 2}}, {"age": {"above": 3}}]})
    because = _assess({"age": 1}, small_policy(either)).fired[0].because
    assert [(one.fact, one.value, one.result) for one in because] == [
        ("danger", None, None),
        ("contacts", None, True),
        ("age", 1, False),
    ]


def test_concerns_show_the_indicators_they_saw() -> None:
    """A concern names the codes that made it true."""
    harm = rule("HARM", {"concerns": {"some": {"kind": ["HRM"], "severity_at_least": 3}}})
    (because,) = _assess({"indicators": ["hurt", "slow"]}, small_policy(harm)).fired[0].because
    assert (because.fact, because.value) == ("concerns", ["hurt"])


def test_highest_level_then_priority_among_all_then_route() -> None:
    """The level and its highest route come from the winning level, the priority from every rule that fired."""
    policy = small_policy(
        rule("A", {"danger": {"is": True}}, 2, priority="red"),
        rule("C", {"danger": {"is": True}}, 3, route="hub"),
        rule("B", {"danger": {"is": True}}, 3, route="assessment"),
    )
    receipt = _assess({"danger": True}, policy)
    assert (receipt.level, receipt.priority, receipt.route, receipt.decided_by) == (3, "red", "assessment", "B")


def test_ties_go_to_the_lower_id() -> None:
    """Of two rules that give the same, the one with the lower id decides."""
    policy = small_policy(rule("Z", {"danger": {"is": True}}), rule("M", {"danger": {"is": True}}))
    assert _assess({"danger": True}, policy).decided_by == "M"


def test_the_default_decides_where_nothing_fired() -> None:
    """Coded and nothing found: the default, without a review."""
    receipt = _assess({**KNOWN, "narrative_coded": True})
    assert (receipt.level, receipt.priority, receipt.route) == (1, "blue", "advice")
    assert (receipt.decided_by, receipt.review_required, receipt.fired) == ("default", (), ())


def test_a_floor_cannot_be_lowered() -> None:
    """A rule of a lower level leaves the floor as it is; one of the same level may only raise the route."""
    policy = small_policy(SLOW, safety_overrides=[floor("F", {"danger": {"is": True}}, 3)])
    receipt = _assess({"danger": True, "indicators": ["slow"]}, policy)
    assert (receipt.level, receipt.priority, receipt.route, receipt.decided_by) == (3, "amber", "targeted", "F")
    assert [(fired.id, fired.then.floor) for fired in receipt.fired] == [("F", True), ("SLOW", False)]


def test_a_floor_not_known_raises_the_priority_alone() -> None:
    """Danger unknown is a review and at least amber, never the floor and never nothing."""
    receipt = _assess({"age": 1, "indicators": ["slow"]})
    assert (receipt.level, receipt.priority, receipt.review_required) == (2, "amber", ("danger_unknown",))


@pytest.mark.parametrize(
    ("facts", "priority", "review"),
    [
        ({}, "amber", ("narrative_not_coded",)),
        ({"indicators": ["fine"]}, "amber", ("narrative_not_coded",)),
        ({"narrative_coded": False}, "amber", ("narrative_not_coded",)),
        ({"narrative_coded": True}, "blue", ()),
        ({"indicators": ["slow"]}, "green", ()),
    ],
)
def test_a_narrative_is_no_reassurance(facts: dict[str, Any], priority: str, review: tuple[str, ...]) -> None:
    """Without an indicator of level 2 or above, a person codes the narrative first."""
    receipt = _assess({**KNOWN, **facts})
    assert (receipt.priority, receipt.review_required) == (priority, review)


def test_a_rule_may_ask_for_a_person() -> None:
    """A rule with a review puts its id among the reviews, and the flag in what it gives."""
    receipt = _assess({"danger": False, "age": 5, "indicators": ["sad"]})
    assert receipt.review_required == ("OLD",)
    assert [fired.then.review for fired in receipt.fired] == [True, False]


def test_what_could_not_be_looked_up_is_unknown_whatever_absence_means() -> None:
    """Null may be yes and may be no; of a number of which only the least is known, more may be."""
    none = _assess({**KNOWN, "narrative_coded": True, "danger": None})
    assert none.facts["danger"] is None
    assert none.review_required == ("danger_unknown",)
    least = _assess({**KNOWN, "indicators": ["sad"], "age": {"at_least": 2}})
    assert least.facts["age"] == {"at_least": 2}
    assert least.could_reach.via == ("OLD",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weather": True},
        {"danger": "no"},
        {"danger": 1},
        {"age": {"at_least": -1}},
        {"age": {"at_most": 2}},
        {"age": 7},
        {"age": -1},
        {"age": True},
        {"age": 2.0},
        {"position": "maybe"},
        {"position": ["given"]},
        {"indicators": "slow"},
        {"indicators": ["slow", "slwo"]},
        {"indicators": [["slow"]]},
        {"indicators": {"slow": True}},
        {"concerns": ["hurt"]},
    ],
)
def test_an_error_asks_for_a_person_at_top_priority(wrong: dict[str, Any]) -> None:
    """A fact that is not known or does not fit is never the default, whatever else is there."""
    receipt = _assess({**KNOWN, "narrative_coded": True, **wrong})
    assert receipt.priority == "red"
    assert "assessment_error" in receipt.review_required
    assert receipt.decided_by in ("assessment_error", "SLOW")
    json.dumps(receipt.model_dump(mode="json"))


def test_an_error_with_nothing_else_is_taken_as_the_highest() -> None:
    """Where no rule fired, an error stands at the most that the policy can say."""
    receipt = _assess({"danger": False, "narrative_coded": True, "weather": True})
    assert (receipt.level, receipt.route, receipt.decided_by) == (4, "strategy", "assessment_error")


def test_other_rules_count_beside_an_error() -> None:
    """The level stays that of the rules which fired, and the wrong fact counts as unknown."""
    receipt = _assess({"danger": False, "age": "four", "indicators": ["sad", "?"]})
    assert (receipt.level, receipt.decided_by) == (3, "SAD")
    assert receipt.could_reach.via == ("OLD",)


def test_a_rule_that_breaks_may_hold() -> None:
    """A defect of one rule is an error of the assessment; the others are still read."""

    def broken(_row: Row) -> Pair:
        raise ZeroDivisionError

    entries = [replace(entry, test=broken) if entry.id == "HURT" else entry for entry in POLICY.entries]
    receipt = _assess({**KNOWN, "indicators": ["slow"]}, replace(POLICY, entries=tuple(entries)))
    assert (receipt.level, receipt.priority, receipt.decided_by) == (2, "red", "SLOW")
    assert (receipt.could_reach.level, receipt.could_reach.via) == (4, ("HURT",))
    assert receipt.review_required == ("assessment_error",)


def test_what_is_ruled_out_lowers_nothing() -> None:
    """A rule that looks for what was ruled out takes nothing from another."""
    ruled_out = rule("TAGS", {"tags": {"any_of": ["x"]}}, 1)
    policy = small_policy(SAD, ruled_out)
    assert _assess({"indicators": ["sad"], "tags": ["x"]}, policy).level == 3


def test_missing_facts_are_tried_one_by_one() -> None:
    """Two facts that matter only together show in what could be reached, and are not asked about."""
    both = rule("BOTH", {"all": [{"danger": {"is": True}}, {"age": {"at_least": 4}}]}, 4)
    receipt = _assess({"indicators": ["slow"]}, small_policy(SLOW, both))
    assert (receipt.could_reach.level, receipt.could_reach.via) == (4, ("BOTH",))
    assert receipt.missing_that_matters == ()


def test_the_last_number_of_a_range_is_an_answer_of_its_own() -> None:
    """A test that only the highest value passes is asked about, and so is one that only the lowest does."""
    policy = small_policy(rule("TOP", {"age": {"at_least": 6}}, 4), rule("LOW", {"age": {"below": 1}}, 3))
    questions = _assess({"narrative_coded": True}, policy).missing_that_matters
    assert [(question.answer, question.rules) for question in questions] == [
        ({"at_least": 0, "at_most": 0}, ("LOW",)),
        ({"at_least": 6, "at_most": 6}, ("TOP",)),
    ]


def test_a_missing_set_is_asked_about_by_its_members() -> None:
    """Each member that would raise the outcome is an answer of its own."""
    policy = small_policy(rule("X", {"tags": {"any_of": ["x"]}}, 3), rule("Y", {"tags": {"all_of": ["y"]}}, 2))
    questions = _assess({"narrative_coded": True}, policy).missing_that_matters
    assert [(question.answer, question.then.level, question.rules) for question in questions] == [
        ({"any_of": ["x"]}, 3, ("X",)),
        ({"any_of": ["y"]}, 2, ("Y",)),
    ]


def test_the_hash_of_a_policy_is_of_its_content() -> None:
    """Layout leaves the hash as it is; a changed word changes it."""
    same, other = small_policy(SLOW), small_policy({**SLOW, "reason": "Another."})
    assert small_policy(SLOW).stamp.sha256 == same.stamp.sha256 != other.stamp.sha256


def test_facts_of_any_collection_are_the_same_facts() -> None:
    """Lists, tuples and sets of members give one receipt, and one hash."""
    receipts = [_assess({"indicators": kind(["sad", "slow"])}) for kind in (list, tuple, set, frozenset)]
    assert all(receipt == receipts[0] for receipt in receipts)


def test_a_default_may_weigh_more_than_a_rule() -> None:
    """Rules raise from the default; one that gives less leaves it."""
    policy = small_policy(rule("LOW", {"danger": {"is": True}}, 1), default=outcome(2))
    receipt = _assess({"danger": True, "narrative_coded": True}, policy)
    assert (receipt.level, receipt.decided_by) == (2, "default")
    assert [fired.id for fired in receipt.fired] == ["LOW"]
