"""What triage reads from the environment."""

from pydantic import Field, SecretStr

from shared.settings.environment import ServiceSettings


class Settings(ServiceSettings):
    details_patience_seconds: float = Field(
        5.0, ge=0, description="How long a new case waits for its referral before it opens with details pending."
    )
    details_retry_seconds: float = Field(
        2.0, gt=0, description="How often details that are pending are asked for again."
    )
    lapse_check_seconds: float = Field(10.0, gt=0, description="How often claims that lay idle are given back.")
    oidc_issuer: str | None = Field(
        None, description="Staff sign in here by OpenID Connect; none, and nobody can outside the demo."
    )
    oidc_client_id: str = Field("frontdoor", description="The staff pages as the provider knows them.")
    oidc_client_secret: SecretStr | None = Field(None, description="Their secret; none, and they are a public client.")
    oidc_scope: str = Field("openid profile", description="What the provider is asked for, with `openid` among it.")
    oidc_roles_claim: str = Field("roles", description="The claim of the ID token that lists a person's roles.")
