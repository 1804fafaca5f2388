"""Documents in danger that do not fit, and what would be stored of a document read leniently."""

from typing import Any

from services.referrals.domain import call_now_of, quality_of
from services.referrals.schemas import parse_referral, read_referral
from shared.http.lenient import Document as Body
from shared.http.mending import mend_json
from shared.http.strict import parse_json
from shared.not_understood import BESIDE
from shared.problems import BadRequest
from shared.settings.hub import Hub
from tests.referrals.documents import RECEIVED_AT, Document, child, document, indicators
from tests.referrals.odd import body_of


def in_danger(concern: dict[str, Any] | None = None, **said: Any) -> Document:
    return document({"immediate_danger": "yes", **(concern or {})}, **said)


def read(sent: Any, hub: Hub) -> Document:
    """Return what would be stored of a document, which is valid whatever was sent."""
    body = body_of(sent)
    try:
        parsed = Body(parse_json(body), as_sent=body)
    except BadRequest as refused:
        mended = mend_json(body, refused)
        parsed = Body(mended.document, replaced=mended.replaced, as_sent=body)
    stored = read_referral(parsed, hub, "2A", RECEIVED_AT).document()
    parse_referral({name: part for name, part in stored.items() if name not in BESIDE}, hub, "2A", RECEIVED_AT)
    quality = quality_of(stored, RECEIVED_AT.date())
    assert 0 <= quality.score <= 100
    call_now_of(stored, hub, RECEIVED_AT)
    return stored


def unclear(stored: Document) -> dict[str, Any]:
    return {one["pointer"]: one["value"] for one in stored.get("not_understood", ())}


WRONG: dict[str, tuple[Document, dict[str, Any]]] = {
    "code": (in_danger(children=[child(ethnicity="A")]), {"/children/0/ethnicity": "A"}),
    "two letters": (in_danger(children=[child(first_language="en")]), {"/children/0/first_language": "en"}),
    "time for a day": (
        in_danger({"happened_on": "2026-11-19T10:00:00Z"}),
        {"/concern/happened_on": "2026-11-19T10:00:00Z"},
    ),
    "unknown field": (in_danger(shoe_size=[7, "wide"]), {"/shoe_size": [7, "wide"]}),
    "unknown indicator": (
        in_danger({"indicators": [{"code": "moon_sickness", "note": "At night."}, *indicators("self_harm")]}),
        {"/concern/indicators/0": {"code": "moon_sickness", "note": "At night."}},
    ),
    "status": (
        in_danger({"indicators": [{"code": "self_harm", "status": "suspected"}]}),
        {"/concern/indicators/0": {"code": "self_harm", "status": "suspected"}},
    ),
    "nobody's sign": (
        in_danger({"indicators": [{"code": "self_harm", "status": "ruled_out", "child": 7}]}),
        {"/concern/indicators/0": {"code": "self_harm", "status": "ruled_out", "child": 7}},
    ),
    "anybody's sign": (
        in_danger({"indicators": [{"code": "self_harm", "status": "present", "child": "the elder"}]}),
        {"/concern/indicators/0/child": "the elder"},
    ),
    "long name": (in_danger(children=[child(family_name="n" * 201)]), {"/children/0/family_name": "n" * 201}),
    "nameless": (in_danger(children=[child(given_name=["Robin"])]), {"/children/0/given_name": ["Robin"]}),
    "no list": (in_danger(children="Robin, about 7"), {"/children": "Robin, about 7"}),
    "no child": (in_danger(children=["Robin", child()]), {"/children/0": "Robin"}),
    "two ages": (
        in_danger(children=[child(estimated_age_years=9)]),
        {"/children/0/estimated_age_years": 9},
    ),
    "nobody agreed": (in_danger(openness={"agreement": {"position": "given", "by": 3}}), {"/openness/agreement/by": 3}),
    "no object": (in_danger(openness="They know."), {"/openness": "They know."}),
    "items": (
        in_danger(children=[child(disabilities=["HAND", 5, "MOB", "??"])]),
        {"/children/0/disabilities/1": 5, "/children/0/disabilities/3": "??"},
    ),
    "kind": (in_danger(kind="urgent"), {"/kind": "urgent"}),
    "source": (in_danger(source="Z9"), {"/source": "Z9"}),
}


def places_of(sent: Any) -> Any:
    """Yield, for each place of a document, a function that returns it with another value at that place."""
    yield lambda value: value
    entries = sent.items() if isinstance(sent, dict) else enumerate(sent) if isinstance(sent, list) else ()
    for key, part in list(entries):
        for place in places_of(part):
            yield lambda value, key=key, place=place: _with(sent, key, place(value))


def _with(sent: Any, key: Any, value: Any) -> Any:
    copied = sent.copy()
    copied[key] = value
    return copied
