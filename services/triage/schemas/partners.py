"""What the other services say of partners: who is registered, how complete their referrals are, how endpoints do."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AgencySeen(Told):
    slug: str
    name: str
    source: str | None
    enabled: bool
    keys: int
    key_added_at: datetime | None
    key_used_at: datetime | None


class PartMissing(Told):
    part: str
    ask: str
    referrals: int


class QualitySeen(Told):
    """Of so many referrals of one agency: the mean score, and how many were without each part."""

    referrals: int
    mean_score: float
    missing: list[PartMissing]


class RegisterSeen(Told):
    agencies: list[AgencySeen]
    quality: dict[str, QualitySeen]


class AttemptSeen(Told):
    at: datetime
    ended: str
    duration_ms: int


class EndpointSeen(Told):
    agency: str
    host: str
    state: str
    succeeded_at: datetime | None
    failed: AttemptSeen | None
    waiting: int
    waiting_since: datetime | None
    attempts: list[AttemptSeen]


class EndpointsSeen(Told):
    endpoints: list[EndpointSeen]
