"""What a process that serves HTTP reads beside its service's own settings."""

from ipaddress import ip_network
from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings.environment import Profile


class Patience(BaseSettings):
    """How much a caller may ask of a process by being slow, or many; read by `up` and by `serve`."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_", frozen=True, extra="ignore")

    caller_seconds: float = Field(
        10.0, gt=0, description="How long a caller may take for a request's headers, for its body, and to read on."
    )
    upload_bytes_per_second: int = Field(
        16_384, gt=0, description="The least rate, over that time, of a body that may be large."
    )
    connections: int = Field(
        4096, ge=16, description="Most connections; beyond, those whose requests lie unfinished longest are closed."
    )
    trusted_proxies: str = Field(
        "", description="Addresses and networks of proxies whose `X-Forwarded-For` is believed, separated by commas."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, written: str) -> str:
        """Raise `ValueError` for what is neither, which would be passed over in silence, and for `*`."""
        for one in filter(None, written.split(",")):
            ip_network(one.strip())
        return written


class TrustedIssuer(BaseModel):
    """Where the keys of an issuer are, and whether it speaks for staff."""

    jwks_url: str
    staff: bool = False


class ServeSettings(BaseSettings):
    """Every field is listed in docs/settings.md; `issuer` and `profile` are read by the services too."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_", frozen=True, extra="ignore")

    kafka: str = Field(description="Kafka's bootstrap servers: host:port, separated by commas.")
    issuer: str = Field(
        "http://localhost:8000", description="Issuer of access tokens, and their audience; also the base URL."
    )
    client_key: SecretStr = Field(description="Private JWK by which this service asks for tokens of its own.")
    referrals_url: str = Field(
        "http://localhost:8001", description="Where the referrals service answers: details, tokens and their keys."
    )
    triage_url: str = Field("http://localhost:8002", description="Where triage answers: feedback of decided cases.")
    notifications_url: str = Field(
        "http://localhost:8003", description="Where notifications answers: how the endpoints of partners do."
    )
    trusted_issuers: dict[str, TrustedIssuer] = Field(
        default_factory=dict,
        description="JSON: further issuers by name, each with `jwks_url` and whether it speaks for `staff`.",
    )
    demo_staff_key: SecretStr | None = Field(
        None, description="Public JWK of the demo's staff tokens; taken under the profile `demo` alone."
    )
    host: str = Field("127.0.0.1", description="Address that is listened on.")
    drain_seconds: float = Field(
        0.5, ge=0, description="How long `/health/ready` says 503 before a process that was asked to stop does so."
    )
    instance: str | None = Field(
        None, description="Name of this process in its consumer group, unlike any other's; host and port where absent."
    )
    profile: Profile = Field(Profile.STANDARD, description="`demo`, `standard` or `production`; demo keys need `demo`.")

    @model_validator(mode="after")
    def _no_demo_elsewhere(self) -> Self:
        if self.demo_staff_key is not None and self.profile is not Profile.DEMO:
            raise ValueError("FRONTDOOR_DEMO_STAFF_KEY needs FRONTDOOR_PROFILE=demo")
        return self
