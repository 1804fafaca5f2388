"""A small vocabulary and policy of the suite's own, and how tests load what they write."""

import json
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.triage.thresholds import Policy, Vocabulary, load_policy, load_vocabulary


def _fact(kind: str, absent_means: str, **rest: Any) -> dict[str, Any]:
    return {"type": kind, "label": "What it is", "ask": "What is it?", "absent_means": absent_means, **rest}


VOCABULARY: dict[str, Any] = {
    "vocabulary": 1,
    "facts": {
        "danger": _fact("yes_no", "unknown"),
        "age": _fact("number", "unknown", bounds=[0, 6]),
        "position": _fact("choice", "unknown", options=["given", "refused"]),
        "tags": _fact("set", "unknown", options=["x", "y"]),
        "unborn": _fact("yes_no", "not_reported"),
        "contacts": _fact("number", "not_reported", bounds=[0, 3]),
        "mood": _fact("choice", "not_reported", options=["low", "high"]),
        "narrative_coded": _fact("yes_no", "not_reported"),
        "possible_match_waiting": _fact("yes_no", "not_reported"),
        "indicators": _fact("set", "not_reported"),
        "concerns": _fact("concerns", "not_reported", of="indicators"),
    },
    "domains": [{"code": "DEV", "label": "Development"}, {"code": "HRM", "label": "Harm"}],
    "indicators": [
        {"code": "fine", "label": "Fine", "level": 1, "domain": "DEV"},
        {"code": "slow", "label": "Slow", "level": 2, "domain": "DEV"},
        {"code": "sad", "label": "Sad", "level": 3, "domain": "DEV"},
        {"code": "hurt", "label": "Hurt", "level": 4, "domain": "HRM"},
    ],
}

POLICY: dict[str, Any] = {
    "policy": "small",
    "version": 1,
    "vocabulary": 1,
    "effective_from": "2026-01-01",
    "threshold_document": {"title": "Thresholds", "edition": "small"},
    "priority_order": ["blue", "green", "amber", "red"],
    "route_order": ["advice", "hub", "targeted", "assessment", "strategy"],
    "default": {"level": 1, "priority": "blue", "route": "advice"},
    "safety_overrides": [],
    "rules": [],
    "scenarios": [],
}

ROUTES = {1: "advice", 2: "hub", 3: "targeted", 4: "strategy"}
COLOURS = {1: "blue", 2: "green", 3: "amber", 4: "red"}


def outcome(level: int, **rest: Any) -> dict[str, Any]:
    return {"level": level, "priority": COLOURS[level], "route": ROUTES[level], **rest}


def rule(name: str, when: Any, level: int = 2, **then: Any) -> dict[str, Any]:
    return {
        "id": name,
        "title": f"Title of {name}",
        "paragraph": "1.1",
        "when": when,
        "then": {**outcome(level), **then},
        "reason": f"Reason of {name}.",
    }


def floor(name: str, when: Any, level: int = 4, **rest: Any) -> dict[str, Any]:
    stated = rule(name, when)
    del stated["then"]
    return {**stated, "floor": outcome(level), **rest}


def policy_tree(*rules: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {**deepcopy(POLICY), "rules": list(rules), **rest}


def load_text(text: str, vocabulary: Vocabulary) -> Policy:
    with TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_text(text, encoding="utf-8")
        return load_policy(path, vocabulary)


def load_tree(tree: dict[str, Any], vocabulary: Vocabulary) -> Policy:
    """Load a policy written as JSON, which is YAML too."""
    return load_text(json.dumps(tree, indent=1), vocabulary)


def small_policy(*rules: dict[str, Any], **rest: Any) -> Policy:
    return load_tree(policy_tree(*rules, **rest), SMALL)


def _load_vocabulary(tree: dict[str, Any]) -> Vocabulary:
    with TemporaryDirectory() as folder:
        path = Path(folder, "facts.yaml")
        path.write_text(json.dumps(tree, indent=1), encoding="utf-8")
        return load_vocabulary(path)


def vocabulary_with(**changes: Any) -> Vocabulary:
    """Load the small vocabulary with some of its parts replaced."""
    return _load_vocabulary({**deepcopy(VOCABULARY), **changes})


SMALL = vocabulary_with()
