"""A second reading of the language, in plain two-valued logic over complete facts, and strategies that write policies.

Kept apart from the engine on purpose: it reads what was written, and shares no code with it.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.triage.thresholds.policies import POLICY, VOCABULARY, floor, policy_tree, rule

Facts = dict[str, Any]

CODES = [indicator["code"] for indicator in VOCABULARY["indicators"]]
ANSWERS: dict[str, list[Any]] = {
    "danger": [True, False],
    "age": list(range(7)),
    "position": ["given", "refused"],
    "tags": [[], ["x"], ["y"], ["x", "y"]],
}
"""Every value of the facts that may be unknown."""

SILENCE: Facts = {"unborn": False, "contacts": 0, "mood": None, "indicators": []}
"""What the facts that are not reported count as."""


def completions(facts: Mapping[str, Any]) -> Iterator[Facts]:
    """Fill in every missing fact that may be unknown, in every way."""
    missing = [name for name in ANSWERS if name not in facts]
    for values in product(*(ANSWERS[name] for name in missing)):
        yield {**facts, **dict(zip(missing, values, strict=True))}


def holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    ((name, inner),) = condition.items()
    if name == "all":
        return all(holds(part, facts) for part in inner)
    if name == "any":
        return any(holds(part, facts) for part in inner)
    if name == "not":
        return not holds(inner, facts)
    value = {**SILENCE, **facts}.get("indicators" if name == "concerns" else name)
    if "of" in inner:
        return bool(len(set(inner["of"]) & set(value or ())) >= inner["at_least"])
    return all(PASSES[verb](operand, value) for verb, operand in inner.items())


PASSES: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda operand, value: value is operand,
    "below": lambda operand, value: value < operand,
    "above": lambda operand, value: value > operand,
    "at_least": lambda operand, value: value >= operand,
    "at_most": lambda operand, value: value <= operand,
    "one_of": lambda operand, value: value in operand,
    "any_of": lambda operand, value: bool(set(operand) & set(value)),
    "all_of": lambda operand, value: set(operand) <= set(value),
    "none_of": lambda operand, value: not set(operand) & set(value),
    "some": lambda operand, value: bool(_concerns(operand, value)),
    "none": lambda operand, value: not _concerns(operand, value),
}


def _concerns(sought: Mapping[str, Any], present: list[str]) -> list[str]:
    return [
        indicator["code"]
        for indicator in VOCABULARY["indicators"]
        if indicator["code"] in present
        and indicator["level"] >= sought.get("severity_at_least", 1)
        and indicator["domain"] in sought.get("kind", ["DEV", "HRM"])
    ]


def verdict(tree: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[int, str, str]:
    """Return level, priority and route by the words of the policy, for complete facts."""
    said = [tree["default"]]
    said += [one["floor"] for one in tree["safety_overrides"] if holds(one["when"], facts)]
    said += [one["then"] for one in tree["rules"] if holds(one["when"], facts)]
    level = max(one["level"] for one in said)
    routes = [one["route"] for one in said if one["level"] == level]
    return (
        level,
        max((one["priority"] for one in said), key=POLICY["priority_order"].index),
        max(routes, key=POLICY["route_order"].index),
    )


def _subset(options: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(options), min_size=1, max_size=len(options), unique=True)


def _set_tests(name: str, options: list[str]) -> st.SearchStrategy[Any]:
    counted = st.builds(lambda least, of: {"at_least": least, "of": of}, st.integers(1, 3), _subset(options))
    plain = st.builds(lambda verb, of: {verb: of}, st.sampled_from(["any_of", "all_of", "none_of"]), _subset(options))
    return st.builds(lambda test: {name: test}, counted | plain)


def _number_tests(name: str, high: int) -> st.SearchStrategy[Any]:
    verbs = st.sampled_from(["below", "above", "at_least", "at_most"])
    tests = st.dictionaries(verbs, st.integers(0, high), min_size=1, max_size=2)
    return st.builds(lambda test: {name: test}, tests)


_sought = st.fixed_dictionaries({"severity_at_least": st.integers(1, 4)}, optional={"kind": _subset(["DEV", "HRM"])})
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda answer: {"danger": {"is": answer}}, st.booleans()),
    st.builds(lambda answer: {"unborn": {"is": answer}}, st.booleans()),
    _number_tests("age", 6),
    _number_tests("contacts", 3),
    st.builds(lambda of: {"position": {"one_of": of}}, _subset(["given", "refused"])),
    st.builds(lambda of: {"mood": {"one_of": of}}, _subset(["low", "high"])),
    _set_tests("tags", ["x", "y"]),
    _set_tests("indicators", CODES),
    st.builds(lambda verb, sought: {"concerns": {verb: sought}}, st.sampled_from(["some", "none"]), _sought),
)
CONDITIONS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)
OUTCOMES = st.fixed_dictionaries(
    {
        "level": st.integers(1, 4),
        "priority": st.sampled_from(POLICY["priority_order"]),
        "route": st.sampled_from(POLICY["route_order"]),
    }
)
FACTS: st.SearchStrategy[Facts] = st.fixed_dictionaries(
    {"narrative_coded": st.just(value=True)},
    optional={
        **{name: st.sampled_from(values) for name, values in ANSWERS.items()},
        "unborn": st.booleans(),
        "contacts": st.integers(0, 3),
        "mood": st.sampled_from(["low", "high"]),
        "indicators": st.lists(st.sampled_from(CODES), unique=True),
    },
)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Write a policy of up to four rules and one floor, whose default may weigh more than some of its rules."""
    rules = [
        {**rule(f"R-{index}", draw(CONDITIONS)), "then": draw(OUTCOMES)} for index in range(draw(st.integers(1, 4)))
    ]
    floors = [{**floor("F-0", draw(CONDITIONS)), "floor": draw(OUTCOMES)}] if draw(st.booleans()) else []
    return policy_tree(*rules, safety_overrides=floors, default=draw(OUTCOMES))
