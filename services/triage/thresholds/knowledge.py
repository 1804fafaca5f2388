"""What is known of a fact, in the form that the tests read: given, not reported or unknown. Pure."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard, assert_never

from services.triage.thresholds.kleene import FALSE, TRUE, UNKNOWN
from services.triage.thresholds.vocabulary import Fact, FactType, Vocabulary


def unknown(vocabulary: Vocabulary, name: str) -> Any:
    fact = vocabulary.facts[name]
    match fact.type:
        case FactType.YES_NO:
            return UNKNOWN
        case FactType.NUMBER:
            return tuple(fact.bounds)
        case FactType.CHOICE:
            return (1 << len(fact.options)) - 1
        case FactType.SET:
            return dict.fromkeys(vocabulary.options[name], UNKNOWN)
        case FactType.CONCERNS:
            return UNKNOWN
        case _:
            assert_never(fact.type)


def absent(vocabulary: Vocabulary, name: str) -> Any:
    """Say what it means that the fact was not given."""
    fact = vocabulary.facts[name]
    if fact.may_be_unknown:
        return unknown(vocabulary, name)
    match fact.type:
        case FactType.YES_NO | FactType.CONCERNS:
            return FALSE
        case FactType.NUMBER:
            return (fact.bounds[0], fact.bounds[0])
        case FactType.CHOICE:
            return 1 << len(fact.options)
        case FactType.SET:
            return {}
        case _:
            assert_never(fact.type)


def given(vocabulary: Vocabulary, name: str, value: object) -> tuple[Any, bool]:
    """Say what a given value makes known, and whether it is a value of this fact at all.

    A wrong value leaves the fact unknown; of a set with a wrong member, the right ones still count.
    """
    fact = vocabulary.facts[name]
    if value is None:
        return unknown(vocabulary, name), True
    match fact.type:
        case FactType.YES_NO:
            known: Any = TRUE if value else FALSE
            right = isinstance(value, bool)
        case FactType.NUMBER:
            low, high = (value["at_least"], fact.bounds[1]) if _is_least(value) else (value, value)
            right, known = _is_within(fact, low), (low, high)
        case FactType.CHOICE:
            position = vocabulary.options[name].get(value) if isinstance(value, str) else None
            right, known = position is not None, 1 << (position or 0)
        case FactType.SET:
            return _members(vocabulary, name, value)
        case FactType.CONCERNS:
            right, known = False, UNKNOWN
        case _:
            assert_never(fact.type)
    return (known, True) if right else (unknown(vocabulary, name), False)


def _is_least(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping) and value.keys() == {"at_least"}


def _is_within(fact: Fact, value: object) -> bool:
    low, high = fact.bounds
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _members(vocabulary: Vocabulary, name: str, value: object) -> tuple[Any, bool]:
    if isinstance(value, str) or not isinstance(value, Sequence | AbstractSet):
        return unknown(vocabulary, name), False
    options = vocabulary.options[name]
    known = {member: TRUE for member in value if isinstance(member, str) and member in options}
    return known, all(isinstance(member, str) and member in options for member in value)


def wrong_facts(vocabulary: Vocabulary, facts: Mapping[str, object]) -> dict[str, str]:
    """Name the facts that the vocabulary does not know or whose value does not fit, each with what to do."""
    wrong = {}
    for name, value in facts.items():
        fact = vocabulary.facts.get(name)
        if fact is None or fact.type is FactType.CONCERNS:
            wrong[name] = "There is no such fact to give. The vocabulary lists them."
        elif not given(vocabulary, name, value)[1]:
            wrong[name] = f"The value does not fit. Give {_fitting(vocabulary, name, fact)}."
    return wrong


def _fitting(vocabulary: Vocabulary, name: str, fact: Fact) -> str:
    match fact.type:
        case FactType.YES_NO:
            return "true or false"
        case FactType.NUMBER:
            return f"a whole number from {fact.bounds[0]} to {fact.bounds[1]}"
        case FactType.CHOICE:
            return f"one of {', '.join(fact.options)}"
        case FactType.SET | FactType.CONCERNS:
            words = tuple(vocabulary.options.get(name, ()))
            return f"a list of {', '.join(words[:6])}{' ...' if len(words) > len(words[:6]) else ''}"
        case _:
            assert_never(fact.type)
