"""Assesses what is known of one child against a compiled policy. Pure: no clock, no randomness, no I/O.

Levels, priorities and routes are highest-wins, so the order of rules never matters, and a floor, which takes part
like any rule, cannot be lowered. Four things raise only the priority and ask for a person: a floor that may hold,
a narrative that nobody has coded, something that was not understood, and an error.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import Any, NamedTuple

from services.triage.thresholds import knowledge
from services.triage.thresholds.conditions import Leaf
from services.triage.thresholds.document import Priority
from services.triage.thresholds.kleene import FALSE, UNKNOWN, Pair, Row
from services.triage.thresholds.policy import DEFAULT, Answer, Entry, Policy
from services.triage.thresholds.receipt import Because, CouldReach, Fired, Missing, Reached, Receipt
from services.triage.thresholds.vocabulary import (
    INDICATOR_NOT_UNDERSTOOD,
    NARRATIVE_CODED,
    NOT_UNDERSTOOD,
    OF_READING,
    POSSIBLE_MATCH_WAITING,
    FactType,
    FactValue,
)

NARRATIVE_NOT_CODED = "narrative_not_coded"
ASSESSMENT_ERROR = "assessment_error"
AUTO_ROUTE_MAY_REACH = 3


class _Standing(NamedTuple):
    """Who decides level and route, and the rank of the priority reached."""

    decider: Entry
    rank: int


def assess(policy: Policy, facts: Mapping[str, FactValue]) -> Receipt:
    """Give the receipt of one child. Whatever the facts hold, it raises nothing: an error asks for a person."""
    row, wrong = _row(policy, facts)
    verdicts, broken = _verdicts(policy, row)
    error = wrong or broken
    unclear = any(facts.get(name) is True for name in OF_READING)
    judged = list(zip(policy.entries, verdicts, strict=True))
    fired = [entry for entry, (certain, _) in judged if certain and entry.id != DEFAULT]
    may_fire = [entry for entry, (certain, possible) in judged if possible and not certain]
    uncoded = _is_uncoded(policy, row)
    least = _least_rank(policy, unread=uncoded or unclear, error=error)
    standing = _conclude(policy, verdicts, least)
    undecided = error and not fired
    if undecided:
        standing = standing._replace(decider=policy.entries[0])
    then = standing.decider.then
    reach = _could_reach(policy, standing, may_fire)
    asked = {NARRATIVE_NOT_CODED: uncoded, NOT_UNDERSTOOD: unclear, ASSESSMENT_ERROR: error}
    review = _reviews(fired, may_fire, [name for name, holds in asked.items() if holds])
    recorded = {name: _recorded(facts[name]) for name in sorted(facts)}
    return Receipt.model_construct(
        level=then.level,
        priority=policy.colours[standing.rank],
        route=then.route,
        could_reach=reach,
        auto_route=not review and _may_auto_route(policy, row, then.level, reach, [*fired, *may_fire]),
        review_required=review,
        fired=tuple(_fired(entry, row, recorded) for entry in fired),
        not_fired=tuple(sorted(entry.id for entry, (certain, _) in judged if not certain)),
        decided_by=ASSESSMENT_ERROR if undecided else standing.decider.id,
        missing_that_matters=_missing(policy, row, facts, verdicts, least),
        policy=policy.stamp,
        facts=recorded,
        facts_sha256=sha256(json.dumps(recorded, separators=(",", ":")).encode()).hexdigest(),
    )


def _row(policy: Policy, facts: Mapping[str, FactValue]) -> tuple[Row, bool]:
    row, wrong = dict(policy.missing), False
    for name, value in facts.items():
        fact = policy.vocabulary.facts.get(name)
        if fact is None or fact.type is FactType.CONCERNS:
            wrong = wrong or name not in OF_READING
            continue
        row[name], right = knowledge.given(policy.vocabulary, name, value)
        wrong = wrong or not right
    if facts.get(INDICATOR_NOT_UNDERSTOOD) is True:
        present = policy.vocabulary.present
        row[present] = knowledge.unknown(policy.vocabulary, present) | row[present]
    return row, wrong


def _verdicts(policy: Policy, row: Row) -> tuple[list[Pair], bool]:
    """Ask every entry; one that breaks may hold, and the rest still count."""
    try:
        return [entry.test(row) for entry in policy.entries], False
    except Exception:  # noqa: BLE001 - no defect of one rule may keep a child from the others
        return [_guarded(entry, row) for entry in policy.entries], True


def _guarded(entry: Entry, row: Row) -> Pair:
    try:
        return entry.test(row)
    except Exception:  # noqa: BLE001 - as above
        return UNKNOWN


def _is_uncoded(policy: Policy, row: Row) -> bool:
    has_need, _ = policy.need_is_present(row)
    coded, _ = row.get(NARRATIVE_CODED, FALSE)
    return not has_need and not coded


def _least_rank(policy: Policy, *, unread: bool, error: bool) -> int:
    if error:
        return len(policy.colours) - 1
    return policy.ranks[Priority.AMBER] if unread else 0


def _conclude(policy: Policy, verdicts: Sequence[Pair], least: int) -> _Standing:
    """Find the first that certainly holds; the default always does."""
    decider, rank = None, least
    for entry, (certain, possible) in zip(policy.entries, verdicts, strict=True):
        if certain:
            decider = decider or entry
            rank = max(rank, policy.ranks[entry.then.priority])
        elif possible and entry.if_unknown:
            rank = max(rank, policy.ranks[entry.if_unknown.priority_at_least])
    return _Standing(decider or policy.entries[0], rank)


def _could_reach(policy: Policy, standing: _Standing, may_fire: Sequence[Entry]) -> CouldReach:
    now = standing.decider.then.level
    ranks = {entry.id: policy.ranks[entry.then.priority] for entry in may_fire}
    level = max([now, *(entry.then.level for entry in may_fire)])
    rank = max([standing.rank, *ranks.values()])
    via = sorted(
        entry.id for entry in may_fire if now < entry.then.level == level or standing.rank < ranks[entry.id] == rank
    )
    return CouldReach.model_construct(level=level, priority=policy.colours[rank], via=tuple(via))


def _reviews(fired: Sequence[Entry], may_fire: Sequence[Entry], asked: Sequence[str]) -> tuple[str, ...]:
    names = [entry.if_unknown.review for entry in may_fire if entry.if_unknown]
    names += [entry.id for entry in fired if entry.then.review]
    return tuple(dict.fromkeys([*names, *asked]))


def _may_auto_route(policy: Policy, row: Row, level: int, reach: CouldReach, in_play: Sequence[Entry]) -> bool:
    routing = policy.document.auto_route
    if routing is None or level not in routing.levels or reach.level > AUTO_ROUTE_MAY_REACH:
        return False
    if any(entry.then.floor for entry in in_play):
        return False
    _, match_waiting = row.get(POSSIBLE_MATCH_WAITING, FALSE)
    certainly, _ = policy.may_route(row)
    return bool(certainly and not match_waiting)


def _fired(entry: Entry, row: Row, recorded: Mapping[str, Any]) -> Fired:
    return Fired.model_construct(
        id=entry.id,
        title=entry.title,
        paragraph=entry.paragraph,
        reason=entry.reason,
        then=entry.then,
        because=tuple(_because(leaf, row, recorded) for leaf in entry.leaves),
    )


def _because(leaf: Leaf, row: Row, recorded: Mapping[str, Any]) -> Because:
    asked = leaf.asked
    certain, possible = asked.test(row)
    known = row[asked.source]
    value = recorded.get(asked.source)
    if isinstance(known, dict):
        value = [member for member in asked.members if known.get(member, FALSE)[0]]
    return Because.model_construct(
        fact=leaf.fact,
        test=dict(asked.words),
        value=value,
        result=bool(certain) if certain == possible else None,
        line=leaf.line,
    )


def _missing(
    policy: Policy, row: Row, facts: Mapping[str, FactValue], verdicts: Sequence[Pair], least: int
) -> tuple[Missing, ...]:
    """Try each missing fact alone; facts that matter only together show in `could_reach`, not here."""
    now = _conclude(policy, verdicts, least)
    found = []
    for name, tried in policy.questions.items():
        is_open = any(verdicts[index] == UNKNOWN for index in policy.mentions[name])
        if is_open and name not in facts:
            found += [_answered(policy, {**row, name: one.known}, verdicts, name, one, now, least) for one in tried]
    return tuple(question for question in found if question is not None)


def _answered(
    policy: Policy, row: Row, verdicts: Sequence[Pair], name: str, answer: Answer, now: _Standing, least: int
) -> Missing | None:
    """Say what one answer would raise; None where it raises nothing."""
    filled = list(verdicts)
    for index in policy.mentions[name]:
        filled[index] = _guarded(policy.entries[index], row)
    reached = _conclude(policy, filled, least)
    level = reached.decider.then.level
    if level <= now.decider.then.level and reached.rank <= now.rank:
        return None
    raising = [
        entry.id
        for entry, (before, _), (after, _) in zip(policy.entries, verdicts, filled, strict=True)
        if after
        and not before
        and (entry.then.level > now.decider.then.level or policy.ranks[entry.then.priority] > now.rank)
    ]
    return Missing.model_construct(
        fact=name,
        ask=policy.vocabulary.facts[name].ask,
        answer=dict(answer.words),
        then=Reached.model_construct(level=level, priority=policy.colours[reached.rank]),
        rules=tuple(sorted(raising)),
    )


def _recorded(value: object) -> Any:
    """Keep a fact as JSON has it; None stands for what is unknown, or can be no fact's value."""
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping) and all(isinstance(number, int) for number in value.values()):
        return {str(name): number for name, number in value.items()}
    if isinstance(value, Sequence | AbstractSet) and all(isinstance(member, str) for member in value):
        return sorted(set(value))
    return None
