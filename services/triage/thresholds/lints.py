"""What is allowed in a policy but probably not meant. Run by `policy check` and before a policy is published."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.triage.thresholds.answers import possible_answers
from services.triage.thresholds.conditions import Branch, Condition, Leaf, canonical
from services.triage.thresholds.kleene import TRUE, Row
from services.triage.thresholds.knowledge import unknown
from services.triage.thresholds.policy import Entry, Policy
from services.triage.thresholds.vocabulary import FactType, Vocabulary

STATUTORY = 4
REASSURANCE_UP_TO = 2


class Lint(StrEnum):
    CONTRADICTION = "contradiction"
    NEVER_FIRES = "never_fires"
    DUPLICATE = "duplicate"
    NO_PARAGRAPH = "no_paragraph"
    INDICATOR_WITHOUT_RULE = "indicator_without_rule"
    ABSENCE_AS_REASSURANCE = "absence_as_reassurance"


@dataclass(frozen=True)
class Finding:
    """Something to reconsider: which lint, where, about which rule or indicator, and what to do."""

    lint: Lint
    file: str
    line: int
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def lint(policy: Policy) -> list[Finding]:
    """List what to reconsider, in the order of the lines."""
    found = [
        *_bounds(policy),
        *_duplicates(policy),
        *_paragraphs(policy),
        *_uncovered(policy),
        *_reassurances(policy),
    ]
    return sorted(found, key=lambda finding: (finding.line, finding.lint, finding.about))


def _finding(policy: Policy, lint_: Lint, line: int, about: str, text: str) -> Finding:
    return Finding(lint_, policy.source.file, line, about, text)


def _rules(policy: Policy) -> Iterator[tuple[Entry, Condition]]:
    for entry in sorted(policy.entries, key=lambda entry: entry.line):
        if entry.condition is not None:
            yield entry, entry.condition


def _bounds(policy: Policy) -> Iterator[Finding]:
    vocabulary = policy.vocabulary
    anything: Row = {name: unknown(vocabulary, name) for name in vocabulary.facts}
    for entry, condition in _rules(policy):
        clashes = list(_clashes(vocabulary, condition))
        for name, line in clashes:
            text = f'In {entry.id} the tests of "{name}" contradict each other. Change one, or use any.'
            yield _finding(policy, Lint.CONTRADICTION, line, entry.id, text)
        if not clashes and not entry.test(anything)[1]:
            text = f"{entry.id} can never fire: nothing fits its conditions. Correct them, or take it out."
            yield _finding(policy, Lint.NEVER_FIRES, entry.line, entry.id, text)


def _clashes(vocabulary: Vocabulary, condition: Condition) -> Iterator[tuple[str, int]]:
    if isinstance(condition, Leaf):
        return
    name = _clash(vocabulary, condition)
    if name:
        yield name, condition.line
        return
    for part in condition.parts:
        yield from _clashes(vocabulary, part)


def _clash(vocabulary: Vocabulary, branch: Branch) -> str | None:
    """Find the first fact of an `all` whose tests no single value of it can pass."""
    if branch.kind != "all":
        return None
    tests: dict[str, list[Leaf]] = {}
    for leaf in _joined(branch):
        tests.setdefault(leaf.asked.source, []).append(leaf)
    for name, found in tests.items():
        if len(found) > 1 and not any(
            all(leaf.asked.test(row)[1] for leaf in found) for row in _values(vocabulary, name, found)
        ):
            return found[0].fact
    return None


def _joined(branch: Branch) -> Iterator[Leaf]:
    for part in branch.parts:
        if isinstance(part, Leaf):
            yield part
        elif part.kind == "all":
            yield from _joined(part)


def _values(vocabulary: Vocabulary, name: str, found: Sequence[Leaf]) -> Iterator[Row]:
    """Enough values of a fact to pass tests that stand together, if any can: of a set, all that may be present."""
    if vocabulary.facts[name].type is not FactType.SET:
        for answer in possible_answers(vocabulary, name, found):
            yield {name: answer.known}
        return
    refused = {member for leaf in found if leaf.asked.reassures for member in leaf.asked.members}
    yield {name: {member: TRUE for member in vocabulary.options[name] if member not in refused}}


def _duplicates(policy: Policy) -> Iterator[Finding]:
    first: dict[str, Entry] = {}
    for entry, condition in _rules(policy):
        earlier = first.setdefault(repr(canonical(condition)), entry)
        if earlier is not entry:
            text = f"{entry.id} asks the same as {earlier.id} in line {earlier.line}. Keep one of them."
            yield _finding(policy, Lint.DUPLICATE, entry.line, entry.id, text)


def _paragraphs(policy: Policy) -> Iterator[Finding]:
    for entry, _ in _rules(policy):
        if not entry.paragraph.strip():
            text = f"{entry.id} names no paragraph. Say which paragraph of the threshold document it rests on."
            yield _finding(policy, Lint.NO_PARAGRAPH, entry.line, entry.id, text)


def _uncovered(policy: Policy) -> Iterator[Finding]:
    looked_for = {
        member
        for entry, _ in _rules(policy)
        for leaf in entry.leaves
        if not leaf.asked.reassures
        for member in leaf.asked.members
    }
    line = policy.source.line(("rules",))
    for code in policy.vocabulary.codes_of(severity_at_least=STATUTORY):
        if code not in looked_for:
            text = f'No rule mentions "{code}", an indicator of level 4. Add it to a rule.'
            yield _finding(policy, Lint.INDICATOR_WITHOUT_RULE, line, code, text)


def _reassurances(policy: Policy) -> Iterator[Finding]:
    for entry, condition in _rules(policy):
        rests_on_absence = _has_not(condition) or any(leaf.asked.reassures for leaf in entry.leaves)
        if entry.then.level <= REASSURANCE_UP_TO and rests_on_absence:
            text = f"{entry.id} takes something absent for a reassurance. Say what must be present instead."
            yield _finding(policy, Lint.ABSENCE_AS_REASSURANCE, entry.line, entry.id, text)


def _has_not(condition: Condition) -> bool:
    return isinstance(condition, Branch) and (
        condition.kind == "not" or any(_has_not(part) for part in condition.parts)
    )
