"""How much each client may ask of the front door, from the environment. Read once by each process."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.allowances import Allowance, Rate

PREFIX = "rate_"


def _rate(written: str | Rate) -> Rate:
    return written if isinstance(written, Rate) else Rate.parse(written)


Written = Annotated[Rate, NoDecode, BeforeValidator(_rate)]


class RateSettings(BaseSettings):
    """Every field is listed in docs/settings.md; there is one for each allowance."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_", frozen=True, extra="ignore")

    rate_submissions: Written = Field(Rate(300, 10), description="Referrals of one agency, or one of the staff.")
    rate_danger: Written = Field(
        Rate(60, 2), description="Those in immediate danger, which fall back on the others' allowance."
    )
    rate_reads: Written = Field(Rate(500, 50), description="Reads of one of the staff.")
    rate_partner_reads: Written = Field(Rate(300, 20), description="Reads of one agency, or one of its people.")
    rate_changes: Written = Field(Rate(300, 20), description="Whatever else one client records or changes.")
    rate_checks: Written = Field(Rate(120, 5), description="Threshold checks of one agency.")
    rate_claims: Written = Field(Rate(60, 1), description="Cases that one of the staff claims.")
    rate_tokens: Written = Field(Rate(300, 10), description="Access tokens that one agency is given.")
    rate_verifications: Written = Field(
        Rate(30, 0.5), description="Challenges that one agency has sent to receivers of its own."
    )
    rate_failed_proofs: Written = Field(
        Rate(200, 5), description="Tokens, assertions, sessions and sign-ins of one address that are no good."
    )
    most_waits: int = Field(50, ge=1, description="Reads of one client that wait at a time, by `wait`, in one process.")

    def rates(self) -> Mapping[Allowance, Rate]:
        return {allowance: getattr(self, f"{PREFIX}{allowance}") for allowance in Allowance}
