"""The finite answers worth trying for a fact that is missing: between them no rule changes its mind. Pure."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from services.triage.thresholds import kleene
from services.triage.thresholds.conditions import Leaf
from services.triage.thresholds.policy import Answer
from services.triage.thresholds.vocabulary import FactType, Vocabulary


def answers(vocabulary: Vocabulary, leaves: Sequence[Leaf]) -> dict[str, tuple[Answer, ...]]:
    """For each fact that may be unknown and that a rule asks about, in the order of the vocabulary."""
    asked = {leaf.asked.source for leaf in leaves}
    return {
        name: tuple(possible_answers(vocabulary, name, leaves))
        for name, fact in vocabulary.facts.items()
        if fact.may_be_unknown and name in asked
    }


def possible_answers(vocabulary: Vocabulary, name: str, leaves: Sequence[Leaf]) -> Iterator[Answer]:
    """Numbers are cut where a test changes, so a whole stretch answers as one; sets are tried member by member."""
    fact = vocabulary.facts[name]
    asked = [leaf.asked for leaf in leaves if leaf.asked.source == name]
    match fact.type:
        case FactType.YES_NO:
            yield Answer({"is": True}, kleene.TRUE)
            yield Answer({"is": False}, kleene.FALSE)
        case FactType.NUMBER:
            yield from _stretches(fact.bounds, {cut for one in asked for cut in one.cuts})
        case FactType.CHOICE:
            for option, position in vocabulary.options[name].items():
                yield Answer({"one_of": [option]}, 1 << position)
        case FactType.SET:
            for member in sorted({member for one in asked for member in one.members}):
                yield Answer({"any_of": [member]}, {member: kleene.TRUE})
        case FactType.CONCERNS:
            return
        case _:
            assert_never(fact.type)


def _stretches(bounds: Sequence[int], cuts: set[int]) -> Iterator[Answer]:
    low, high = bounds
    starts = sorted({low} | {cut for cut in cuts if low < cut <= high})
    ends = [*(start - 1 for start in starts[1:]), high]
    for start, end in zip(starts, ends, strict=True):
        yield Answer({"at_least": start, "at_most": end}, (start, end))
