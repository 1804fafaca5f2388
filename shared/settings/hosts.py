"""Under which hosts the front door may be asked, from the environment. Read once by each process."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _hosts(written: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(host.strip() for host in written.split(",") if host.strip()) if isinstance(written, str) else written


class HostSettings(BaseSettings):
    """Its field is listed in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_", frozen=True, extra="ignore")

    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = Field(
        (),
        description="Hosts that are answered under beside the issuer's, separated by commas; none, and any is.",
    )
