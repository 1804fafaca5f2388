"""The lane for danger: a second cursor past all else, under one name of the inbox, and no order is lost by it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database, new_id, open_database, transaction
from shared.events import Event, ReferralInformationAdded, ReferralSubmitted, encode
from shared.inbox import Entry, Prepared, Transient, consume
from shared.outbox import LANE, Message, delete_read, emit, keep_readers, open_cursor, outbox, outbox_cursor
from shared.telemetry.gauges import ServiceGauges
from tests.conftest import OpenDatabase, owner_url
from tests.factories import case_opened, referral_submitted
from tests.fakes import eventually
from tests.shared.reading import Taker, drain

READER = "triage"


async def emit_each(db: Database, *events: Event) -> None:
    """Emit these, each in a transaction of its own."""
    for event in events:
        async with transaction(db) as session:
            await emit(session, event)


async def test_a_lane_takes_submitted_referrals_of_children_in_danger_alone(open_service: OpenDatabase) -> None:
    """Neither a danger that is not known nor another event of an urgent case is in it; the first cursor reads all."""
    db = await open_service("shared")
    ordinary, urgent, unknown, again = (referral_submitted(said) for said in ("no", "yes", "not_known", "yes"))
    opened = Event(case_opened(), urgency="yes")
    await emit_each(db, ordinary, urgent, unknown, opened, again)
    first, lane = Taker(5), Taker(2)
    await drain(db, lane, READER + LANE)
    await drain(db, first, READER)
    assert lane.events == [urgent, again]
    assert first.events == [ordinary, urgent, unknown, opened, again]


async def test_a_lane_goes_on_where_it_was(open_service: OpenDatabase) -> None:
    """Stopped in the middle, it repeats nothing; what comes late is taken though all before it was passed."""
    db = await open_service("shared")
    urgent = [referral_submitted("yes") for _ in range(5)]
    await emit_each(db, *urgent[:2], referral_submitted("no"), urgent[2])
    lane = Taker(5, at_once=1)
    await drain(db, lane, READER + LANE, rounds=2)
    async with db.sessions() as late:
        await emit(late, urgent[3])
        await emit_each(db, urgent[4], referral_submitted("no"))
        await drain(db, lane, READER + LANE)
        assert lane.events == [*urgent[:3], urgent[4]]
        await late.commit()
    await drain(db, lane, READER + LANE)
    assert lane.events == [*urgent[:3], urgent[4], urgent[3]]


async def test_a_lane_is_found_by_an_index_of_its_own(open_service: OpenDatabase) -> None:
    """However much lies before it, a look for what is urgent reads what is urgent."""
    db = await open_service("shared")
    async with transaction(db) as session:
        await emit(session, *(referral_submitted("no") for _ in range(3000)), referral_submitted("yes"))
    look = "EXPLAIN SELECT position FROM outbox WHERE urgent AND xid >= '1'::xid8 AND position > 0 ORDER BY position"
    async with transaction(db) as session:
        plan = "\n".join((await session.scalars(text(look))).all())
    assert "ix_outbox_urgent" in plan


async def test_housekeeping_waits_for_a_lane_by_what_is_urgent_alone(open_service: OpenDatabase) -> None:
    """A lane that never had anything to take holds no row; one that has yet to take an event holds that one."""
    db = await open_service("shared")
    ordinary, urgent = referral_submitted("no"), referral_submitted("yes")
    await drain(db, Taker(1), READER + LANE)
    await emit_each(db, ordinary, urgent)
    await drain(db, Taker(2), READER)
    async with transaction(db) as session:
        assert await delete_read(session, timedelta(0)) == 1
        assert (await session.scalars(select(outbox.c.event_id))).all() == [urgent.id]
    await drain(db, Taker(1), READER + LANE)
    async with transaction(db) as session:
        assert await delete_read(session, timedelta(0)) == 1


async def test_a_cursor_of_another_transport_holds_nothing(open_service: OpenDatabase) -> None:
    """Whoever reads now is kept; what a transport of before has not read is deleted like the rest."""
    db = await open_service("shared")
    await drain(db, Taker(1), "kafka")
    await emit_each(db, referral_submitted("yes"))
    for reader in (READER, READER + LANE):
        await drain(db, Taker(1), reader)
    async with transaction(db) as session:
        assert await delete_read(session, timedelta(0)) == 0
    keeping = asyncio.create_task(keep_readers(db, {READER, READER + LANE}))

    async def deleted() -> bool:
        async with transaction(db) as session:
            return await delete_read(session, timedelta(0)) == 1

    await eventually(deleted)
    async with transaction(db) as session:
        left = (await session.scalars(select(outbox_cursor.c.reader).order_by(outbox_cursor.c.reader))).all()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert left == [READER, READER + LANE]


async def test_the_backlog_of_a_lane_is_what_is_urgent(open_service: OpenDatabase) -> None:
    """Ordinary events are none of it, read or not, and it has no age without one."""
    db = await open_service("shared")
    async with db.engine.connect() as connection:
        await open_cursor(connection, READER)
        await open_cursor(connection, READER + LANE)
        await connection.commit()
    await emit_each(db, *(referral_submitted("no") for _ in range(3)))
    assert await backlog(db) == {READER: 3, READER + LANE: 0}
    await emit_each(db, referral_submitted("yes"), referral_submitted("no"))
    assert await backlog(db) == {READER: 5, READER + LANE: 1}
    await drain(db, Taker(1), READER + LANE)
    assert await backlog(db) == {READER: 5, READER + LANE: 0}


async def backlog(db: Database) -> dict[str, float]:
    families = await ServiceGauges("here", db, ()).read()
    waiting = next(family for family in families if family.name == "frontdoor_outbox_backlog")
    return {sample.labels["reader"]: sample.value for sample in waiting.samples}


class Effects:
    """A consumer whose effect is an outbox row, and that can be held in the middle of its transaction."""

    def __init__(self, *, held: bool = False, fails: bool = False) -> None:
        self.fails = fails
        self.entered, self.released = asyncio.Event(), asyncio.Event()
        if not held:
            self.released.set()

    async def apply(self, session: AsyncSession, events: Sequence[Event], _: Prepared) -> None:
        await emit(session, *(Event(event.fact, id=event.id) for event in events))
        self.entered.set()
        await self.released.wait()
        if self.fails:
            self.fails = False
            raise Transient

    async def take(self, db: Database, *events: Event) -> None:
        kinds = (ReferralSubmitted.type, ReferralInformationAdded.type)
        # Two entries that are not equal: a referral and what is added to it are never one batch.
        entries = {kind: Entry(self.apply, partial(_nothing, kind)) for kind in kinds}
        await consume(db, READER, entries, [Message(*encode(event)) for event in events])


async def _nothing(_: str, __: Sequence[Event]) -> None:
    """Prepare nothing."""


def added_to(submitted: Event) -> Event:
    fact = submitted.fact
    assert isinstance(fact, ReferralSubmitted)
    return Event(
        ReferralInformationAdded(
            referral_id=fact.referral_id,
            reference=fact.reference,
            detail_url=fact.detail_url,
            amendment_id=new_id(),
            received_at=fact.received_at,
        )
    )


async def effects_in(db: Database) -> list[UUID]:
    async with transaction(db) as session:
        return list((await session.scalars(select(outbox.c.event_id).order_by(outbox.c.position))).all())


async def waits_for_another(db: Database) -> bool:
    """Tell whether a session of this database waits for another's transaction to end."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with transaction(db) as session:
        return bool(await session.scalar(text(waiting)))


@pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled back"])
async def test_the_first_cursor_waits_for_a_referral_that_its_lane_is_taking(
    open_service: OpenDatabase, *, fails: bool
) -> None:
    """What was added to the referral is taken after it, whether the lane or the first cursor took it in the end."""
    db = await open_service("shared")
    urgent, other = referral_submitted("yes"), referral_submitted("no")
    added = added_to(urgent)
    lane, first = Effects(held=True, fails=fails), Effects()
    by_lane = asyncio.create_task(lane.take(db, urgent))
    await lane.entered.wait()
    in_order = asyncio.create_task(first.take(db, other, urgent, added))
    await eventually(lambda: waits_for_another(db))
    assert await effects_in(db) == []
    lane.released.set()
    await asyncio.gather(by_lane, in_order)
    taken = await effects_in(db)
    assert sorted(taken) == sorted([urgent.id, other.id, added.id])
    assert taken.index(added.id) > taken.index(urgent.id)


async def test_a_lane_waits_for_a_batch_that_holds_its_referral(open_service: OpenDatabase) -> None:
    """What the first cursor is taking is not taken a second time."""
    db = await open_service("shared")
    urgent, other = referral_submitted("yes"), referral_submitted("no")
    first, lane = Effects(held=True), Effects()
    in_order = asyncio.create_task(first.take(db, other, urgent))
    await first.entered.wait()
    by_lane = asyncio.create_task(lane.take(db, urgent))
    await eventually(lambda: waits_for_another(db))
    first.released.set()
    await asyncio.gather(in_order, by_lane)
    assert await effects_in(db) == [other.id, urgent.id]
    assert not lane.entered.is_set()


SLOW_CLAIMS = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END';
CREATE TRIGGER slowly BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION slowly();
"""


async def test_two_readers_of_the_same_events_never_wait_for_each_other(
    open_service: OpenDatabase, server: str
) -> None:
    """In whatever order each is handed them, neither is rolled back to let the other go on."""
    db = await open_service("shared")
    owner = open_database(owner_url(server, db))
    async with owner.engine.begin() as connection:
        for statement in filter(None, SLOW_CLAIMS.split("\n")):
            await connection.exec_driver_sql(statement)
    await owner.close()
    events = [referral_submitted("yes") for _ in range(20)]
    await asyncio.gather(Effects().take(db, *events), Effects().take(db, *reversed(events)))
    assert len(await effects_in(db)) == len(events)
    async with transaction(db) as session:
        ended = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert await session.scalar(ended) == 0
