"""What a decision must hold before it can stand, and when another manager has to countersign it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.triage.domain.case import PRIORITIES, Outcome
from shared.problems import FieldError, Invalid

Receipt = Mapping[str, Any]
"""A receipt of the threshold policy as JSON."""

STATUTORY_LEVEL = 4
STRATEGY_DISCUSSION_NEEDS = ("social_care", "police", "health")

WEIGHT = {
    Outcome.NO_FURTHER_ACTION: 0,
    Outcome.UNIVERSAL_ADVICE: 1,
    Outcome.FAMILY_HUB: 2,
    Outcome.TARGETED_EARLY_HELP: 3,
    Outcome.SECTION_17_ASSESSMENT: 4,
    Outcome.STRATEGY_DISCUSSION: 5,
    Outcome.SECTION_47: 6,
    Outcome.IMMEDIATE_PROTECTION: 7,
}
"""How much an outcome does. An existing case and a transfer have none: social care already answers for the child."""


def highest(receipts: Sequence[Receipt]) -> Receipt:
    """Return the receipt of the highest level, among those of the highest priority, the first child's."""
    return max(receipts, key=lambda receipt: (receipt["level"], PRIORITIES.index(receipt["priority"])))


def check_decision(
    receipts: Sequence[Receipt],
    children: Sequence[Mapping[str, Any]],
    *,
    override_reason: str | None,
    strategy_discussion: Mapping[str, Any] | None,
    transfer: Mapping[str, Any] | None = None,
) -> bool:
    """Tell whether another manager has to countersign; raises `Invalid` naming everything that is lacking.

    `receipts` stand in the order of the children; `children` are `{child, level, outcome}`, in any order.
    """
    errors = [
        *_each_child_once(len(receipts), children),
        *_strategy_discussion_errors(children, strategy_discussion),
        *_transfer_errors(children, transfer),
    ]
    known = [(receipts[one["child"]], one) for one in children if one["child"] < len(receipts)]
    if not override_reason and any(_differs(receipt, one) for receipt, one in known):
        errors.append(FieldError("/override_reason", "The decision differs from what the policy says. Say why."))
    if errors:
        raise Invalid("The decision lacks something.", errors=tuple(errors))
    return any(_lowers_level_4(receipt, one) or _overrides_floor(receipt, one) for receipt, one in known)


def _each_child_once(count: int, children: Sequence[Mapping[str, Any]]) -> Iterator[FieldError]:
    seen: set[int] = set()
    for index, one in enumerate(children):
        if one["child"] >= count:
            yield FieldError(f"/children/{index}/child", "There is no such child. Count from 0.")
        elif one["child"] in seen:
            yield FieldError(f"/children/{index}/child", "This child is decided twice. Keep one.")
        seen.add(one["child"])
    if not set(range(count)) <= seen:
        yield FieldError("/children", f"Decide for every child of the case; there are {count}.")


def _strategy_discussion_errors(
    children: Sequence[Mapping[str, Any]], discussion: Mapping[str, Any] | None
) -> Iterator[FieldError]:
    if all(one["outcome"] != Outcome.SECTION_47 for one in children):
        return
    if discussion is None:
        yield FieldError("/strategy_discussion", "Section 47 needs a strategy discussion. Record when it was held.")
    elif not set(STRATEGY_DISCUSSION_NEEDS) <= set(discussion["present"]):
        wanted = ", ".join(STRATEGY_DISCUSSION_NEEDS)
        yield FieldError("/strategy_discussion/present", f"A strategy discussion needs all of {wanted}.")


def _transfer_errors(children: Sequence[Mapping[str, Any]], transfer: Mapping[str, Any] | None) -> Iterator[FieldError]:
    """Ask for the acknowledgement: a child is handed over once the other authority has said that it has the child."""
    if transfer is None and any(one["outcome"] == Outcome.TRANSFERRED_TO_AUTHORITY for one in children):
        yield FieldError("/transfer", "Say which authority has the child, who there acknowledged it, and when.")


def _differs(receipt: Receipt, decided: Mapping[str, Any]) -> bool:
    return bool(decided["level"] != receipt["level"] or decided["outcome"] != receipt["route"])


def _lowers_level_4(receipt: Receipt, decided: Mapping[str, Any]) -> bool:
    """Tell it by the outcome too: a level 4 that ends in no action is lowered, whatever number it bears."""
    if receipt["level"] < STATUTORY_LEVEL:
        return False
    return decided["level"] < STATUTORY_LEVEL or _weighs_less(decided["outcome"], Outcome.SECTION_17_ASSESSMENT)


def _overrides_floor(receipt: Receipt, decided: Mapping[str, Any]) -> bool:
    floors = [fired["then"] for fired in receipt["fired"] if fired["then"]["floor"]]
    return any(
        decided["level"] < floor["level"] or _weighs_less(decided["outcome"], floor["route"]) for floor in floors
    )


def _weighs_less(outcome: str, than: str) -> bool:
    weight, least = WEIGHT.get(Outcome(outcome)), WEIGHT.get(Outcome(than))
    return weight is not None and least is not None and weight < least
