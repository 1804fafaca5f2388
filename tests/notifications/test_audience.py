"""Who sees which event, and as what."""

from uuid import UUID

import pytest

from services.notifications.domain.audience import (
    SIGHT,
    WEBHOOK_TYPES,
    Role,
    detail_path,
    role_of,
    status_shown,
)
from shared.events import BY_TYPE

REFERRAL = UUID("0198f2a0-0000-7000-8000-000000000001")
OFFER = UUID("0198f2a0-0000-7000-8000-000000000002")
SCHOOL, HUB = "towcester-primary", "towcester-family-hub"


def test_every_event_type_is_decided() -> None:
    """Each type of the shared vocabulary has its row: none is shown by omission, none forgotten."""
    assert set(SIGHT) == set(BY_TYPE)


@pytest.mark.parametrize(
    ("short", "agency", "role", "status"),
    [
        ("referral.submitted", SCHOOL, Role.SUBMITTER, "received"),
        ("case.opened", SCHOOL, Role.SUBMITTER, "in_triage"),
        ("case.routed", SCHOOL, Role.SUBMITTER, "in_triage"),
        ("case.decided", SCHOOL, Role.SUBMITTER, "decided"),
        ("case.acknowledged", SCHOOL, Role.SUBMITTER, "decided"),
        ("case.reopened", SCHOOL, Role.SUBMITTER, "in_triage"),
        ("case.overdue", SCHOOL, None, None),
        ("information.requested", HUB, Role.ASKED, "asked"),
        ("information.requested", SCHOOL, Role.SUBMITTER, "information_requested"),
        ("information.overdue", HUB, Role.ASKED, "overdue"),
        ("information.overdue", SCHOOL, None, None),
        ("early_help.offered", HUB, Role.PROVIDER, "offered"),
        ("early_help.offered", SCHOOL, None, None),
        ("early_help.closed", HUB, Role.PROVIDER, "closed"),
        ("early_help.closed", SCHOOL, Role.SUBMITTER, "decided"),
        ("endpoint.disabled", SCHOOL, Role.OWNER, "disabled"),
    ],
)
def test_sight(short: str, agency: str, role: Role | None, status: str | None) -> None:
    """A submitter sees its referral's way, a provider its offers, an owner its endpoint, and no more."""
    event_type = f"uk.frontdoor.{short}.v1"
    addressee = HUB if short.startswith(("early_help", "information")) else None
    assert role_of(event_type, agency, addressee) is role
    if role is not None:
        assert status_shown(event_type, role, "decided") == status


def test_unknown_type_is_seen_by_nobody() -> None:
    """An event type without a row has no audience here."""
    assert role_of("uk.frontdoor.policy.activated.v1", SCHOOL, None) is None


def test_provider_of_its_own_referral_sees_the_offer() -> None:
    """Where submitter and provider are one agency, offers are shown as offers."""
    assert role_of("uk.frontdoor.early_help.closed.v1", HUB, HUB) is Role.PROVIDER


def test_detail_paths() -> None:
    """A submitter is pointed to its referral, a provider to its offer, each with the status to wait for."""
    assert detail_path(REFERRAL, None, Role.SUBMITTER, "decided") == (
        f"/v1/referrals/{REFERRAL}?status=decided&wait=10"
    )
    assert detail_path(REFERRAL, OFFER, Role.PROVIDER, "offered") == (
        f"/v1/early-help-offers/{OFFER}?status=offered&wait=10"
    )


def test_disabled_endpoints_are_told_by_the_feed_alone() -> None:
    """No webhook carries `endpoint.disabled`, nor what is for staff only."""
    assert set(SIGHT) - set(WEBHOOK_TYPES) == {"uk.frontdoor.endpoint.disabled.v1", "uk.frontdoor.case.overdue.v1"}
