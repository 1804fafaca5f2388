"""What every service reads from `FRONTDOOR_*` variables; each service's `settings.py` adds its own fields."""

import base64
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

STARTER_HUB = Path(__file__).parents[2] / "deploy" / "hubs" / "northamptonshire"


class Profile(StrEnum):
    """`demo` allows loopback receivers and demo keys; `production` refuses both."""

    DEMO = "demo"
    STANDARD = "standard"
    PRODUCTION = "production"


class ServiceSettings(BaseSettings):
    """Common to the three services; every field is listed in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_", frozen=True, extra="ignore")

    profile: Profile = Field(Profile.STANDARD, description="`demo`, `standard` or `production`; demo keys need `demo`.")
    database_url: SecretStr = Field(description="PostgreSQL of this service, as its app role.")
    issuer: str = Field(
        "http://localhost:8000", description="Issuer of access tokens, and their audience; also the base URL."
    )
    hub_dir: Path = Field(STARTER_HUB, description="Folder of the hub's data: hub.yaml, policy, codes, directory.")
    vault_key: SecretStr = Field(description="32 bytes in base64: wraps the key of each sealed record.")
    outbox_retention_days: int = Field(7, ge=1, description="How long events are kept once every reader has them.")
    index_key: SecretStr = Field(description="32 bytes in base64: makes the blind indexes.")
    fault_patience_seconds: float = Field(
        300.0,
        ge=0,
        description="How long an event that a fault of ours holds up is tried again, before it is a dead letter.",
    )
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector that traces are sent to, as `http://host:4318`; none, no traces."
    )


def key_bytes(secret: SecretStr) -> bytes:
    """Return the bytes of a key given in base64."""
    return base64.b64decode(secret.get_secret_value(), validate=True)
