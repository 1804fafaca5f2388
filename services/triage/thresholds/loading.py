"""Turns policy.yaml into a compiled `Policy`, or into every complaint about it. Runs at start and in `policy check`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from services.triage.thresholds import kleene, knowledge
from services.triage.thresholds.answers import answers
from services.triage.thresholds.checks import check
from services.triage.thresholds.complaints import Complaints, Place, Source
from services.triage.thresholds.conditions import Condition, compiled, leaves, parse
from services.triage.thresholds.document import Floor, PolicyDocument, Rule
from services.triage.thresholds.policy import DEFAULT, Entry, Policy
from services.triage.thresholds.reading import read
from services.triage.thresholds.receipt import PolicyStamp, Then
from services.triage.thresholds.shape import shape
from services.triage.thresholds.vocabulary import Vocabulary

NEED = 2
Conditions = Mapping[Place, Condition | None]


def load_policy(path: Path, vocabulary: Vocabulary) -> Policy:
    """Raise `PolicyError` with everything that is wrong, unless the file is in order."""
    complaints = Complaints(read(path))
    document = shape(PolicyDocument, complaints)
    conditions = {
        place: parse(tree, place, vocabulary, complaints) for place, tree in _conditions(complaints.source.tree)
    }
    check(vocabulary, complaints)
    return _compile(complaints.settle(document), vocabulary, complaints.source, conditions)


def _conditions(tree: Any) -> Iterator[tuple[Place, Any]]:
    """Where conditions stand in the file, whether or not the rest of it is in order."""
    groups = tree if isinstance(tree, dict) else {}
    for group in ("safety_overrides", "rules"):
        listed = groups.get(group)
        for index, rule in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(rule, dict) and "when" in rule:
                yield (group, index, "when"), rule["when"]
    routing = groups.get("auto_route")
    for name in ("only_if", "never_with"):
        if isinstance(routing, dict) and name in routing:
            yield ("auto_route", name), routing[name]


def _compile(document: PolicyDocument, vocabulary: Vocabulary, source: Source, conditions: Conditions) -> Policy:
    routes = {route: rank for rank, route in enumerate(document.route_order)}
    entries = sorted(
        _entries(document, source, conditions),
        key=lambda entry: (-entry.then.level, -routes[entry.then.route], entry.id == DEFAULT, entry.id),
    )
    colours = tuple(colour.value for colour in document.priority_order)
    return Policy(
        source=source,
        stamp=_stamp(document, source.tree),
        document=document,
        vocabulary=vocabulary,
        entries=tuple(entries),
        colours=colours,
        ranks={colour: rank for rank, colour in enumerate(colours)},
        missing={name: knowledge.absent(vocabulary, name) for name in vocabulary.facts},
        questions=answers(vocabulary, [leaf for entry in entries for leaf in entry.leaves]),
        mentions={name: _mentions(entries, name) for name in vocabulary.facts},
        need_is_present=kleene.holds(vocabulary.present, vocabulary.codes_of(severity_at_least=NEED), 1),
        may_route=_may_route(conditions),
    )


def _entries(document: PolicyDocument, source: Source, conditions: Conditions) -> Iterator[Entry]:
    groups: dict[str, Sequence[Floor | Rule]] = {
        "safety_overrides": document.safety_overrides,
        "rules": document.rules,
    }
    for group, rules in groups.items():
        for index, rule in enumerate(rules):
            condition = conditions[(group, index, "when")]
            if condition is not None:
                yield _entry(rule, condition, source.line((group, index)))
    then = Then(**document.default.model_dump(mode="json"), review=False, floor=False)
    yield Entry(DEFAULT, "", "", "", then, source.line(("default",)), kleene.always)


def _entry(rule: Floor | Rule, condition: Condition, line: int) -> Entry:
    if isinstance(rule, Floor):
        then = Then(**rule.floor.model_dump(mode="json"), review=False, floor=True)
    else:
        then = Then(**rule.then.model_dump(mode="json"), floor=False)
    return Entry(
        id=rule.id,
        title=rule.title,
        paragraph=rule.paragraph,
        reason=rule.reason,
        then=then,
        line=line,
        test=compiled(condition),
        condition=condition,
        leaves=tuple(leaves(condition)),
        if_unknown=rule.if_unknown if isinstance(rule, Floor) else None,
    )


def _mentions(entries: Sequence[Entry], name: str) -> tuple[int, ...]:
    return tuple(
        index for index, entry in enumerate(entries) if any(leaf.asked.source == name for leaf in entry.leaves)
    )


def _may_route(conditions: Conditions) -> kleene.Test:
    only_if = conditions.get(("auto_route", "only_if"))
    never_with = conditions.get(("auto_route", "never_with"))
    allowed = [compiled(only_if)] if only_if else []
    refused = [kleene.not_(compiled(never_with))] if never_with else []
    return kleene.all_([*allowed, *refused])


def _stamp(document: PolicyDocument, tree: Any) -> PolicyStamp:
    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return PolicyStamp(
        id=document.policy,
        version=document.version,
        sha256=sha256(canonical.encode()).hexdigest(),
        vocabulary=document.vocabulary,
    )
