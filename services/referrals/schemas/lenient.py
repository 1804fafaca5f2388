"""From a document that must not be refused to a referral, or to information, and what of it was not understood.

Run by the API. What can't be read counts as not known: the more careful of two readings stands in its place.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

from services.referrals.schemas.amendments import InformationIn
from services.referrals.schemas.parse import children_beyond, context_of, parse_information, parse_referral
from services.referrals.schemas.people import Answer as YesNo
from services.referrals.schemas.people import Withheld
from services.referrals.schemas.referral import ReferralIn
from services.referrals.schemas.rules import contradictions
from services.referrals.schemas.text import LONGEST as LONGEST_NARRATIVE
from shared.http.lenient import Document, says_something
from shared.problems import FieldError
from shared.reading import Reading, StandIns, as_story, read_leniently
from shared.settings.hub import Hub
from shared.text import NOT_KNOWN, line


def read_strictly(document: Document, hub: Hub, default_source: str, received_at: datetime) -> Reading[ReferralIn]:
    """Return the referral; raises `Invalid` as `parse_referral` does."""
    return Reading(parse_referral(document.content, hub, default_source, received_at))


def read_referral(document: Document, hub: Hub, default_source: str, received_at: datetime) -> Reading[ReferralIn]:
    """Return the referral, and what was not understood of a document that tells of a child."""
    content = document.content
    content = content if content.get("source") is not None else {**content, "source": default_source}
    stand_ins = {**STAND_INS, "/source": lambda _: default_source}
    reading = read_leniently(ReferralIn, content, context_of(hub, received_at), stand_ins, contradictions)
    return reading.beside(document.replaced, document.as_sent)


def read_information_strictly(document: Document, hub: Hub, children: int) -> Reading[InformationIn]:
    """Return what is added; raises `Invalid` as `parse_information` does."""
    return Reading(parse_information(document.content, hub, children))


def read_information(document: Document, hub: Hub, children: int) -> Reading[InformationIn]:
    """Return what is added to a referral of so many children, and what was not understood of it."""

    def beyond(information: Mapping[str, Any]) -> Iterator[FieldError]:
        return children_beyond(information.get("indicators") or (), children)

    context = {"code_lists": hub.code_lists}
    reading = read_leniently(InformationIn, document.content, context, INFORMATION_STAND_INS, beyond)
    return reading.beside(document.replaced, document.as_sent)


def tells_of_harm(content: Any, hub: Hub) -> bool:
    """Tell whether what is added says of itself that a child may be in danger, as a sign of level 4 does."""
    if not isinstance(content, Mapping):
        return False
    signs = content.get("indicators")
    present = [
        sign.get("code") for sign in (signs if isinstance(signs, list) else ())
        if isinstance(sign, Mapping) and sign.get("status") != "ruled_out"
    ]  # fmt: skip
    grave = any(isinstance(code, str) and line(code) in hub.level_4_indicators for code in present)
    return grave or content.get("immediate_danger", "no") != "no"


def adds_something(content: Any) -> bool:
    """Tell whether a document has the least that is taken for information: a text, or an indicator."""
    return isinstance(content, Mapping) and says_something([content.get("text"), content.get("indicators")])


def _story(given: Any) -> str:
    return as_story(given, LONGEST_NARRATIVE) if says_something(given) else NOT_KNOWN


def _child(_: Any = None) -> dict[str, Any]:
    return {"given_name": NOT_KNOWN}


def _concern(given: Any) -> dict[str, Any]:
    return {"what_happened": _story(given), "immediate_danger": "not_known"}


def _least(document: Any) -> dict[str, Any]:
    concern = document.get("concern")
    danger = concern.get("immediate_danger") if isinstance(concern, Mapping) else None
    readable = {"immediate_danger": danger} if danger in get_args(YesNo) else {}
    return {"children": [_child()], "concern": {**_concern(document), **readable}}


def _is_sent(given: Any) -> bool:
    return given is not None


STAND_INS: StandIns = {
    "": _least,
    "/restricted": _is_sent,
    "/children": lambda _: [_child()],
    "/children/*": _child,
    "/children/*/given_name": lambda _: NOT_KNOWN,
    "/children/*/location_protected": _is_sent,
    "/household/*": lambda _: {},
    "/household/*/must_not_learn": lambda given: [*get_args(Withheld)] if _is_sent(given) else [],
    "/concern": _concern,
    "/concern/what_happened": _story,
    "/concern/immediate_danger": lambda _: "not_known",
}
"""Children and people keep their places in their lists: others point to them by number."""

INFORMATION_STAND_INS: StandIns = {"": lambda given: {"text": _story(given)}, "/text": _story}
