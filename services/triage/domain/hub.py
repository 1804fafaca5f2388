"""What the hub's files must say of each other and of triage, or cases would break on them. Pure; asked at start."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from services.triage.domain.case import Outcome
from services.triage.domain.facts import HOUSEHOLD_KINDS, OLDEST_MONTHS
from services.triage.thresholds import Policy, Vocabulary
from services.triage.thresholds.vocabulary import Fact, FactType
from shared.settings.hub import Hub

PRESENT = "indicators"
MOST_CONTACTS = 1000
DERIVED: Mapping[str, tuple[FactType, tuple[str, ...] | tuple[int, int]]] = MappingProxyType(
    {
        "immediate_danger": (FactType.YES_NO, ()),
        "child_age_months": (FactType.NUMBER, (0, OLDEST_MONTHS)),
        "unborn": (FactType.YES_NO, ()),
        "agreement_position": (FactType.CHOICE, ("given", "refused", "not_sought")),
        "agreement_by_holder_of_responsibility": (FactType.YES_NO, ()),
        "previous_contacts_90_days": (FactType.NUMBER, (0, MOST_CONTACTS)),
        "below_threshold_decision_12_months": (FactType.YES_NO, ()),
        "household_combination": (FactType.NUMBER, (0, len(HOUSEHOLD_KINDS))),
        "possible_match_waiting": (FactType.YES_NO, ()),
        "narrative_coded": (FactType.YES_NO, ()),
        PRESENT: (FactType.SET, ()),
        "indicators_ruled_out": (FactType.SET, ()),
    }
)
"""The facts that triage derives of a referral, and what their values may be: bounds, or options among others."""


def misfits_of(policy: Policy, hub: Hub) -> Iterator[str]:
    """Return in sentences, each with its file, what does not fit together."""
    yield from _of_facts(policy.vocabulary)
    for index, route in enumerate(policy.document.route_order):
        if route not in set(Outcome):
            line = policy.source.line(("route_order", index))
            yield f'{policy.source.file}:{line}: No case can end as "{route}". Use one of: {", ".join(Outcome)}.'
        for name, texts in (("feedback", hub.feedback), ("next_step", hub.next_step)):
            if route not in texts:
                yield f"hub.yaml: {name}: say what the referrer reads for {route}, a route of the policy."


def _of_facts(vocabulary: Vocabulary) -> Iterator[str]:
    for name, (kind, values) in DERIVED.items():
        fact = vocabulary.facts.get(name)
        if fact is None or fact.type is not kind:
            yield f"facts.yaml: facts: {name} must be there, of the type {kind}."
        elif not _holds(fact, values):
            yield f"facts.yaml: facts: {name} must allow {', '.join(map(str, values)) or 'every indicator'}."
    if vocabulary.present != PRESENT:
        yield f"facts.yaml: facts: concerns must be seen in {PRESENT}."


def _holds(fact: Fact, values: tuple[str, ...] | tuple[int, int]) -> bool:
    match fact.type:
        case FactType.NUMBER:
            return fact.bounds[0] == values[0] and fact.bounds[1] >= int(values[1])
        case FactType.CHOICE:
            return {*map(str, values)} <= {*fact.options}
        case _:
            return not fact.options
