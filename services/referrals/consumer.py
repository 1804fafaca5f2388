"""What the referrals service does with triage's events; run by whoever reads triage's outbox or topic."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.actions.follow_case import (
    follow_questions,
    record_acknowledgement,
    record_decision,
    take_in_triage,
    take_up_again,
)
from services.referrals.domain import IllegalMove, ReferralId
from services.referrals.schemas import Feedback
from shared.events import (
    CaseAcknowledged,
    CaseAdviceGiven,
    CaseDecided,
    CaseFact,
    CaseOpened,
    CaseReopened,
    Event,
    InformationAnswered,
    InformationFact,
    InformationOverdue,
    InformationRequested,
)
from shared.http.client import ServiceClient
from shared.inbox import Entries, Entry
from shared.problems import NotFound
from shared.telemetry import correlated
from shared.telemetry.traces import continued
from shared.vault import Vault

REFUSALS: Final = (IllegalMove, NotFound)
"""News of a decision that another has overtaken, or of a referral that is not this hub's."""


def entries_of(vault: Vault, triage: ServiceClient) -> Mapping[str, Entries]:
    """Return the consumers by producing service; `triage` is how what is meant for a referrer is read."""

    async def on_case_opened(session: AsyncSession, events: Sequence[Event], _: Any) -> None:
        await take_in_triage(session, {_referral_id(event): event.correlation_id for event in events})

    async def fetch_feedback(events: Sequence[Event]) -> Mapping[UUID, Feedback]:
        """Read what there is to be said of each case once, however many events point there."""
        pointing = {_fact(event).detail_url: event for event in events}
        found = await asyncio.gather(*(_feedback_of(triage, event) for event in pointing.values()))
        feedback = dict(zip(pointing, found, strict=True))
        return {event.id: feedback[_fact(event).detail_url] for event in events}

    async def on_case_decided(session: AsyncSession, events: Sequence[Event], found: Mapping[UUID, Feedback]) -> None:
        for event in events:
            with correlated(event.correlation_id):
                await record_decision(session, vault, _referral_id(event), found[event.id])

    acknowledged = Entry(on_case_acknowledged, fetch_feedback, refusals=REFUSALS)
    return {
        "triage": {
            CaseOpened.type: Entry(on_case_opened),
            CaseAcknowledged.type: acknowledged,
            CaseAdviceGiven.type: acknowledged,
            CaseDecided.type: Entry(on_case_decided, fetch_feedback, refusals=REFUSALS),
            CaseReopened.type: Entry(on_case_reopened),
            InformationRequested.type: Entry(on_information),
            InformationAnswered.type: Entry(on_information),
            InformationOverdue.type: Entry(on_information),
        }
    }


async def on_case_acknowledged(session: AsyncSession, events: Sequence[Event], found: Mapping[UUID, Feedback]) -> None:
    for event in events:
        with correlated(event.correlation_id):
            await record_acknowledgement(session, _referral_id(event), found[event.id])


async def on_case_reopened(session: AsyncSession, events: Sequence[Event], _: Any) -> None:
    for event in events:
        with correlated(event.correlation_id):
            await take_up_again(session, _referral_id(event))


async def on_information(session: AsyncSession, events: Sequence[Event], _: Any) -> None:
    for event in events:
        if not isinstance(event.fact, InformationFact):
            raise TypeError("an event of a request for information is needed")
        with correlated(event.correlation_id):
            await follow_questions(session, _referral_id(event), waits=event.fact.waits)


async def _feedback_of(triage: ServiceClient, event: Event) -> Feedback:
    with correlated(event.correlation_id), continued(event.traceparent):
        return Feedback.model_validate(await triage.get_detail(_fact(event).detail_url))


def _referral_id(event: Event) -> ReferralId:
    return ReferralId(_fact(event).referral_id)


def _fact(event: Event) -> CaseFact:
    if not isinstance(event.fact, CaseFact):
        raise TypeError("an event of a case is needed")
    return event.fact
