"""Event type -> action, for what the referrals and triage services emit; runs in the notifications process."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.actions.schedule import schedule_deliveries
from services.notifications.queries import unknown_referrals
from services.notifications.settings import Settings
from shared.db import Database, transaction
from shared.events import FACTS, CaseOpened, Event
from shared.inbox import Entries, Entry, Prepared
from shared.outbox import FASTEST_POLL_SECONDS, SLOWEST_POLL_SECONDS


def entries_of(db: Database, settings: Settings, *, verification_required: bool) -> Mapping[str, Entries]:
    """Return this service's consumers by producing service."""

    async def on_event(session: AsyncSession, events: Sequence[Event], _: Prepared) -> None:
        await schedule_deliveries(session, events, verification_required=verification_required)

    async def await_submission(events: Sequence[Event]) -> None:
        """Let a referral's submission, on its way from another service, be told before its case.

        Every later event of triage follows the opening, and so the submission.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.submission_wait_seconds):
                await _until_heard_of(db, events)

    tell = Entry(on_event)
    said_by = {source: {f.type: tell for f in FACTS if f.source == source} for source in ("referrals", "triage")}
    return {**said_by, "triage": said_by["triage"] | {CaseOpened.type: Entry(on_event, await_submission)}}


async def _until_heard_of(db: Database, events: Sequence[Event]) -> None:
    referral_ids = list({event.fact.subject for event in events})
    woken = asyncio.Event()
    db.listeners.add(woken)
    pause = FASTEST_POLL_SECONDS
    try:
        while True:
            async with transaction(db) as session:
                if not await unknown_referrals(session, referral_ids):
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()
            woken.clear()
            pause = min(pause * 2, SLOWEST_POLL_SECONDS)
    finally:
        db.listeners.discard(woken)
