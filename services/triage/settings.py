"""What triage reads from the environment."""

from pydantic import Field

from shared.settings.environment import ServiceSettings


class Settings(ServiceSettings):
    details_patience_seconds: float = Field(
        5.0, ge=0, description="How long a new case waits for its referral before it opens with details pending."
    )
    details_retry_seconds: float = Field(
        2.0, gt=0, description="How often details that are pending are asked for again."
    )
    lapse_check_seconds: float = Field(10.0, gt=0, description="How often claims that lay idle are given back.")
