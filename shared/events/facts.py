"""The only vocabulary that two services share: events that point and never carry.

An event holds ids, times, urgency and a path to fetch the detail from; never a name, a birth date or a narrative.
CloudEvents 1.0; `docs/asyncapi.json` and the JSON Schemas beside it are generated from the classes here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

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

    @property
    def addressee(self) -> str | None:
        """The agency to which a record of its own is addressed, such as an offer, and `addressed_id` that record."""
        return None

    @property
    def addressed_id(self) -> UUID | None:
        return None


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


class AmendmentFact(ReferralFact):
    source = "referrals"
    amendment_id: UUID = Field(description="The new record; what was sent before is not overwritten.")
    received_at: datetime = Field(description="When it was received.")


class ReferralInformationAdded(AmendmentFact):
    """The sender added facts to its referral."""

    type = PREFIX + "referral.information_added.v1"


class ReferralWithdrawn(AmendmentFact):
    """The sender withdrew its referral; a person in triage decides what follows."""

    type = PREFIX + "referral.withdrawn.v1"


class CaseFact(ReferralFact):
    source = "triage"
    case_id: UUID = Field(description="The case opened for the referral.")


class CaseOpened(CaseFact):
    """Triage has the referral on its queue."""

    type = PREFIX + "case.opened.v1"


class CaseAcknowledged(CaseFact):
    """A person has the referral; the acknowledgement that Working Together asks for."""

    type = PREFIX + "case.acknowledged.v1"


class CaseAdviceGiven(CaseFact):
    """A person gave coded advice on what to do meanwhile; it can be fetched."""

    type = PREFIX + "case.advice_given.v1"


class CasePrioritised(CaseFact):
    """A person changed the case's colour."""

    type = PREFIX + "case.prioritised.v1"


class CaseReopened(CaseFact):
    """A decided case is back on the queue."""

    type = PREFIX + "case.reopened.v1"


class CaseOverdue(CaseFact):
    """A clock of the case runs out soon, or has run out. Each is said once; for staff only."""

    type = PREFIX + "case.overdue.v1"
    clock: str = Field(description="Kind of the clock.")
    due_at: datetime = Field(description="When the clock runs out.")
    state: Literal["soon", "over"] = Field(description="Whether it runs out soon, or has run out.")


class CaseRouted(CaseFact):
    """The policy's automatic route was taken: offers of early help are out, a person has yet to confirm."""

    type = PREFIX + "case.routed.v1"


class CaseDecided(CaseFact):
    """A person decided, or confirmed the automatic route; feedback for the referrer can be fetched."""

    type = PREFIX + "case.decided.v1"


class InformationFact(CaseFact):
    request_id: UUID = Field(description="The request for information.")
    asked: str = Field(description="Slug of the agency that is asked.")
    waits: bool = Field(
        default=True, description="Whether triage still waits for an answer about the referral, this one or another."
    )

    @property
    def addressee(self) -> str | None:
        return self.asked

    @property
    def addressed_id(self) -> UUID | None:
        return self.request_id


class InformationRequested(InformationFact):
    """An agency is asked about a child."""

    type = PREFIX + "information.requested.v1"


class InformationAnswered(InformationFact):
    """The agency answered or refused; either is an answer."""

    type = PREFIX + "information.answered.v1"


class InformationOverdue(InformationFact):
    """The agency's answer is due soon, or has not come in time."""

    type = PREFIX + "information.overdue.v1"
    due_at: datetime = Field(description="When the answer is due.")
    state: Literal["soon", "over"] = Field(description="Whether it is due soon, or has not come in time.")


class OfferFact(CaseFact):
    offer_id: UUID = Field(description="The offer of early help.")
    provider: str = Field(description="Slug of the provider that the offer is made to.")

    @property
    def addressee(self) -> str | None:
        return self.provider

    @property
    def addressed_id(self) -> UUID | None:
        return self.offer_id


class EarlyHelpOffered(OfferFact):
    """A provider is offered a family."""

    type = PREFIX + "early_help.offered.v1"


class EarlyHelpAccepted(OfferFact):
    """The provider takes the family on; help has yet to start."""

    type = PREFIX + "early_help.accepted.v1"


class EarlyHelpStarted(OfferFact):
    """The family was met for the first time."""

    type = PREFIX + "early_help.started.v1"


class EarlyHelpDeclined(OfferFact):
    """The provider gave the child back, and can no longer read the offer."""

    type = PREFIX + "early_help.declined.v1"


class EarlyHelpBounced(OfferFact):
    """The offer was not accepted in its time. Its provider can no longer read it."""

    type = PREFIX + "early_help.bounced.v1"


class EarlyHelpSteppedUp(OfferFact):
    """The case was brought back to social care."""

    type = PREFIX + "early_help.stepped_up.v1"


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
    ReferralInformationAdded,
    ReferralWithdrawn,
    CaseOpened,
    CaseAcknowledged,
    CaseAdviceGiven,
    CasePrioritised,
    CaseRouted,
    CaseDecided,
    CaseReopened,
    CaseOverdue,
    InformationRequested,
    InformationAnswered,
    InformationOverdue,
    EarlyHelpOffered,
    EarlyHelpAccepted,
    EarlyHelpStarted,
    EarlyHelpDeclined,
    EarlyHelpBounced,
    EarlyHelpSteppedUp,
    EarlyHelpClosed,
    EndpointDisabled,
)
BY_TYPE: Mapping[str, type[Fact]] = {fact.type: fact for fact in FACTS}
