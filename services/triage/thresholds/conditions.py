"""Conditions as a tree: what `when` says, checked against the vocabulary. Built while loading; the lints walk it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from services.triage.thresholds import kleene
from services.triage.thresholds.complaints import Complaints, Place, WordingError, suggest
from services.triage.thresholds.verbs import VERBS, Asked, ask
from services.triage.thresholds.vocabulary import Vocabulary

MAX_DEPTH = 6
MAX_CONDITIONS = 60
COMBINERS = ("all", "any", "not")


@dataclass(frozen=True)
class Leaf:
    """One test of one fact, and the line it stands on."""

    fact: str
    asked: Asked
    line: int


@dataclass(frozen=True)
class Branch:
    """Conditions that are combined; `not` has one part."""

    kind: Literal["all", "any", "not"]
    parts: tuple["Condition", ...]
    line: int


Condition = Leaf | Branch


def leaves(condition: Condition) -> Iterator[Leaf]:
    if isinstance(condition, Leaf):
        yield condition
        return
    for part in condition.parts:
        yield from leaves(part)


def compiled(condition: Condition) -> kleene.Test:
    if isinstance(condition, Leaf):
        return condition.asked.test
    parts = [compiled(part) for part in condition.parts]
    match condition.kind:
        case "all":
            return kleene.all_(parts)
        case "any":
            return kleene.any_(parts)
        case "not":
            return kleene.not_(parts[0])
        case _:
            assert_never(condition.kind)


def canonical(condition: Condition) -> Any:
    """Reduce a condition to a form that two share when they ask the same in another order or layering."""
    if isinstance(condition, Leaf):
        return condition.asked.canonical
    if condition.kind != "not" and len(condition.parts) == 1:
        return canonical(condition.parts[0])
    return condition.kind, tuple(sorted({repr(part) for part in _flattened(condition)}))


def _flattened(branch: Branch) -> Iterator[Any]:
    for part in branch.parts:
        if isinstance(part, Branch) and part.kind == branch.kind != "not":
            yield from _flattened(part)
        else:
            yield canonical(part)


def parse(tree: Any, place: Place, vocabulary: Vocabulary, complaints: Complaints) -> Condition | None:
    """Read the condition at a place; None, with what is wrong added to the complaints, where it cannot be."""
    condition = _Parser(vocabulary, complaints).condition(tree, place, depth=1)
    if condition is not None and sum(1 for _ in leaves(condition)) > MAX_CONDITIONS:
        complaints.add(place, f"There are more than {MAX_CONDITIONS} conditions here. Split it into two rules.")
    return condition


class _Parser:
    def __init__(self, vocabulary: Vocabulary, complaints: Complaints) -> None:
        self._vocabulary = vocabulary
        self._complaints = complaints

    def condition(self, tree: Any, place: Place, depth: int) -> Condition | None:
        try:
            return self._read(tree, place, depth)
        except WordingError as error:
            self._complaints.add(place, str(error))
            return None

    def _read(self, tree: Any, place: Place, depth: int) -> Condition | None:
        if depth > MAX_DEPTH:
            raise WordingError(f"Conditions are nested more than {MAX_DEPTH} deep here. Write it as two rules.")
        if not isinstance(tree, Mapping) or not tree:
            raise WordingError("A condition is expected. Name a fact and a test: immediate_danger: {is: true}.")
        if len(tree) > 1:
            raise WordingError("Conditions stand side by side. List them under all (every one) or any (one will do).")
        ((name, inner),) = tree.items()
        if name in COMBINERS:
            return self._branch(name, inner, (*place, name), depth)
        return self._fact(name, inner, (*place, name))

    def _branch(self, kind: Any, inner: Any, place: Place, depth: int) -> Condition | None:
        if kind == "not":
            parts = [self.condition(inner, place, depth + 1)]
        elif isinstance(inner, list) and inner:
            parts = [self.condition(part, (*place, index), depth + 1) for index, part in enumerate(inner)]
        else:
            raise WordingError(f'"{kind}" needs a list of conditions. Write {kind}: [first, second].')
        whole = tuple(part for part in parts if part is not None)
        return Branch(kind, whole, self._complaints.source.line(place)) if len(whole) == len(parts) else None

    def _fact(self, name: str, tests: Any, place: Place) -> Condition | None:
        fact = self._vocabulary.facts.get(name)
        if fact is None:
            advice = suggest(name, [*self._vocabulary.facts, *COMBINERS])
            raise WordingError(f'There is no fact called "{name}". {advice}')
        if not isinstance(tests, Mapping) or not tests:
            raise WordingError(f'"{name}" needs a test in braces. Its tests are: {", ".join(VERBS[fact.type])}.')
        line = self._complaints.source.line(place)
        found: list[Leaf] = []
        for verb in tests:
            try:
                if verb != "of" or "at_least" not in tests:
                    found.append(Leaf(name, ask(self._vocabulary, name, verb, tests), line))
            except WordingError as error:
                self._complaints.add((*place, verb), str(error))
        return found[0] if len(found) == 1 else Branch("all", tuple(found), line)
