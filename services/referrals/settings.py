"""What the referrals service reads from its environment; the lowest room, open to all others."""

from pydantic import Field, SecretStr

from shared.settings.environment import ServiceSettings


class Settings(ServiceSettings):
    """Every field is listed in docs/settings.md."""

    signing_key: SecretStr = Field(description="Private JWK (EC on P-256, with kid) that signs access tokens.")
    disabled_check_seconds: float = Field(
        10.0, gt=0, le=60, description="How often disabled agencies are looked up, so that their tokens stop working."
    )
