"""What policy.yaml holds, part by part. Conditions are left as written here; `conditions` reads them."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from services.triage.thresholds.shape import Strict
from services.triage.thresholds.vocabulary import Level, Text

MAX_RULES = 300


class Priority(StrEnum):
    """The colours; a policy says in which order they rise."""

    BLUE = "blue"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


Colour = Annotated[Priority, Field(strict=False)]


class Outcome(Strict):
    level: Level
    priority: Colour
    route: Text


class RuleOutcome(Outcome):
    review: bool = False


class IfUnknown(Strict):
    review: Text
    priority_at_least: Colour


class Stated(Strict):
    """What a rule and a floor have in common."""

    id: Text
    title: Text
    paragraph: str = ""
    when: Any
    reason: Text


class Floor(Stated):
    floor: Outcome
    if_unknown: IfUnknown | None = None


class Rule(Stated):
    then: RuleOutcome


class AutoRoute(Strict):
    levels: list[Level]
    only_if: Any = None
    never_with: Any = None


class Expectation(Strict):
    """What a scenario expects of the receipt; what it does not name may be anything."""

    level: Level | None = None
    priority: Colour | None = None
    route: str | None = None
    auto_route: bool | None = None
    review_required: list[str] = Field(default_factory=list)
    fired: list[str] = Field(default_factory=list)
    not_fired: list[str] = Field(default_factory=list)


class Scenario(Strict):
    name: Text
    facts: dict[str, Any]
    expect: Expectation


class ThresholdDocument(Strict):
    title: Text
    edition: Text


class PolicyDocument(Strict):
    policy: Text
    version: Annotated[int, Field(ge=1)]
    vocabulary: int
    effective_from: Text
    threshold_document: ThresholdDocument
    priority_order: list[Colour]
    route_order: list[Text]
    default: Outcome
    safety_overrides: Annotated[list[Floor], Field(max_length=MAX_RULES)] = Field(default_factory=list)
    rules: Annotated[list[Rule], Field(max_length=MAX_RULES)]
    auto_route: AutoRoute | None = None
    scenarios: list[Scenario] = Field(default_factory=list)
