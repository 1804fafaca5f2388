"""Whatever is sent is a referral or is invalid, and no error says what it was."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.referrals.schemas import ReferralIn, parse_referral
from shared.problems import Invalid
from shared.settings.hub import Hub
from tests.referrals.documents import RECEIVED_AT, document, indicators, member
from tests.referrals.reading import places_of

CANARY = "Zzyzx Canarywharf"


def parse(sent: Any, hub: Hub) -> ReferralIn:
    return parse_referral(sent, hub, "2A", RECEIVED_AT)


def test_no_error_echoes_the_input(hub: Hub) -> None:
    """Whatever field holds a name, as a value or as a field's own name, no error repeats it."""
    for place in places_of(document(household=[member()], openness={"agreement": {"by": 0}})):
        for poisoned in ({CANARY: CANARY}, [CANARY], CANARY + "\u202e" * 21_000):
            try:
                parse(place(poisoned), hub)
            except Invalid as refused:
                told = json.dumps([[error.pointer, error.detail] for error in refused.errors]) + refused.detail
                assert "Canarywharf" not in told


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
    places = list(places_of(sent))
    once = places[chosen % len(places)](value)
    again = list(places_of(once))
    _parse_or_invalid(again[(chosen // len(places)) % len(again)](other), hub)


def _parse_or_invalid(sent: Any, hub: Hub) -> None:
    try:
        referral = parse(sent, hub)
    except Invalid:
        return
    assert parse(json.loads(referral.model_dump_json(exclude_none=True)), hub) == referral
