"""What the fields of a referral owe to each other. Run by the API, on the document as sent: no error hides another."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.problems import FieldError
from shared.text import is_blank

AGES = ("date_of_birth", "expected_delivery_date", "estimated_age_years")
ANONYMOUS = "9"
LONGEST_LIST = 200
"""No list may be longer, which is told anyway."""


def broken_rules(document: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what lacks or contradicts another field; silent where a type is wrong, since that is told anyway."""
    yield from _referrer(document)
    yield from contradictions(document)


def contradictions(document: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield the fields that can't stand beside what other fields say."""
    for index, child in enumerate(_objects(document, "children")):
        yield from _child(f"/children/{index}", child)
    yield from _indexes(document)


def _referrer(document: Mapping[str, Any]) -> Iterator[FieldError]:
    danger = _within(document, "concern").get("immediate_danger")
    if danger != "no" or document.get("source") == ANONYMOUS:
        return
    referrer = _within(document, "referrer")
    if not _filled(referrer.get("name")):
        yield FieldError("/referrer/name", "Say who refers.")
    if not (_filled(referrer.get("phone")) or _filled(referrer.get("email"))):
        yield FieldError("/referrer", "Give a phone or an email at which the referrer can be reached.")


def _child(pointer: str, child: Mapping[str, Any]) -> Iterator[FieldError]:
    given = [name for name in AGES if child.get(name) is not None]
    for name in given[1:]:
        yield FieldError(f"{pointer}/{name}", f"Send only one of {', '.join(AGES)}.")
    disabilities = child.get("disabilities")
    if isinstance(disabilities, list) and "NONE" in disabilities and len(disabilities) > 1:
        yield FieldError(f"{pointer}/disabilities", "NONE excludes every other code.")


def _indexes(document: Mapping[str, Any]) -> Iterator[FieldError]:
    children = document.get("children")
    for index, indicator in enumerate(_objects(_within(document, "concern"), "indicators")):
        if _beyond(indicator.get("child"), children):
            yield FieldError(f"/concern/indicators/{index}/child", "There is no such child in children.")
    by = _within(_within(document, "openness"), "agreement").get("by")
    if _beyond(by, document.get("household", [])):
        yield FieldError("/openness/agreement/by", "There is no such person in household.")


def _beyond(index: Any, people: Any) -> bool:
    return type(index) is int and isinstance(people, list) and index >= len(people)


def _filled(text: Any) -> bool:
    return not is_blank(text) if isinstance(text, str) else text is not None


def _within(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}


def _objects(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = document.get(name)
    first = listed[:LONGEST_LIST] if isinstance(listed, list) else []
    return [item if isinstance(item, Mapping) else {} for item in first]
