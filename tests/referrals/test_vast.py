"""A document that is wrong in very many places is refused without a look at each."""

import pytest

from services.referrals.schemas import parse_referral
from shared.problems import Invalid
from shared.settings.hub import Hub
from tests.referrals.documents import RECEIVED_AT, child, document


def test_of_very_many_errors_the_first_are_named(hub: Hub) -> None:
    """A document that is wrong in thousands of places is refused with the first hundred, and their number."""
    sent = document() | {f"field_{number}": 1 for number in range(5_000)}
    with pytest.raises(Invalid) as refused:
        parse_referral(sent, hub, "2A", RECEIVED_AT)

    assert len(refused.value.errors) == 100
    assert "the first 100 of 5000" in str(refused.value.detail)


def test_lists_without_end_are_not_looked_through(hub: Hub) -> None:
    """What contradicts itself beyond the longest list is told by the list being too long."""
    twice = {**child(), "date_of_birth": "2018-01-01", "estimated_age_years": 8}
    with pytest.raises(Invalid) as refused:
        parse_referral(document(children=[twice] * 5_000), hub, "2A", RECEIVED_AT)

    assert "/children" in [error.pointer for error in refused.value.errors]
    assert "the first 100 of 201" in str(refused.value.detail)


def test_a_name_without_end_is_not_cleaned(hub: Hub) -> None:
    """What is too long for any line is refused as it is, though nobody could see most of it."""
    with pytest.raises(Invalid) as refused:
        parse_referral(document(children=[child(given_name="Robin" + "\u200b" * 5_000)]), hub, "2A", RECEIVED_AT)

    assert [error.pointer for error in refused.value.errors] == ["/children/0/given_name"]
    cleaned = parse_referral(document(children=[child(given_name="Robin" + "\u200b" * 500)]), hub, "2A", RECEIVED_AT)
    assert cleaned.children[0].given_name == "Robin"
