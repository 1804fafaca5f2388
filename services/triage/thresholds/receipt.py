"""The receipt of one assessment of one child: what was concluded, why, and what could still change it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)


class CouldReach(Part):
    """The most that the facts still missing allow; `via` are the rules that would take it there."""

    level: int
    priority: str
    via: tuple[str, ...]


class Because(Part):
    """One test of a rule that fired: `value` is what was known (None: not), `result` None where unknown."""

    fact: str
    test: dict[str, Any]
    value: Any
    result: bool | None
    line: int


class Then(Part):
    """What a rule gives. A floor is one that nothing may lower."""

    level: int
    priority: str
    route: str
    review: bool
    floor: bool


class Fired(Part):
    id: str
    title: str
    paragraph: str
    reason: str
    then: Then
    because: tuple[Because, ...]


class Reached(Part):
    level: int
    priority: str


class Missing(Part):
    """A missing fact, the answer that would raise the outcome, and the outcome it would raise it to."""

    fact: str
    ask: str
    answer: dict[str, Any] = Field(alias="if")
    then: Reached
    rules: tuple[str, ...]


class PolicyStamp(Part):
    """Which policy spoke; `sha256` is the hash of its canonical JSON."""

    id: str
    version: int
    sha256: str
    vocabulary: int


class Receipt(Part):
    level: int
    priority: str
    route: str
    could_reach: CouldReach
    auto_route: bool
    review_required: tuple[str, ...]
    fired: tuple[Fired, ...]
    not_fired: tuple[str, ...]
    decided_by: str
    missing_that_matters: tuple[Missing, ...]
    policy: PolicyStamp
    facts: dict[str, Any]
    facts_sha256: str
