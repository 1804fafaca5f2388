"""What triage reads from the environment."""

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings.environment import ServiceSettings


class SmtpTls(StrEnum):
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


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
    oidc_agency_claim: str = Field(
        "agency", description="The claim that names the agency of a person whose role is `referrer`, by its slug."
    )
    clock_check_seconds: float = Field(1.0, gt=0, description="How often clocks and pages that are due are looked for.")
    smtp_host: str | None = Field(None, description="Mail server that pages are sent by.")
    smtp_port: int = Field(587, description="Its port.")
    smtp_tls: SmtpTls = Field(SmtpTls.STARTTLS, description="`starttls`, `implicit` or `none`.")
    smtp_username: str | None = Field(None, description="Who signs in at the mail server, if anybody.")
    smtp_password: SecretStr | None = Field(None, description="The password for that.")
    smtp_sender: str = Field("front-door@localhost", description="From whom pages come.")
    notify_api_key: SecretStr | None = Field(None, description="GOV.UK Notify's API key, to send pages by it instead.")
    notify_template_id: str | None = Field(None, description="Its template for e-mails, with the text `((text))`.")
    notify_url: str = Field("https://api.notifications.service.gov.uk", description="Where GOV.UK Notify answers.")

    @property
    def staff_issuer(self) -> str:
        """Return who says who staff are: the provider of the pages, or the demo."""
        return self.oidc_issuer or f"{self.issuer}/staff"

    @model_validator(mode="after")
    def _one_way_to_page(self) -> Self:
        if self.notify_api_key is not None and (self.smtp_host is not None or self.notify_template_id is None):
            msg = "notify_api_key goes with notify_template_id, and without smtp_host"
            raise ValueError(msg)
        return self
