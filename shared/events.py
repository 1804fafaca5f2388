"""The only vocabulary that two services share: events that point and never carry.

An event holds ids, times, urgency and a path to fetch the detail from; never a name, a birth date or a narrative.
CloudEvents 1.0; `docs/asyncapi.json` and the JSON Schemas beside it are generated from the classes here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Literal
from uuid import UUID

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.db import new_id
from shared.telemetry import correlation_id, new_correlation_id
from shared.telemetry.traces import HEADER as TRACEPARENT
from shared.telemetry.traces import traceparent

PREFIX = "uk.frontdoor."

Urgency = Literal["yes", "no", "not_known"]


class Fact(BaseModel):
    """What an event of one type and version says; the base of every payload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    source: ClassVar[str]

    @property
    def subject(self) -> UUID:
        """What the event is about, and the key that keeps its order."""
        raise NotImplementedError


class ReferralFact(Fact):
    referral_id: UUID = Field(description="The referral that the event is about; the event's subject and key.")
    reference: str = Field(description="The referral's reference, for people.")
    detail_url: str = Field(description="Path of the detail, resolved against the service that sent the event.")

    @property
    def subject(self) -> UUID:
        return self.referral_id


class ReferralSubmitted(ReferralFact):
    """A partner's referral is durable; triage opens a case from it."""

    type = PREFIX + "referral.submitted.v1"
    source = "referrals"
    agency: str = Field(description="Slug of the agency that submitted.")
    kind: Literal["request", "notification", "information"] = Field(description="Kind of contact.")
    received_at: datetime = Field(description="When the referral was received; clocks run from it.")
    decision_due_at: datetime = Field(description="End of the statutory working day.")


class CaseFact(ReferralFact):
    source = "triage"
    case_id: UUID = Field(description="The case opened for the referral.")


class CaseOpened(CaseFact):
    """Triage has the referral on its queue."""

    type = PREFIX + "case.opened.v1"


class CaseRouted(CaseFact):
    """The policy's automatic route was taken: offers of early help are out, a person has yet to confirm."""

    type = PREFIX + "case.routed.v1"


class CaseDecided(CaseFact):
    """A person decided, or confirmed the automatic route; feedback for the referrer can be fetched."""

    type = PREFIX + "case.decided.v1"


class OfferFact(CaseFact):
    offer_id: UUID = Field(description="The offer of early help.")
    provider: str = Field(description="Slug of the provider that the offer is made to.")


class EarlyHelpOffered(OfferFact):
    """A provider is offered a family."""

    type = PREFIX + "early_help.offered.v1"


class EarlyHelpClosed(OfferFact):
    """An offer came to its end; the provider no longer sees it where it was withdrawn."""

    type = PREFIX + "early_help.closed.v1"


class EndpointDisabled(Fact):
    """An endpoint no longer gets deliveries until its owner enables it again."""

    type = PREFIX + "endpoint.disabled.v1"
    source = "notifications"
    endpoint_id: UUID = Field(description="The endpoint; the event's subject and key.")
    detail_url: str = Field(description="Path of the endpoint.")

    @property
    def subject(self) -> UUID:
        return self.endpoint_id


FACTS: tuple[type[Fact], ...] = (
    ReferralSubmitted,
    CaseOpened,
    CaseRouted,
    CaseDecided,
    EarlyHelpOffered,
    EarlyHelpClosed,
    EndpointDisabled,
)
BY_TYPE: Mapping[str, type[Fact]] = {fact.type: fact for fact in FACTS}


@dataclass(frozen=True)
class Event:
    """A fact with its CloudEvents attributes. `audience` holds agency slugs and never leaves by the feed."""

    fact: Fact
    audience: tuple[str, ...] = ()
    council: str | None = None
    urgency: Urgency | None = None
    id: UUID = field(default_factory=new_id)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    correlation_id: str = field(default_factory=lambda: correlation_id.get() or new_correlation_id())
    traceparent: str | None = field(default_factory=lambda: traceparent.get() or None)

    @property
    def type(self) -> str:
        return self.fact.type

    @property
    def subject(self) -> str:
        return str(self.fact.subject)


class Poison(Exception):  # noqa: N818 - the field's word for a message that no retry can save
    """A message that can't be understood: undecodable, against its schema, or of an unknown version."""


_FORMAT = JSONFormat()


def encode(event: Event) -> tuple[dict[str, str], bytes]:
    """Return the event in CloudEvents binary mode: `ce_*` headers and the JSON payload."""
    attributes = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.fact.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": "application/json",
        "correlationid": event.correlation_id,
    }
    optional = {
        "council": event.council,
        "urgency": event.urgency,
        "audience": " ".join(event.audience),
        TRACEPARENT: event.traceparent,
    }
    attributes.update({name: value for name, value in optional.items() if value})
    message = to_binary(CloudEvent(attributes=attributes, data=event.fact.model_dump(mode="json")), _FORMAT)
    return {name: value.decode() for name, value in message.headers.items()}, message.value


def decode(headers: Mapping[str, str], payload: bytes) -> Event:
    """Return the event that `encode` wrote; raises `Poison` for anything else."""
    try:
        raw = KafkaMessage({name: value.encode() for name, value in headers.items()}, None, payload)
        cloud = from_binary(raw, _FORMAT, CloudEvent)
        fact_type = BY_TYPE.get(cloud.get_type())
        if fact_type is None:
            raise Poison("unknown type or version")
        fact = fact_type.model_validate(cloud.get_data())
        time = cloud.get_time()
        if time is None or cloud.get_subject() != str(fact.subject):
            raise Poison("time or subject does not fit")
        return Event(
            fact=fact,
            audience=tuple((cloud.get_extension("audience") or "").split()),
            council=cloud.get_extension("council"),
            urgency=cloud.get_extension("urgency"),
            id=UUID(cloud.get_id()),
            time=time,
            correlation_id=cloud.get_extension("correlationid") or "",
            traceparent=cloud.get_extension(TRACEPARENT),
        )
    except (BaseCloudEventException, ValidationError, ValueError, TypeError, KeyError) as error:
        raise Poison(type(error).__name__) from error
