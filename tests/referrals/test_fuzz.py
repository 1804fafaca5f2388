"""Whatever is sent is a referral or is invalid, and no error says what it was."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.referrals.schemas import ReferralIn, parse_referral
from shared.problems import Invalid
from shared.settings.hub import Hub
from tests.referrals.documents import RECEIVED_AT, document, indicators, member

CANARY = "Zzyzx Canarywharf"


def parse(sent: Any, hub: Hub) -> ReferralIn:
    return parse_referral(sent, hub, "2A", RECEIVED_AT)


def test_no_error_echoes_the_input(hub: Hub) -> None:
    """Whatever field holds a name, as a value or as a field's own name, no error repeats it."""
    for place in _places(document(household=[member()], openness={"agreement": {"by": 0}})):
        for poisoned in ({CANARY: CANARY}, [CANARY], CANARY + "\u202e" * 21_000):
            try:
                parse(place(poisoned), hub)
            except Invalid as refused:
                told = json.dumps([[error.pointer, error.detail] for error in refused.errors]) + refused.detail
                assert "Canarywharf" not in told


def _places(sent: Any) -> Any:
    """Yield, for each place of a document, a function that returns it with another value at that place."""
    yield lambda value: value
    entries = sent.items() if isinstance(sent, dict) else enumerate(sent) if isinstance(sent, list) else ()
    for key, part in list(entries):
        for place in _places(part):
            yield lambda value, key=key, place=place: _with(sent, key, place(value))


def _with(sent: Any, key: Any, value: Any) -> Any:
    copied = sent.copy()
    copied[key] = value
    return copied


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(sent=json_values)
def test_any_value_is_a_referral_or_invalid(sent: Any, hub: Hub) -> None:
    """A value of any shape leads to no other error."""
    _parse_or_invalid(sent, hub)


@settings(max_examples=600, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chosen=st.integers(min_value=0), value=json_values, other=json_values)
def test_any_change_of_a_document_is_a_referral_or_invalid(chosen: int, value: Any, other: Any, hub: Hub) -> None:
    """Any value at any two places of a whole document leads to no other error."""
    sent = document({"indicators": indicators("self_harm")}, household=[member()], openness={"agreement": {"by": 0}})
    places = list(_places(sent))
    once = places[chosen % len(places)](value)
    again = list(_places(once))
    _parse_or_invalid(again[(chosen // len(places)) % len(again)](other), hub)


def _parse_or_invalid(sent: Any, hub: Hub) -> None:
    try:
        referral = parse(sent, hub)
    except Invalid:
        return
    assert parse(json.loads(referral.model_dump_json(exclude_none=True)), hub) == referral
