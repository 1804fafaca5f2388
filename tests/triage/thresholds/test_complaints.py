"""Every mistake in a policy or vocabulary names file, line and what to write instead."""

from copy import deepcopy
from typing import Any

import pytest

from services.triage.thresholds import PolicyError
from tests.triage.thresholds.policies import (
    POLICY,
    SMALL,
    VOCABULARY,
    floor,
    load_text,
    load_tree,
    policy_tree,
    rule,
    vocabulary_with,
)


def _told(tree: Any) -> str:
    with pytest.raises(PolicyError) as refused:
        load_tree(tree, SMALL)
    return str(refused.value)


def _when(condition: Any) -> str:
    return _told(policy_tree(rule("A-1", condition)))


NESTED: Any = {"danger": {"is": True}}
for _ in range(6):
    NESTED = {"not": NESTED}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"dangr": {"is": True}}, 'There is no fact called "dangr". Did you mean "danger"?'),
        ({"weather": {"is": True}}, 'There is no fact called "weather". Use one of: age, all, any'),
        ({"danger": {"is": "yes"}}, '"danger" is a yes or no. Write {is: true} or {is: false}.'),
        ({"danger": {"was": True}}, '"was" is not a test of "danger". Use one of: is.'),
        ({"danger": {"at_least": 1}}, '"at_least" is not a test of "danger". Use one of: is.'),
        ({"danger": {"known": True}}, '"known" cannot be asked. A safety override says what to do with if_unknown.'),
        ({"age": {"unknown": True}}, '"unknown" cannot be asked.'),
        ({"danger": True}, '"danger" needs a test in braces. Its tests are: is.'),
        ({"danger": {}}, '"danger" needs a test in braces. Its tests are: is.'),
        ({"age": {"atleast": 3}}, '"atleast" is not a test of "age". Did you mean "at_least"?'),
        ({"age": {"at_least": "3"}}, '"at_least" needs a whole number in digits. Write {at_least: 12}.'),
        ({"age": {"below": True}}, '"below" needs a whole number in digits.'),
        ({"age": {"above": [1]}}, '"above" needs a whole number in digits.'),
        ({"age": {"at_most": None}}, '"at_most" needs a whole number in digits.'),
        ({"position": {"one_of": "given"}}, '"one_of" needs a list. Write one_of: [first, second].'),
        ({"position": {"one_of": ["givn"]}}, '"givn" is not known here. Did you mean "given"?'),
        ({"indicators": {"any_of": []}}, '"any_of" needs a list.'),
        ({"indicators": {"any_of": ["hrt"]}}, '"hrt" is not known here. Did you mean "hurt"?'),
        ({"indicators": {"any_of": [["hurt"]]}}, "is not known here."),
        ({"indicators": {"all_of": ["hurt", "hurt"]}}, '"all_of" names something twice. Keep one of them.'),
        ({"indicators": {"none_of": [1]}}, '"1" is not known here.'),
        ({"indicators": {"at_least": 2}}, '"at_least" needs to know of what.'),
        ({"indicators": {"at_least": 0, "of": ["hurt"]}}, '"at_least" needs a whole number from 1.'),
        ({"indicators": {"at_least": 1, "of": "hurt"}}, '"of" needs a list.'),
        ({"indicators": {"of": ["hurt"]}}, '"of" is not a test of "indicators".'),
        ({"concerns": {"some": {}}}, '"some" needs a kind, a severity, or both.'),
        ({"concerns": {"some": {"sort": ["HRM"]}}}, '"some" needs a kind, a severity, or both.'),
        ({"concerns": {"none": {"kind": ["HARM"]}}}, '"HARM" is not known here. Did you mean "HRM"?'),
        ({"concerns": {"some": {"severity_at_least": 5}}}, '"severity_at_least" is a level.'),
        ({"concerns": {"some": {"severity_at_least": True}}}, '"severity_at_least" is a level.'),
        ({"concerns": {"any_of": ["hurt"]}}, '"any_of" is not a test of "concerns". Use one of: none, some.'),
        ({"all": {"danger": {"is": True}}}, '"all" needs a list of conditions. Write all: [first, second].'),
        ({"any": []}, '"any" needs a list of conditions.'),
        ({"not": [{"danger": {"is": True}}]}, "A condition is expected."),
        ("danger", "A condition is expected. Name a fact and a test: immediate_danger: {is: true}."),
        ({}, "A condition is expected."),
        ({"danger": {"is": True}, "unborn": {"is": True}}, "Conditions stand side by side."),
        (NESTED, "Conditions are nested more than 6 deep here. Write it as two rules."),
        ({"any": [{"danger": {"is": True}}] * 61}, "There are more than 60 conditions here."),
    ],
)
def test_a_condition_that_cannot_be_read_says_what_to_write(condition: Any, words: str) -> None:
    """Each mistake in a condition has its own sentence."""
    assert words in _when(condition)


