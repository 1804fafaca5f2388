"""Runs the scenarios that a policy carries. Run by `policy check` and before a policy is published."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.triage.thresholds.assessment import assess
from services.triage.thresholds.document import Scenario
from services.triage.thresholds.policy import Policy
from services.triage.thresholds.receipt import Receipt


@dataclass(frozen=True)
class Failure:
    """A scenario whose receipt is not what it expects; `unmet` has one sentence for each difference."""

    file: str
    line: int
    name: str
    unmet: tuple[str, ...]

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: Scenario "{self.name}" fails: {" ".join(self.unmet)}'


def run_scenarios(policy: Policy) -> list[Failure]:
    """List the failures: none where every scenario passes."""
    failures = []
    for index, scenario in enumerate(policy.document.scenarios):
        unmet = tuple(_unmet(scenario, assess(policy, scenario.facts)))
        if unmet:
            line = policy.source.line(("scenarios", index))
            failures.append(Failure(policy.source.file, line, scenario.name, unmet))
    return failures


def _unmet(scenario: Scenario, receipt: Receipt) -> Iterator[str]:
    expected = scenario.expect
    for name in ("level", "priority", "route", "auto_route"):
        wanted, got = getattr(expected, name), getattr(receipt, name)
        if wanted is not None and wanted != got:
            yield f"It expects {name} {_word(wanted)}, the policy gives {_word(got)}."
    fired = {rule.id for rule in receipt.fired}
    for review in sorted(set(expected.review_required) - set(receipt.review_required)):
        yield f"It expects the review {review}, which is not asked for."
    for rule in sorted(set(expected.fired) - fired):
        yield f"It expects {rule} to fire, and it does not."
    for rule in sorted(set(expected.not_fired) & fired):
        yield f"It expects {rule} not to fire, and it does."


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
