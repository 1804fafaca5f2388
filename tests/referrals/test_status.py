"""States move only legally, and references can be told by telephone."""

import re
from datetime import UTC, datetime
from itertools import pairwise, product

import pytest

from services.referrals.domain import ReferralStatus, can_move, has_reached, new_reference
from services.referrals.domain.status import CROCKFORD

R = ReferralStatus
LEGAL = {
    (R.RECEIVED, R.IN_TRIAGE),
    (R.IN_TRIAGE, R.INFORMATION_REQUESTED),
    (R.INFORMATION_REQUESTED, R.IN_TRIAGE),
    (R.IN_TRIAGE, R.DECIDED),
    (R.INFORMATION_REQUESTED, R.DECIDED),
    (R.RECEIVED, R.WITHDRAWN),
    (R.IN_TRIAGE, R.WITHDRAWN),
    (R.INFORMATION_REQUESTED, R.WITHDRAWN),
    (R.WITHDRAWN, R.DECIDED),
    (R.DECIDED, R.IN_TRIAGE),
}


@pytest.mark.parametrize(("status", "to"), list(product(R, R)))
def test_only_legal_moves(status: ReferralStatus, to: ReferralStatus) -> None:
    """Every pair of states is a legal move or is none."""
    assert can_move(status, to) is ((status, to) in LEGAL)


def test_waiting_ends_when_a_state_is_reached_or_passed() -> None:
    """Who waits for a state stops there or at any state after it."""
    assert all(has_reached(status, status) for status in R)
    assert all(has_reached(later, earlier) and not has_reached(earlier, later) for earlier, later in pairwise(R))


def test_references_are_well_formed_and_differ() -> None:
    """Year and month, then eight symbols without I, L, O and U."""
    made = {new_reference(datetime(2026, 11, 20, tzinfo=UTC)) for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(rf"FD-2611-[{CROCKFORD}]{{4}}-[{CROCKFORD}]{{4}}", reference) for reference in made)
