"""What callers of the referrals service see."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from services.referrals.domain import CallNow, Quality, ReferralId, ReferralStatus
from services.referrals.schemas.amendments import AmendmentOut
from services.referrals.schemas.text import RequiredName
from shared.http.reading import Count, Moment
from shared.settings.codes import CodeItem


class Links(BaseModel):
    self: str = Field(description="Path of the referral; with `?status=` and `?wait=` it waits for that status.")


class ReferralAccepted(BaseModel):
    """The referral is durable; a person has yet to read it."""

    id: ReferralId
    reference: str = Field(description="For people, such as FD-2611-7K3M-9PXQ.")
    status: Literal[ReferralStatus.RECEIVED] = ReferralStatus.RECEIVED
    received_at: datetime
    decision_due_at: datetime = Field(description="End of the statutory working day.")
    call_now: CallNow | None = Field(description="Whom to ring at once, besides this form.")
    quality: Quality
    links: Links


class ReferralOut(BaseModel):
    """Where a referral stands; `feedback`, `next_step` and `decided_at` once it is decided."""

    id: ReferralId
    reference: str
    agency_reference: str | None = Field(description="The sender's own reference.")
    kind: str
    status: ReferralStatus
    received_at: datetime
    decision_due_at: datetime
    acknowledged_at: datetime | None = Field(description="When a person said that they have it.")
    advice: list[str] = Field(description="What to do meanwhile, the latest that was said: codes of the list `advice`.")
    feedback: str | None
    next_step: str | None
    decided_at: datetime | None
    amendments: list[AmendmentOut] = Field(description="What was sent since, oldest first.")
    links: Links


class ReferralQuery(BaseModel):
    """What a list of referrals is narrowed to, as the URL says it."""

    status: ReferralStatus | None = None
    reference: RequiredName | None = Field(None, description="Ours, such as FD-2611-7K3M-9PXQ.")
    agency_reference: RequiredName | None = Field(None, description="The sender's own reference, whole.")
    received_after: Moment | None = None
    limit: Count = Field(50, ge=1, le=200, description="How many items, 1 to 200.")
    cursor: str | None = Field(None, max_length=512, description="`next_cursor` of the page before.")


class ReferralPage(BaseModel):
    items: list[ReferralOut]
    next_cursor: str | None


class ReferralDetail(BaseModel):
    """The whole referral, for the service that opens its case."""

    id: ReferralId
    reference: str
    agency: str
    source: str
    kind: str
    status: ReferralStatus
    received_at: datetime
    decision_due_at: datetime
    quality: Quality
    referral: dict[str, Any] = Field(description="The document as it was sent, normalised.")


class Feedback(BaseModel):
    """What triage says to the sender's service, of a decision where one stands; the rationale stays with triage."""

    acknowledged_at: datetime | None = None
    advice: list[str] = []
    feedback_to_referrer: str | None = None
    next_step: str | None = None
    decided_at: datetime | None = None


class CodeListSummary(BaseModel):
    name: str
    title: str


class CodeListPage(BaseModel):
    items: list[CodeListSummary]
    next_cursor: str | None


class CodeListOut(CodeListSummary):
    pattern: str | None = Field(description="Where given, every code of this shape is taken.")
    items: tuple[CodeItem, ...]


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - its kind
    expires_in: int
    scope: str


class TokenRefusedOut(BaseModel):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


class TokenServer(BaseModel):
    """RFC 8414."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str] = []
    grant_types_supported: list[str] = ["client_credentials"]
    token_endpoint_auth_methods_supported: list[str] = ["private_key_jwt"]
    token_endpoint_auth_signing_alg_values_supported: list[str]


class KeySetOut(BaseModel):
    """RFC 7517."""

    keys: list[dict[str, str]]


class AgencySeen(BaseModel):
    """An agency as triage sees it; `key_used_at` is the hour in which any of its live keys was used last."""

    slug: str
    name: str
    source: str | None
    enabled: bool
    keys: int
    key_added_at: datetime | None
    key_used_at: datetime | None


class PartMissing(BaseModel):
    """A part of a referral, what is asked for it, and how many referrals were without."""

    part: str
    ask: str
    referrals: int


class QualitySeen(BaseModel):
    """How complete the referrals of one agency were on arrival."""

    referrals: int
    mean_score: float
    missing: list[PartMissing] = Field(description="The most often missing first.")


class AgenciesSeen(BaseModel):
    """Every agency, and by slug the quality of what was received in the last 28 days."""

    agencies: list[AgencySeen]
    quality: dict[str, QualitySeen]


class AgenciesStanding(BaseModel):
    """What each agency refers, which are disabled, and the rates that some have of their own, by allowance."""

    sources: dict[str, str | None]
    disabled: set[str]
    rates: dict[str, dict[str, str]]


class AgencyShown(BaseModel):
    """An agency as an operator sees it; `kids` are its live keys, the newest first."""

    slug: str
    name: str
    source: str | None
    scopes: list[str]
    disabled_at: datetime | None
    rates: dict[str, str]
    kids: list[str]
