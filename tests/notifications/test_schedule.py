"""Who is told what of a batch of events: the feed, its numbers, and the deliveries made from it."""

import asyncio
import random

from sqlalchemy import select, text

from services.notifications.actions.schedule import schedule_deliveries
from services.notifications.models import FeedEntry
from shared.db import Database, transaction
from shared.vault import Vault
from tests.notifications.telling import HUB, POLICE, SCHOOL, Story, deliveries_to, feed_of, register, tell

URL = "http://localhost:9000"


async def test_each_agency_is_told_what_it_may_see(db: Database) -> None:
    """A submitter follows its referral and a provider its offer, each numbered 1, 2, 3 without a gap."""
    story = Story()
    await tell(db, *story.whole())
    told = {
        agency: [
            (entry.type.removeprefix("uk.frontdoor."), entry.pointer["sequence"], entry.pointer["status"])
            for entry in await feed_of(db, agency)
        ]
        for agency in (SCHOOL, HUB, POLICE)
    }
    assert told == {
        SCHOOL: [
            ("referral.submitted.v1", 1, "received"),
            ("case.opened.v1", 2, "in_triage"),
            ("case.routed.v1", 3, "in_triage"),
            ("case.decided.v1", 4, "decided"),
            ("early_help.closed.v1", 5, "decided"),
        ],
        HUB: [("early_help.offered.v1", 1, "offered"), ("early_help.closed.v1", 2, "closed")],
        POLICE: [],
    }


async def test_pointers_carry_ids_and_states_alone(db: Database) -> None:
    """What is shown has exactly the five fields, and the path that this agency may read."""
    story = Story()
    await tell(db, story.submitted(), story.offered())
    (to_school,), (to_hub,) = await feed_of(db, SCHOOL), await feed_of(db, HUB)
    assert list(to_school.pointer) == ["referral_id", "reference", "sequence", "status", "detail_url"]
    assert to_school.pointer["detail_url"] == f"/v1/referrals/{story.id}?status=received&wait=10"
    assert to_hub.pointer["detail_url"] == f"/v1/early-help-offers/{story.offer_id}?status=offered&wait=10"


async def test_a_reminder_says_that_the_agency_is_asked(db: Database) -> None:
    """Before its time a request is not overdue: the status shown, and waited for, is the one that it has."""
    story = Story()
    await tell(db, story.overdue("soon"), story.overdue("over"))
    shown = [(entry.pointer["status"], entry.pointer["detail_url"]) for entry in await feed_of(db, HUB)]
    path = f"/v1/information-requests/{story.offer_id}"
    assert shown == [("asked", f"{path}?status=asked&wait=10"), ("overdue", f"{path}?status=overdue&wait=10")]


async def test_numbers_go_on_over_batches_and_referrals(db: Database) -> None:
    """Each referral has its own count, which the next batch continues."""
    first, second = Story(), Story()
    await tell(db, first.submitted(), second.submitted(), first.opened())
    await tell(db, second.opened(), first.decided())
    entries = await feed_of(db, SCHOOL)
    numbers = {story.id: [e.pointer["sequence"] for e in entries if e.subject == str(story.id)]
               for story in (first, second)}  # fmt: skip
    assert numbers == {first.id: [1, 2, 3], second.id: [1, 2]}


async def test_an_endpoint_gets_what_its_agency_sees_and_it_asked_for(db: Database, vault: Vault) -> None:
    """Nothing of another agency's, nothing outside the filter, nothing while unverified or disabled."""
    everything = await register(db, vault, SCHOOL, f"{URL}/all")
    decisions = await register(db, vault, SCHOOL, f"{URL}/few", event_types=["uk.frontdoor.case.decided.v1"])
    unverified = await register(db, vault, SCHOOL, f"{URL}/new", verified=False)
    disabled = await register(db, vault, SCHOOL, f"{URL}/off")
    provider = await register(db, vault, HUB, f"{URL}/hub")
    police = await register(db, vault, POLICE, f"{URL}/police")
    async with transaction(db) as session:
        switch_off = text("UPDATE endpoints SET disabled_at = now() WHERE id = :id")
        await session.execute(switch_off, {"id": disabled.id})
    await tell(db, *Story().whole(), verification_required=True)
    sequences = [
        [delivery.sequence for delivery in await deliveries_to(db, endpoint)]
        for endpoint in (everything, decisions, unverified, disabled, provider, police)
    ]
    assert sequences == [[1, 2, 3, 4, 5], [4], [], [], [1, 2], []]


async def test_only_the_first_of_a_line_is_due(db: Database, vault: Vault) -> None:
    """Deliveries about one referral wait for the one before; another referral's does not."""
    endpoint = await register(db, vault, SCHOOL, f"{URL}/all")
    first, second = Story(), Story()
    await tell(db, first.submitted(), second.submitted(), first.opened())
    await tell(db, first.decided())
    due = {(d.referral_id, d.sequence): d.due_at is not None for d in await deliveries_to(db, endpoint)}
    assert due == {(first.id, 1): True, (first.id, 2): False, (first.id, 3): False, (second.id, 1): True}


async def test_a_failing_batch_tells_nothing(db: Database, vault: Vault) -> None:
    """Feed, numbers and deliveries are one transaction: what is rolled back leaves no gap."""
    endpoint = await register(db, vault, SCHOOL, f"{URL}/all")
    story = Story()
    async with db.sessions() as session:
        await schedule_deliveries(session, story.whole(), verification_required=False)
        await session.rollback()
    assert not await feed_of(db, SCHOOL)
    assert not await deliveries_to(db, endpoint)
    await tell(db, story.submitted())
    assert [e.pointer["sequence"] for e in await feed_of(db, SCHOOL)] == [1]


async def test_a_reader_of_the_feed_skips_nothing(db: Database) -> None:
    """With writers whose transactions end in another order than they began, the feed is read in commit order."""
    seeded = random.Random(7)
    stories = [Story() for _ in range(60)]
    pauses = [seeded.random() * 0.004 for _ in stories]
    seen: list[int] = []
    done = asyncio.Event()

    async def write(story: Story, pause: float) -> None:
        async with transaction(db) as session:
            await asyncio.sleep(pause)
            await schedule_deliveries(session, [story.submitted()], verification_required=False)
            await asyncio.sleep(pause)

    async def read() -> None:
        while True:
            last = done.is_set()
            after = seen[-1] if seen else 0
            async with transaction(db) as session:
                fresh = select(FeedEntry.position).where(FeedEntry.position > after).order_by(FeedEntry.position)
                seen.extend(await session.scalars(fresh))
            if last:
                return

    async def write_all() -> None:
        for start in range(0, len(stories), 6):
            chunk = range(start, start + 6)
            await asyncio.gather(*(write(stories[i], pauses[i]) for i in chunk))
        done.set()

    await asyncio.gather(write_all(), read())
    async with transaction(db) as session:
        everything = list(await session.scalars(select(FeedEntry.position).order_by(FeedEntry.position)))
    assert seen == everything
    assert len(seen) == 60


async def test_writers_of_one_referral_never_share_a_number(db: Database) -> None:
    """Two services' events about one referral at once are numbered without gap or double."""
    story = Story()
    await asyncio.gather(*(tell(db, event) for event in story.whole()))
    for agency, count in ((SCHOOL, 5), (HUB, 2)):
        assert sorted(e.pointer["sequence"] for e in await feed_of(db, agency)) == list(range(1, count + 1))