def _without(name: str) -> dict[str, Any]:
    tree = policy_tree(rule("A-1", {"danger": {"is": True}}))
    del tree[name]
    return tree


def _rule_with(**changes: Any) -> dict[str, Any]:
    return policy_tree({**rule("A-1", {"danger": {"is": True}}), **changes})


def _scenario(facts: Any, expect: Any) -> dict[str, Any]:
    scenario = {"name": "one", "facts": facts, "expect": expect}
    return policy_tree(rule("A-1", {"danger": {"is": True}}), scenarios=[scenario])


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (["a list"], "The file must be a group of names with values."),
        (_without("route_order"), '"route_order" is missing. Add it here.'),
        (_without("default"), '"default" is missing. Add it here.'),
        (policy_tree(ruls=[]), '"ruls" is not a name that belongs here. Did you mean "rules"?'),
        (policy_tree(rules="none"), '"rules" must be a list.'),
        (policy_tree(rules=["one"]), 'Item 1 of "rules" must be a group of names with values.'),
        (policy_tree(version="1"), '"version" must be a whole number, written in digits without quotation marks.'),
        (policy_tree(version=0), '"version" must be 1 or more. Change it.'),
        (policy_tree(policy=7), '"policy" must be text. Put it in quotation marks.'),
        (policy_tree(policy=""), '"policy" is empty. Write it, or take the line out.'),
        (policy_tree(vocabulary=2), "This policy needs another version of the vocabulary. The one given is 1."),
        (policy_tree(effective_from="1 May 2026"), "This is not a date. Write year-month-day, such as 2026-01-01."),
        (policy_tree(priority_order=["blue", "green", "red"]), "Name each priority once, the least first: blue,"),
        (policy_tree(priority_order=["blue", "green", "amber", "pink"]), "\"priority_order\" must be 'blue', 'green'"),
        (policy_tree(route_order=["advice", "advice"]), "A route stands here twice. Keep one of them."),
        (
            policy_tree(default={"level": 1, "priority": "blue", "route": "advise"}),
            '"advise" is not in route_order. Did you mean "advice"?',
        ),
        (_rule_with(then={"level": 5, "priority": "red", "route": "hub"}), '"level" must be 4 or less. Change it.'),
        (_rule_with(then={"level": True, "priority": "red", "route": "hub"}), '"level" must be a whole number'),
        (_rule_with(then={"level": 2, "priority": "pink", "route": "hub"}), "Choose one of them."),
        (_rule_with(then={"level": 2, "priority": "red", "route": "hubb"}), 'Did you mean "hub"?'),
        (
            _rule_with(then={"level": 2, "priority": "red", "route": "hub", "review": "yes"}),
            '"review" must be true or false.',
        ),
        (_rule_with(titel="x"), '"titel" is not a name that belongs here. Did you mean "title"?'),
        (_rule_with(id="default"), '"default" is taken. Give each rule an id of its own.'),
        (policy_tree(*[rule("A-1", {"danger": {"is": True}})] * 2), '"A-1" is taken.'),
        (
            policy_tree(
                rule("A-1", {"danger": {"is": True}}), safety_overrides=[floor("A-1", {"danger": {"is": False}})]
            ),
            '"A-1" is taken.',
        ),
        (policy_tree(*[rule("A", {})] * 301), '"rules" holds more than 300.'),
        (
            policy_tree(auto_route={"levels": [2], "only_if": {"dangr": {"is": True}}}),
            'There is no fact called "dangr". Did you mean "danger"?',
        ),
        (policy_tree(auto_route={"levels": [2], "never_with": {}}), "A condition is expected."),
        (_scenario({"dangr": True}, {"level": 1}), 'There is no fact called "dangr". Did you mean "danger"?'),
        (_scenario({"danger": "no"}, {"level": 1}), '"danger": The value does not fit. Give true or false.'),
        (_scenario({"age": 7}, {"level": 1}), '"age": The value does not fit. Give a whole number from 0 to 6.'),
        (_scenario({"position": "x"}, {"level": 1}), '"position": The value does not fit. Give one of given, refused.'),
        (_scenario({"indicators": ["hrt"]}, {"level": 1}), '"indicators": The value does not fit. Give a list of fine'),
        (_scenario({"concerns": ["hurt"]}, {"level": 1}), '"concerns": There is no such fact to give.'),
        (_scenario({}, {"route": "hubb"}), '"hubb" is not in route_order.'),
        (_scenario({}, {"fired": ["A-2"]}), 'There is no rule "A-2". Did you mean "A-1"?'),
        (_scenario({}, {"not_fired": ["B"]}), 'There is no rule "B".'),
        (_scenario([], {}), '"facts" must be a group of names with values.'),
    ],
)
def test_a_part_that_does_not_fit_says_what_to_do(tree: Any, words: str) -> None:
    """Each mistake in the other parts of a policy has its own sentence."""
    assert words in _told(tree)


