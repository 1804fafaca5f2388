"""What the environment may say to the notifications service."""

import pytest
from pydantic import ValidationError

from tests.notifications.configuration import new_settings


def test_a_lease_outlives_an_attempt() -> None:
    """A lease that an attempt could outlive is refused at start."""
    with pytest.raises(ValidationError, match="FRONTDOOR_WEBHOOK_LEASE_SECONDS"):
        new_settings(webhook_lease_seconds=15, webhook_total_seconds=15)


def test_domains_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The approved domains are JSON in one variable, by agency."""
    monkeypatch.setenv("FRONTDOOR_WEBHOOK_DOMAINS", '{"northants-police": ["police.example"]}')
    assert new_settings().webhook_domains == {"northants-police": ("police.example",)}


@pytest.mark.parametrize(("profile", "allowed"), [("demo", True), ("standard", False), ("production", False)])
def test_only_the_demo_allows_loopback(profile: str, allowed: bool) -> None:
    """Receivers on this machine belong to the demo's profile and to no other."""
    assert new_settings(profile=profile).allow_loopback is allowed
