"""What partners send to this service and see of it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.notifications.domain.addresses import MAX_URL_LENGTH
from services.notifications.domain.audience import WEBHOOK_TYPES
from services.notifications.domain.deliveries import DeliveryState, Failure
from services.notifications.domain.endpoints import EndpointState
from shared.text import OneLine


def _known_type(event_type: str) -> str:
    if event_type not in WEBHOOK_TYPES:
        raise ValueError(f"Allowed: {', '.join(WEBHOOK_TYPES)}.")
    return event_type


def _each_once(event_types: list[str]) -> list[str]:
    return list(dict.fromkeys(event_types))


EventType = Annotated[str, AfterValidator(_known_type), Field(json_schema_extra={"enum": list(WEBHOOK_TYPES)})]
EventTypes = Annotated[
    list[EventType],
    AfterValidator(_each_once),
    Field(description="Event types to deliver; empty for all that the agency may see, also types to come."),
]
Url = Annotated[
    str, Field(max_length=MAX_URL_LENGTH, description="https on port 443, at a domain approved for the agency.")
]
Description = Annotated[str, Field(max_length=200, description="For the owner's own list."), OneLine]
RateLimit = Annotated[
    int | None, Field(ge=1, le=6000, description="Most attempts in any minute; null for no limit of its own.")
]


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EndpointIn(Sent):
    url: Url
    event_types: EventTypes = []
    description: Description = ""
    rate_limit_per_minute: RateLimit = None


class EndpointChange(Sent):
    """What is absent stays as it is; a new `url` has to be verified anew."""

    url: Url = ""
    event_types: EventTypes = []
    description: Description = ""
    rate_limit_per_minute: RateLimit = None


class EndpointOut(BaseModel):
    id: UUID
    url: str
    event_types: list[str]
    description: str
    rate_limit_per_minute: int | None
    state: EndpointState
    verified_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime


class NewEndpointOut(EndpointOut):
    secret: str = Field(description="Signs every delivery; shown this once.")


class AttemptSeen(BaseModel):
    """How an attempt ended: the class of its HTTP status, such as `5xx`, or the failure that stood in its place."""

    at: datetime
    ended: str
    duration_ms: int


class EndpointSeen(BaseModel):
    """An endpoint as staff see it: its host and how it does, nothing that its URL could give away.

    The last attempts are those of the last 28 days, the newest first.
    """

    agency: str
    host: str
    state: EndpointState
    succeeded_at: datetime | None
    failed: AttemptSeen | None
    waiting: int = Field(description="Deliveries that are not closed.")
    waiting_since: datetime | None
    attempts: list[AttemptSeen]


class EndpointsSeen(BaseModel):
    endpoints: list[EndpointSeen]


class EndpointPage(BaseModel):
    items: list[EndpointOut]
    next_cursor: str | None


class DeliveryOut(BaseModel):
    """`due_at` is null while the delivery waits for the one before it about its referral, and once it is closed."""

    id: UUID
    endpoint_id: UUID
    webhook_id: UUID = Field(description="The event's id: header `webhook-id` of every attempt, `id` in the feed.")
    type: str
    referral_id: UUID
    reference: str
    sequence: int
    state: DeliveryState
    attempts_made: int = Field(description="Attempts of the retry schedule used up.")
    due_at: datetime | None
    created_at: datetime
    closed_at: datetime | None


class DeliveryPage(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None


class AttemptOut(BaseModel):
    started_at: datetime
    duration_ms: int
    status: int | None = Field(description="HTTP status, where there was one.")
    failure: Failure | None = Field(description="What stood in place of a status.")
    head: dict[str, str] = Field(description="Some headers of the reply; its body is not kept.")


class DeliveryWithAttempts(DeliveryOut):
    attempts: list[AttemptOut]


class FeedEvent(BaseModel):
    """A CloudEvent 1.0 in structured mode, with the `data` of the webhook."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str
    council: str | None = None
    urgency: str | None = None
    data: dict[str, Any]


class Feed(BaseModel):
    items: list[FeedEvent]
    next_cursor: str = Field(description="Send it as `after` to read on; also given where nothing is new.")
