"""What the notifications service reads from its environment; the lowest room, open to all others."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from shared.settings.environment import Profile, ServiceSettings


class Settings(ServiceSettings):
    """Every field is listed in docs/settings.md."""

    webhook_domains: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="JSON: agency slug to the domains its webhooks may go to, subdomains included.",
    )
    webhook_connect_seconds: float = Field(5, gt=0, description="Longest wait for a receiver's connection.")
    webhook_total_seconds: float = Field(15, gt=0, description="Longest time of one attempt in all.")
    webhook_lease_seconds: float = Field(
        20, gt=0, description="How long a claimed delivery is one worker's; more than an attempt may take."
    )
    webhook_attempts_at_once: int = Field(256, gt=0, description="Attempts under way in one worker.")
    webhook_attempts_per_endpoint: int = Field(4, gt=0, description="Attempts under way at one endpoint.")
    submission_wait_seconds: float = Field(
        5, ge=0, description="Longest wait for a referral's own submission before news of its case is passed on."
    )

    @model_validator(mode="after")
    def _lease_outlives_attempt(self) -> Self:
        if self.webhook_lease_seconds <= self.webhook_total_seconds:
            raise ValueError("FRONTDOOR_WEBHOOK_LEASE_SECONDS has to be more than FRONTDOOR_WEBHOOK_TOTAL_SECONDS")
        return self

    @property
    def allow_loopback(self) -> bool:
        """Whether receivers on this machine are allowed, http and any port: in the demo alone."""
        return self.profile is Profile.DEMO
