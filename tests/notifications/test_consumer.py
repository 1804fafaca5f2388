"""Events of other services become news here exactly once, a referral's submission first."""

import asyncio
from collections.abc import Sequence
from typing import Any

from services.notifications.consumer import entries_of
from shared.db import Database
from shared.events import BY_TYPE, Event, encode
from shared.inbox import consume
from shared.outbox import Message
from shared.vault import Vault
from tests.notifications.configuration import new_settings
from tests.notifications.telling import HUB, SCHOOL, Story, deliveries_to, feed_of, register


async def take(db: Database, producer: str, events: Sequence[Event], **said: Any) -> None:
    entries = entries_of(db, new_settings(**said), verification_required=False)
    await consume(db, f"notifications-{producer}", entries[producer], [Message(*encode(event)) for event in events])


async def sequence_of_types(db: Database, agency: str) -> list[str]:
    return [entry.type.split(".")[-2] for entry in await feed_of(db, agency)]


async def test_every_type_of_other_services_is_consumed(db: Database) -> None:
    """Nothing that partners may see is left to no consumer."""
    entries = entries_of(db, new_settings(), verification_required=False)
    consumed = {event_type: producer for producer, of in entries.items() for event_type in of}
    assert consumed == {name: fact.source for name, fact in BY_TYPE.items() if fact.source != "notifications"}


async def test_events_delivered_twice_are_told_once(db: Database, vault: Vault) -> None:
    """A batch that comes again makes no second entry, number or delivery."""
    endpoint = await register(db, vault, SCHOOL, "http://localhost:9000/school")
    story = Story()
    first, *later = story.whole()
    for _ in range(2):
        await take(db, "referrals", [first, first])
        await take(db, "triage", [*later, *later])
    assert [entry.pointer["sequence"] for entry in await feed_of(db, SCHOOL)] == [1, 2, 3, 4, 5]
    assert len(await deliveries_to(db, endpoint)) == 5
    assert await sequence_of_types(db, HUB) == ["offered", "closed"]


async def test_a_case_waits_for_its_referral(db: Database) -> None:
    """Triage's events that come first are told after the submission that caused them."""
    story = Story()
    first, *later = story.whole()
    waiting = asyncio.create_task(take(db, "triage", later, submission_wait_seconds=20))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    assert await feed_of(db, SCHOOL) == []
    await take(db, "referrals", [first])
    await asyncio.wait_for(waiting, 10)
    assert await sequence_of_types(db, SCHOOL) == ["submitted", "opened", "routed", "decided", "closed"]


async def test_the_wait_has_an_end(db: Database) -> None:
    """Where the submission does not come, the rest is told all the same, and it later."""
    story = Story()
    first, *later = story.whole()
    await take(db, "triage", later, submission_wait_seconds=0.05)
    assert await sequence_of_types(db, SCHOOL) == ["opened", "routed", "decided", "closed"]
    await take(db, "referrals", [first])
    (*_, last) = await feed_of(db, SCHOOL)
    assert (last.pointer["sequence"], last.pointer["status"]) == (5, "received")
