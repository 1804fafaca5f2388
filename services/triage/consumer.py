"""From events to actions: what triage does with what the referrals service says."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.actions.open_case import Detail, Opening, open_cases
from services.triage.actions.page_duty import page_for_letter
from services.triage.actions.take_amendment import take_amendment
from services.triage.domain import weight_of
from services.triage.settings import Settings
from shared.events import AmendmentFact, Event, Fact, ReferralInformationAdded, ReferralSubmitted, ReferralWithdrawn
from shared.http.client import ServiceClient
from shared.inbox import Entries, Entry, Transient
from shared.problems import NotFound
from shared.telemetry import correlated
from shared.telemetry.traces import continued

FIRST_WAIT_SECONDS = 0.1
FETCHES_AT_ONCE = 8
AMENDMENT_WEIGHT = 10

Details = Mapping[UUID, Detail | None]


def entries(desk: Desk, client: ServiceClient, settings: Settings) -> Mapping[str, Entries]:
    """Return what triage consumes, by the service that says it."""

    async def fetch_details(events: Sequence[Event]) -> Details:
        places = asyncio.Semaphore(FETCHES_AT_ONCE)

        async def fetch(event: Event) -> tuple[UUID, Detail | None]:
            async with places:
                return event.id, await _patiently(client, event, settings.details_patience_seconds)

        return dict(await asyncio.gather(*(fetch(event) for event in events)))

    opening = partial(on_referral_submitted, desk), fetch_details, partial(on_referral_that_fails, desk)
    submitted = Entry(*opening, page_for_letter, weigh_opening)
    amendment = Entry(
        partial(on_amendment, desk), fetch_details, partial(on_amendment_that_fails, desk), weigh=weigh_amendment
    )
    return {
        "referrals": {
            ReferralSubmitted.type: submitted,
            ReferralInformationAdded.type: amendment,
            ReferralWithdrawn.type: amendment,
        }
    }


def urgent_entries(desk: Desk, client: ServiceClient, settings: Settings) -> Mapping[str, Entries]:
    """Return what triage also takes by the lane; `client` is the lane's own, so that it waits behind nobody's calls."""
    submitted = entries(desk, client, settings)[ReferralSubmitted.source][ReferralSubmitted.type]
    return {ReferralSubmitted.source: {ReferralSubmitted.type: submitted}}


def weigh_opening(event: Event, details: Details) -> int:
    detail = details[event.id]
    return 1 if detail is None else weight_of(detail["referral"])


def weigh_amendment(_: Event, __: Details) -> int:
    return AMENDMENT_WEIGHT


async def on_referral_submitted(desk: Desk, session: AsyncSession, events: Sequence[Event], details: Details) -> None:
    await open_cases(session, desk, [Opening(event, details[event.id]) for event in events])


async def on_referral_that_fails(desk: Desk, session: AsyncSession, events: Sequence[Event], _: Details) -> None:
    """Open the case from the event alone, as where the referral cannot be fetched; the worker makes up for the rest."""
    await open_cases(session, desk, [Opening(event, None) for event in events])


async def on_amendment(desk: Desk, session: AsyncSession, events: Sequence[Event], details: Details) -> None:
    for event in events:
        if not isinstance(event.fact, AmendmentFact):
            raise TypeError("an amendment of a referral is needed")
        with correlated(event.correlation_id):
            await take_amendment(session, desk, event.fact, details[event.id])


async def on_amendment_that_fails(desk: Desk, session: AsyncSession, events: Sequence[Event], _: Details) -> None:
    await on_amendment(desk, session, events, {event.id: None for event in events})


async def _patiently(client: ServiceClient, event: Event, patience_seconds: float) -> Detail | None:
    """Return the detail, or None once patience has run out: the case then opens with details pending."""
    wait = FIRST_WAIT_SECONDS
    with correlated(event.correlation_id), continued(event.traceparent):
        try:
            async with asyncio.timeout(patience_seconds):
                while True:
                    try:
                        return await _fetch(client, event.fact)
                    except (Transient, NotFound):
                        await asyncio.sleep(wait)
                        wait *= 2
        except TimeoutError:
            return None


async def _fetch(client: ServiceClient, fact: Fact) -> Detail:
    if isinstance(fact, AmendmentFact):
        return await fetch_amendment(client, fact.referral_id, fact.amendment_id)
    return await fetch_detail(client, fact.subject)


async def fetch_amendment(client: ServiceClient, referral_id: UUID, amendment_id: UUID) -> Detail:
    """Return what was added, by itself: to read the whole again for each costs more the more was added."""
    return await client.get_detail(f"/internal/referrals/{referral_id}/amendments/{amendment_id}")


async def fetch_detail(client: ServiceClient, referral_id: UUID) -> Detail:
    """Return the whole referral, under triage's own token; that read is audited where it is kept."""
    return await client.get_detail(f"/internal/referrals/{referral_id}")
