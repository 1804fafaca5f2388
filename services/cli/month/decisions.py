"""What a member of staff decides in a simulated month, from what the case shows. Pure."""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from services.cli.month.habits import StaffHabit

SAID = {
    "rationale": "What was written, what partners said and what the family wants.",
    "feedback_to_referrer": "We read what you sent and have decided what follows. If you are still worried, call us.",
}
OVERRIDE = "The family's situation is other than the rules can see."
AFTER_AN_OFFER = {
    "stepped_up": ("section_17_assessment",),
    "declined": ("universal_advice", "targeted_early_help", "no_further_action"),
    "bounced": ("targeted_early_help", "universal_advice"),
}
LESS = {"family_hub": "universal_advice", "targeted_early_help": "family_hub", "universal_advice": "family_hub",
        "section_17_assessment": "strategy_discussion", "strategy_discussion": "section_17_assessment"}  # fmt: skip
LEVELS = {"universal_advice": 1, "no_further_action": 1, "family_hub": 2, "targeted_early_help": 3}
STATUTORY = 4


def decision_on(
    case: Mapping[str, Any], now: datetime, chance: Random, habit: StaffHabit, *, otherwise: bool
) -> dict[str, Any]:
    """Return the decision's document: what the policy says of each child, unless something speaks against it."""
    otherwise = otherwise or chance.random() < habit.decides_otherwise
    ended = {offer["child"]: offer["status"] for offer in case["offers"]}
    children = []
    for child in case["children"]:
        route = child["receipt"]["route"]
        outcome = _outcome(route, ended.get(child["child"], ""), chance, habit, otherwise=otherwise)
        level = child["receipt"]["level"] if outcome in (route, "section_47") else LEVELS.get(outcome, STATUTORY)
        children.append({"child": child["child"], "level": level, "outcome": outcome})
    body: dict[str, Any] = {"children": children, **SAID}
    if any(_differs(one, child["receipt"]) for one, child in zip(children, case["children"], strict=True)):
        body["override_reason"] = OVERRIDE
    if any(one["outcome"] == "section_47" for one in children):
        body["strategy_discussion"] = {"held_at": now.isoformat(), "present": ["social_care", "police", "health"]}
    return body


def _outcome(route: str, ended: str, chance: Random, habit: StaffHabit, *, otherwise: bool) -> str:
    if ended in AFTER_AN_OFFER:
        return chance.choice(AFTER_AN_OFFER[ended])
    if route == "strategy_discussion":
        if chance.random() < habit.lowers:
            return "universal_advice"
        return "section_47" if chance.random() < habit.section_47 else route
    return LESS[route] if otherwise else route


def _differs(one: Mapping[str, Any], receipt: Mapping[str, Any]) -> bool:
    return bool(one["level"] != receipt["level"] or one["outcome"] != receipt["route"])