def test_all_mistakes_come_at_once_with_their_lines() -> None:
    """Mistakes of shape, wording and reference are told together, in the order of the lines."""
    text = (
        "policy: small\nversion: 1\nvocabulary: 1\neffective_from: soon\n"
        "threshold_document: {title: T, edition: e}\npriority_order: [blue, green, amber, red]\n"
        "route_order: [advice, hub]\ndefault: {level: 1, priority: blue, route: advise}\nrules:\n"
        "  - id: A-1\n    titel: One\n    when: {dangr: {is: true}}\n"
        "    then: {level: 2, priority: green, route: hub}\n    reason: One.\n"
    )
    with pytest.raises(PolicyError) as refused:
        load_text(text, SMALL)
    assert [(one.file, one.line) for one in refused.value.complaints] == [
        ("policy.yaml", 4),
        ("policy.yaml", 8),
        ("policy.yaml", 10),
        ("policy.yaml", 11),
        ("policy.yaml", 12),
    ]


def _fact_with(name: str, **changes: Any) -> dict[str, Any]:
    facts = deepcopy(VOCABULARY["facts"])
    facts[name] = {**facts[name], **changes}
    return {"facts": facts}


def _indicators_with(**changes: Any) -> dict[str, Any]:
    return {"indicators": [*VOCABULARY["indicators"], {**VOCABULARY["indicators"][0], **changes}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (_fact_with("danger", type="boolean"), "\"type\" must be 'yes_no', 'number', 'choice', 'set' or 'concerns'."),
        (_fact_with("danger", absent_means="no"), "\"absent_means\" must be 'unknown' or 'not_reported'."),
        (_fact_with("danger", question="?"), '"question" is not a name that belongs here.'),
        (_fact_with("danger", ask=""), '"ask" is empty.'),
        (_fact_with("age", bounds=[]), "A number needs its bounds. Write bounds: [lowest, highest]."),
        (_fact_with("age", bounds=[3, 1]), "A number needs its bounds."),
        (_fact_with("position", options=[]), "A choice needs its options. Write options: [first, second]."),
        (_fact_with("danger", of="indicators"), "Concerns, and nothing else, name in `of`"),
        (_fact_with("concerns", of="tags"), "Concerns, and nothing else, name in `of`"),
        (_fact_with("narrative_coded", type="set"), '"narrative_coded" must be of the type yes_no.'),
        (_fact_with("unborn", type="concerns", of="indicators"), "Exactly one fact must be of the type concerns."),
        (_indicators_with(), '"fine" stands here twice. Keep one of them.'),
        (_indicators_with(code="new", domain="DEX"), 'There is no domain "DEX". Did you mean "DEV"?'),
        (_indicators_with(code="new", level=0), '"level" must be 1 or more.'),
    ],
)
def test_a_vocabulary_that_does_not_fit_says_what_to_do(changes: dict[str, Any], words: str) -> None:
    """Each mistake in the vocabulary has its own sentence."""
    with pytest.raises(PolicyError) as refused:
        vocabulary_with(**changes)
    assert words in str(refused.value)


def test_an_absent_paragraph_or_auto_route_is_no_mistake() -> None:
    """What the language leaves to choice may be left out."""
    stated = rule("A-1", {"danger": {"is": True}})
    del stated["paragraph"]
    tree = {name: part for name, part in POLICY.items() if name not in ("safety_overrides", "scenarios")}
    assert load_tree({**tree, "rules": [stated]}, SMALL).document.auto_route is None
