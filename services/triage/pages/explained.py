"""Codes of a hub and parts of a receipt in sentences that staff read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.triage.pages.form import Form
from services.triage.pages.words import REVIEWS, plain
from services.triage.schemas import ChildOut
from services.triage.thresholds import Vocabulary
from services.triage.thresholds.vocabulary import Fact, FactType
from shared.http.reading import whole_number
from shared.not_understood import BESIDE
from shared.settings.hub import Hub

Receipt = Mapping[str, Any]
MOST_KNOWN = 6


def code(hub: Hub, name: str, value: object) -> str:
    """Return the label of a code of one of the hub's lists, nothing where there is no code."""
    if not value:
        return ""
    return next((item.label for item in hub.code_lists[name].items if item.code == value), plain(value))


def codes(hub: Hub, name: str, values: Iterable[object] | None) -> str:
    return ", ".join(code(hub, name, value) for value in values or ())


def indicator(hub: Hub, value: object) -> str:
    return code(hub, "indicators", value)


def known(hub: Hub, vocabulary: Vocabulary, because: Sequence[Mapping[str, Any]]) -> str:
    """Say what was known that made a rule hold."""
    said: list[str] = []
    for test in because:
        if test["result"] and test["value"] is not None:
            said += _said_of(hub, vocabulary, test["fact"], test["value"])
    return "; ".join(dict.fromkeys(said[:MOST_KNOWN])) or "what follows from the referral"


def _said_of(hub: Hub, vocabulary: Vocabulary, fact: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [indicator(hub, one) for one in value]
    label = vocabulary.facts[fact].label if fact in vocabulary.facts else plain(fact)
    if isinstance(value, bool):
        return [f"{label}: {'yes' if value else 'no'}"]
    return [f"{label}: {value}"]


def answer(hub: Hub, given: Mapping[str, Any]) -> str:
    """Say the answer to a missing fact that would change the outcome."""
    if "at_least" in given:
        return f"from {given['at_least']} to {given['at_most']}"
    ((verb, value),) = given.items()
    if verb == "is":
        return "yes" if value is True else "no" if value is False else str(value)
    if isinstance(value, list):
        return " or ".join(indicator(hub, one).lower() for one in value[:MOST_KNOWN])
    return f"{plain(verb).lower()} {value}"


def reviews(receipt: Receipt) -> str:
    """Say why a person has to look: reviews of their own, or the rules that ask for it."""
    reasons = {rule["id"]: rule["reason"] for rule in receipt["fired"]}
    found = (REVIEWS.get(name) or reasons.get(name) or plain(name) for name in receipt["review_required"])
    return "; ".join(reason.rstrip(".") for reason in found) + "."


def typed_in(typed: Form, vocabulary: Vocabulary, domain: str) -> bool:
    """Tell whether something was chosen of this domain's indicators."""
    return any(typed.text(f"status-{one.code}") for one in vocabulary.indicators if one.domain == domain)


def gaps(children: Sequence[ChildOut], vocabulary: Vocabulary) -> list[tuple[str, Fact]]:
    """Return the facts that are missing and would change a level, and that one answer can give."""
    asked = {gap["fact"] for one in children for gap in one.receipt["missing_that_matters"]}
    plain_types = (FactType.YES_NO, FactType.CHOICE)
    return [(name, fact) for name, fact in vocabulary.facts.items() if name in asked and fact.type in plain_types]


def options(fact: Fact) -> list[tuple[str, str]]:
    if fact.type is FactType.YES_NO:
        return [("true", "Yes"), ("false", "No")]
    return [(option, plain(option)) for option in fact.options]


def coded(children: Sequence[ChildOut]) -> dict[str, str]:
    """Return what is coded already of any child, each code with how."""
    found: dict[str, str] = {}
    for one in children:
        found |= dict.fromkeys(one.receipt["facts"].get("indicators_ruled_out", ()), "ruled out already")
    for one in children:
        found |= dict.fromkeys(one.receipt["facts"].get("indicators", ()), "coded already")
    return found


def numbered(children: Sequence[tuple[str, str, Any]]) -> list[tuple[str, str]]:
    """Return the children of a case as options of a form, by index."""
    return [(str(index), f"{name}, {age}") for index, (name, age, _) in enumerate(children)]


def place(pointer: str) -> str:
    """Return a place in a document in words, counting from 1: `/children/0/sex` as `Children 1, sex`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    words = "".join(f" {int(step) + 1}" if step.isdecimal() else f", {plain(step).lower()}" for step in steps)
    return words.removeprefix(", ").capitalize() or "The whole of it"


def understood(found: Any) -> Any:
    """Return what came in without what was not understood of it, which is shown apart."""
    return {name: value for name, value in found.items() if name not in BESIDE} if isinstance(found, dict) else found


def content(found: Any) -> str:
    """Return what came in as text: each of its texts on a line of its own, with what it is."""
    if isinstance(found, list):
        return "\n".join(content(one) for one in found)
    if not isinstance(found, dict):
        return "" if found is None else str(found)
    return "\n".join(f"{plain(name)}: {content(value)}" for name, value in found.items() if value not in (None, "", []))


def named(field: str, children: Sequence[tuple[str, str, Any]]) -> str:
    """Return what a field is called in the summary of mistakes: `children-0-level` is the first child's level."""
    group, _, rest = field.partition("-")
    index, _, part = rest.partition("-")
    child = whole_number(index)
    if group == "children" and child is not None and child < len(children):
        return f"{children[child][0]}, {part.replace('_', ' ')}"
    return plain(field.replace("-", ", "))
