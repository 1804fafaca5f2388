"""A referral of which something was not understood: a case all the same, that a person looks at."""

import pytest

from services.triage.domain import History, facts_of
from shared.settings.hub import Hub
from tests.referrals.documents import RECEIVED_AT, document, indicators
from tests.referrals.reading import read, unclear
from tests.triage.conftest import Front, example


async def test_nothing_routes_over_what_was_not_understood(front: Front, hub: Hub) -> None:
    """A referral that would be routed is not, where lenient reading kept something of it beside."""
    routable = example("03")
    odd = read({**routable, "shoe_size": 7}, hub)

    before = await front.case_of(await front.submit(routable))
    case = await front.case_of(await front.submit(odd))

    assert (before["receipt"]["auto_route"], case["receipt"]["auto_route"]) == (True, False)
    assert "not_understood" in case["receipt"]["review_required"]
    assert case["priority"] == "amber"
    assert unclear(case["referral"]) == {"/shoe_size": 7}


async def test_a_sign_that_was_not_understood_may_be_any(front: Front, hub: Hub) -> None:
    """It is unknown and never absent: the receipt says how far it could reach, until a screener settles it."""
    odd = read(document({"indicators": [{"code": "moon_sickness"}, *indicators("attendance_slipping")]}), hub)

    case = await front.case_of(await front.submit(odd))

    assert case["receipt"]["could_reach"]["level"] == 4
    assert case["receipt"]["level"] == 2


@pytest.mark.parametrize(
    ("pointer", "sign"),
    [
        ("/concern/indicators/0", True),
        ("/concern/indicators", True),
        ("/concern", True),
        ("", True),
        ("/concern/happened_on", False),
        ("/children/0/sex", False),
    ],
)
def test_what_may_have_been_a_sign(pointer: str, sign: bool) -> None:
    """Only what stood where signs stand leaves them unknown; a coding can settle that, and not that it was so."""
    kept = {**document(), "not_understood": [{"pointer": pointer, "value": 1, "detail": "No."}]}
    settled = History(coded_facts={"not_understood": False, "indicator_not_understood": False})

    facts = facts_of(kept, 0, RECEIVED_AT, History())

    assert facts["not_understood"] is True
    assert facts.get("indicator_not_understood", False) is sign
    assert facts_of(kept, 0, RECEIVED_AT, settled)["not_understood"] is True
    assert facts_of(kept, 0, RECEIVED_AT, settled)["indicator_not_understood"] is False
    assert "not_understood" not in facts_of(document(), 0, RECEIVED_AT, History())
