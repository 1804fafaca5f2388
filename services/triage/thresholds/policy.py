"""A policy as the engine runs it: every rule a test with its weight, compiled once when the file is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.triage.thresholds.complaints import Source
from services.triage.thresholds.conditions import Condition, Leaf
from services.triage.thresholds.document import IfUnknown, PolicyDocument
from services.triage.thresholds.kleene import Row, Test
from services.triage.thresholds.receipt import PolicyStamp, Then
from services.triage.thresholds.vocabulary import Vocabulary

DEFAULT = "default"


@dataclass(frozen=True)
class Answer:
    """One answer to a missing fact: in the words of the language, and as the tests read it."""

    words: Mapping[str, Any]
    known: Any


@dataclass(frozen=True)
class Entry:
    """A rule, a floor, or the default (which has no condition): what it asks and what it gives."""

    id: str
    title: str
    paragraph: str
    reason: str
    then: Then
    line: int
    test: Test
    condition: Condition | None = None
    leaves: tuple[Leaf, ...] = ()
    if_unknown: IfUnknown | None = None


@dataclass(frozen=True)
class Policy:
    """`entries` stand in the order in which they decide: highest level first, then route, then lower id.

    `ranks` places each priority in the policy's order, `colours` reads it back. `missing` is the row of a child of
    whom nothing was said. `questions` holds the answers that could make a difference for each fact that may be
    unknown, `mentions` the positions of the entries that ask about it. `need_is_present` asks for an indicator of
    level 2 or above, `may_route` whether the policy lets early help be offered without waiting for a person.
    """

    source: Source
    stamp: PolicyStamp
    document: PolicyDocument
    vocabulary: Vocabulary
    entries: tuple[Entry, ...]
    colours: tuple[str, ...]
    ranks: Mapping[str, int]
    missing: Row
    questions: Mapping[str, tuple[Answer, ...]]
    mentions: Mapping[str, tuple[int, ...]]
    need_is_present: Test
    may_route: Test
