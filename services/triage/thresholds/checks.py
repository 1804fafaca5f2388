"""Checks of a policy across its parts: names used twice, orders, routes, the facts of scenarios. Used while loading.

They read the plain tree and skip what is misshapen, so that one reading of a file shows everything wrong with it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from services.triage.thresholds.complaints import Complaints, Place, suggest
from services.triage.thresholds.document import Priority
from services.triage.thresholds.knowledge import wrong_facts
from services.triage.thresholds.policy import DEFAULT
from services.triage.thresholds.vocabulary import Vocabulary


def check(vocabulary: Vocabulary, complaints: Complaints) -> None:
    tree = complaints.source.tree
    if not isinstance(tree, dict):
        return
    if isinstance(tree.get("vocabulary"), int) and tree["vocabulary"] != vocabulary.version:
        advice = f"This policy needs another version of the vocabulary. The one given is {vocabulary.version}."
        complaints.add(("vocabulary",), advice)
    _check_date(tree, complaints)
    _check_orders(tree, complaints)
    _check_routes(tree, complaints)
    _check_ids(tree, complaints)
    _check_scenarios(tree, vocabulary, complaints)


def _listed(tree: Mapping[str, Any], *groups: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for group in groups:
        listed = tree.get(group)
        for index, part in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(part, dict):
                yield (group, index), part


def _check_date(tree: Mapping[str, Any], complaints: Complaints) -> None:
    written = tree.get("effective_from")
    if isinstance(written, str):
        try:
            date.fromisoformat(written)
        except ValueError:
            advice = "This is not a date. Write year-month-day, such as 2026-01-01."
            complaints.add(("effective_from",), advice)


def _check_orders(tree: Mapping[str, Any], complaints: Complaints) -> None:
    priorities = tree.get("priority_order")
    if isinstance(priorities, list) and sorted(map(str, priorities)) != sorted(Priority):
        advice = f"Name each priority once, the least first: {', '.join(Priority)}."
        complaints.add(("priority_order",), advice)
    routes = tree.get("route_order")
    if isinstance(routes, list) and len(set(map(str, routes))) < len(routes):
        complaints.add(("route_order",), "A route stands here twice. Keep one of them.")


def _check_routes(tree: Mapping[str, Any], complaints: Complaints) -> None:
    routes = tree.get("route_order")
    if not isinstance(routes, list):
        return
    outcomes: list[tuple[Place, Any]] = [(("default",), tree.get("default"))]
    outcomes += [((*place, "floor"), rule.get("floor")) for place, rule in _listed(tree, "safety_overrides")]
    outcomes += [((*place, "then"), rule.get("then")) for place, rule in _listed(tree, "rules")]
    outcomes += [((*place, "expect"), part.get("expect")) for place, part in _listed(tree, "scenarios")]
    for place, outcome in outcomes:
        route = outcome.get("route") if isinstance(outcome, dict) else None
        if isinstance(route, str) and route not in routes:
            advice = f'"{route}" is not in route_order. {suggest(route, map(str, routes))}'
            complaints.add((*place, "route"), advice)


def _check_ids(tree: Mapping[str, Any], complaints: Complaints) -> None:
    seen = {DEFAULT}
    for place, rule in _listed(tree, "safety_overrides", "rules"):
        name = rule.get("id")
        if not isinstance(name, str):
            continue
        if name in seen:
            complaints.add((*place, "id"), f'"{name}" is taken. Give each rule an id of its own.')
        seen.add(name)
    for place, scenario in _listed(tree, "scenarios"):
        expected = scenario.get("expect")
        for group in ("fired", "not_fired"):
            names = expected.get(group) if isinstance(expected, dict) else None
            for name in names if isinstance(names, list) else []:
                if isinstance(name, str) and name not in seen:
                    advice = f'There is no rule "{name}". {suggest(name, seen)}'
                    complaints.add((*place, "expect", group), advice)


def _check_scenarios(tree: Mapping[str, Any], vocabulary: Vocabulary, complaints: Complaints) -> None:
    for place, scenario in _listed(tree, "scenarios"):
        facts = scenario.get("facts")
        for name, advice in wrong_facts(vocabulary, facts if isinstance(facts, dict) else {}).items():
            known = name in vocabulary.facts
            text = (
                f'"{name}": {advice}'
                if known
                else f'There is no fact called "{name}". {suggest(name, vocabulary.facts)}'
            )
            complaints.add((*place, "facts", name), text)
