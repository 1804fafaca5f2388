"""How a child of a referral is called."""

import pytest

from services.triage.domain.child import called


@pytest.mark.parametrize(
    ("child", "name"),
    [
        ({"given_name": "Robin", "family_name": "Sample"}, "Robin Sample"),
        ({"given_name": "not known", "family_name": "Sample"}, "Sample"),
        ({"given_name": "Not Known", "family_name": "Sample"}, "Sample"),
        ({"given_name": "NOT KNOWN"}, "Name not known"),
        ({"given_name": "not known", "expected_delivery_date": "2027-01-05"}, "Unborn child"),
    ],
)
def test_a_name_that_nobody_knows_is_none(child: dict[str, str], name: str) -> None:
    """However its sender spells that, as where the name is asked for."""
    assert called(child) == name
