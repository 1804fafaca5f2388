"""How complete a referral is, and what to ask its sender. Pure; run by the API when a referral arrives.

Missing things become questions and lower the score; they never refuse a referral.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.referrals.domain.identifiers import Warned, is_adult, warnings_of
from services.referrals.domain.questions import CHILD_QUESTIONS, QUESTIONS
from shared.harm import FGM
from shared.not_understood import outside

CHILD = re.compile(r"^/children/\d+/")
MOST_LOST = 10
"""What the score loses at most, a point each, for values that were not understood."""

BOUND_TO_REPORT = frozenset({"2A", "2B", "3A", "3B", "3C", "3D", "3E", "3F"})


@dataclass(frozen=True)
class Asked:
    """One thing that is missing: where it would stand (RFC 6901), what to ask for, and why."""

    pointer: str
    ask: str
    why: str


@dataclass(frozen=True)
class Quality:
    """`score` runs from 0 to 100; each thing that is missing takes its weight away."""

    score: int
    missing: tuple[Asked, ...]
    warnings: tuple[Warned, ...]


def quality_of(document: Mapping[str, Any], received_on: date) -> Quality:
    """Return score, questions and warnings of a valid referral document; the same document always gives the same.

    The weights of all questions add up to 100. A question about the children takes its share for each child who
    lacks the answer, rounded up. Where telling the family could harm, what the family was told and agreed to is
    neither asked nor marked down.
    """
    children = document["children"]
    asked = [*_duty_to_report(document, received_on)]
    lost = 0
    for question in QUESTIONS:
        if question.lacking(document):
            lost += question.weight
            asked.append(Asked(question.pointer, question.ask, question.why))
    for of_child in CHILD_QUESTIONS:
        lacking = [index for index, child in enumerate(children) if of_child.lacking(document, child)]
        lost += -(-of_child.weight * len(lacking) // len(children))
        asked += [Asked(f"/children/{index}{of_child.pointer}", of_child.ask, of_child.why) for index in lacking]
    unclear = document.get("not_understood", ())
    lost += min(len(unclear), MOST_LOST)
    asked += _asked_again(unclear, {one.pointer for one in asked})
    warnings = (*warnings_of(document, received_on), *warnings_of_reading(document))
    return Quality(max(0, 100 - lost), tuple(asked), warnings)


def _asked_again(unclear: Sequence[Mapping[str, Any]], asked: AbstractSet[str]) -> Iterator[Asked]:
    for pointer, detail in _outside(unclear).items():
        if pointer not in asked:
            yield Asked(pointer, f"Please send this again. {detail}", "It is kept as sent, for a person to read.")


def warnings_of_reading(document: Mapping[str, Any]) -> Iterator[Warned]:
    """Warn of what was not understood, which no answer repeats, and of replaced characters."""
    for pointer, detail in _outside(document.get("not_understood", ())).items():
        yield Warned(pointer, f"This was not understood, and counts as not known. {detail}")
    if more := document.get("not_understood_more"):
        yield Warned("", f"{more} more were not understood. They are kept, unread. Please correct and send again.")
    for pointer in document.get("characters_replaced", ()):
        yield Warned(outside(pointer), "Characters that are no text stood here; each is shown as \ufffd.")


def _outside(unclear: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return places that may leave in an answer, each once with what is wrong there."""
    return {outside(one["pointer"]): one["detail"] for one in reversed(unclear)}


def _part(pointer: str) -> str:
    """Return the part of a referral that a pointer means, of whichever child."""
    return CHILD.sub("/children/", pointer)


ASKS: Mapping[str, str] = {
    **{f"/children{question.pointer}": question.ask for question in CHILD_QUESTIONS},
    **{question.pointer: question.ask for question in reversed(QUESTIONS) if question.weight},
}
"""What is asked for each part whose absence costs score; where two ask of one part, the first."""


def parts_missing(quality: Quality) -> list[str]:
    """Return the parts whose absence cost score, each once."""
    return [part for part in dict.fromkeys(_part(asked.pointer) for asked in quality.missing) if part in ASKS]


def _duty_to_report(document: Mapping[str, Any], received_on: date) -> Iterator[Asked]:
    """Ask teachers and health professionals to report known female genital mutilation themselves.

    Female Genital Mutilation Act 2003, section 5B: it binds them for girls under 18.
    """
    if document.get("source") not in BOUND_TO_REPORT:
        return
    for index, entry in enumerate(document["concern"].get("indicators", [])):
        children = document["children"] if entry.get("child") is None else [document["children"][entry["child"]]]
        if (
            entry["code"] == FGM
            and entry["status"] == "present"
            and not all(is_adult(child, received_on) for child in children)
        ):
            yield Asked(
                f"/concern/indicators/{index}/code",
                "If a girl told you of female genital mutilation, or you saw it, report it to the police "
                "yourself, by telephone on 101. Have you?",
                "Teachers and regulated health professionals must; this referral does not do it for you.",
            )
