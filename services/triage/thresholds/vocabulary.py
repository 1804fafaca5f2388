"""The vocabulary: the facts that a policy may speak of, and the indicators with their levels and domains."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.triage.thresholds.complaints import Complaints, suggest
from services.triage.thresholds.reading import read
from services.triage.thresholds.shape import Strict, shape

FactValue = bool | int | str | Sequence[str] | AbstractSet[str] | Mapping[str, int] | None
"""None is unknown, whatever absence means; `{"at_least": n}` is a number of which no more is known."""

Text = Annotated[str, Field(min_length=1)]
Level = Annotated[int, Field(ge=1, le=4)]

NARRATIVE_CODED = "narrative_coded"
POSSIBLE_MATCH_WAITING = "possible_match_waiting"
NOT_UNDERSTOOD = "not_understood"
INDICATOR_NOT_UNDERSTOOD = "indicator_not_understood"
OF_READING = (NOT_UNDERSTOOD, INDICATOR_NOT_UNDERSTOOD)
"""What was not understood counts with any vocabulary, also one that does not speak of it."""


class FactType(StrEnum):
    YES_NO = "yes_no"
    NUMBER = "number"
    CHOICE = "choice"
    SET = "set"
    CONCERNS = "concerns"


class AbsentMeans(StrEnum):
    UNKNOWN = "unknown"
    NOT_REPORTED = "not_reported"


class Fact(Strict):
    """One thing that can be known of a child.

    A number is whole and lies within `bounds`, both included; one that is not reported counts as the lower.
    A set without `options` takes the codes of the indicators. `concerns` are the indicators present in the set
    that `of` names, each of the kind and severity of its domain and level.
    """

    type: Annotated[FactType, Field(strict=False)]
    label: Text
    ask: Text
    absent_means: Annotated[AbsentMeans, Field(strict=False)]
    bounds: list[int] = Field(default_factory=list)
    options: list[Text] = Field(default_factory=list)
    of: str | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        two_ends = len(self.bounds) == 2 and self.bounds[0] <= self.bounds[1]  # noqa: PLR2004 - both ends
        if self.type is FactType.NUMBER and not two_ends:
            raise ValueError("A number needs its bounds. Write bounds: [lowest, highest].")
        if self.type is FactType.CHOICE and not self.options:
            raise ValueError("A choice needs its options. Write options: [first, second].")
        return self

    @property
    def may_be_unknown(self) -> bool:
        return self.absent_means is AbsentMeans.UNKNOWN


class Domain(Strict):
    code: Text
    label: Text


class Indicator(Strict):
    """A coded sign of need or harm; `factors` are the children in need census factors it may lead to."""

    code: Text
    label: Text
    level: Level
    domain: Text
    factors: list[Text] = Field(default_factory=list)


class Vocabulary(Strict):
    """What facts.yaml holds."""

    vocabulary: int
    facts: dict[str, Fact]
    domains: list[Domain]
    indicators: list[Indicator]

    @property
    def version(self) -> int:
        return self.vocabulary

    @cached_property
    def options(self) -> Mapping[str, Mapping[str, int]]:
        """The words that each choice or set may hold, with their positions, in the order of the file."""
        codes = [indicator.code for indicator in self.indicators]
        return {
            name: {word: position for position, word in enumerate(fact.options or codes)}
            for name, fact in self.facts.items()
            if fact.type in (FactType.CHOICE, FactType.SET)
        }

    @cached_property
    def present(self) -> str:
        """The name of the set that holds the indicators which are present."""
        return next(fact.of for fact in self.facts.values() if fact.of)

    def codes_of(self, kinds: Sequence[str] | None = None, severity_at_least: int = 1) -> tuple[str, ...]:
        """List the indicators of these domains (all where None) at or above a level, in the order of the file."""
        return tuple(
            indicator.code
            for indicator in self.indicators
            if indicator.level >= severity_at_least and (kinds is None or indicator.domain in kinds)
        )


def load_vocabulary(path: Path) -> Vocabulary:
    """Raise `PolicyError` with everything that is wrong, unless the file is in order."""
    complaints = Complaints(read(path))
    vocabulary = shape(Vocabulary, complaints)
    if vocabulary is not None:
        _check_indicators(vocabulary, complaints)
        _check_concerns(vocabulary, complaints)
    return complaints.settle(vocabulary)


def _check_indicators(vocabulary: Vocabulary, complaints: Complaints) -> None:
    domains = {domain.code for domain in vocabulary.domains}
    seen: set[str] = set()
    for index, indicator in enumerate(vocabulary.indicators):
        place = ("indicators", index)
        if indicator.code in seen:
            complaints.add((*place, "code"), f'"{indicator.code}" stands here twice. Keep one of them.')
        if indicator.domain not in domains:
            advice = suggest(indicator.domain, domains)
            complaints.add((*place, "domain"), f'There is no domain "{indicator.domain}". {advice}')
        seen.add(indicator.code)


def _check_concerns(vocabulary: Vocabulary, complaints: Complaints) -> None:
    sets = {name for name, fact in vocabulary.facts.items() if fact.type is FactType.SET and not fact.options}
    concerns = [name for name, fact in vocabulary.facts.items() if fact.type is FactType.CONCERNS]
    if len(concerns) != 1:
        complaints.add(("facts",), "Exactly one fact must be of the type concerns. Add it, or keep only one.")
    for name, fact in vocabulary.facts.items():
        place = ("facts", name)
        if (fact.of in sets) != (fact.type is FactType.CONCERNS):
            advice = "Concerns, and nothing else, name in `of` the set of indicators they are seen in."
            complaints.add((*place, "of"), f"{advice} {suggest(fact.of, sets)}")
        if name in (NARRATIVE_CODED, POSSIBLE_MATCH_WAITING, *OF_READING) and fact.type is not FactType.YES_NO:
            complaints.add((*place, "type"), f'"{name}" must be of the type yes_no. Change its type.')
