"""The outbox cursor: nothing lost, nothing doubled, a subject's order kept, whatever the writers do."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from shared.db import Database, new_id, open_database, transaction
from shared.events import Event
from shared.outbox import (
    Message,
    ReaderReplaced,
    delete_read,
    emit,
    follow,
    open_cursor,
    outbox,
    outbox_cursor,
    read_round,
)
from tests.conftest import OpenDatabase, owner_url
from tests.factories import case_opened
from tests.shared.reading import Taker, drain, emit_some


async def read_all(db: Database, taker: Taker, reader: str = "test") -> None:
    task = asyncio.create_task(follow(db, reader, taker))
    waiting = asyncio.create_task(taker.done.wait())
    done, _ = await asyncio.wait({task, waiting}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    waiting.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)
    assert done == {waiting}


async def test_an_event_reaches_the_reader_with_all_its_attributes(open_service: OpenDatabase) -> None:
    """What is emitted is what is read."""
    db = await open_service("shared")
    event = Event(
        case_opened(), audience=("a-school", "police"), council="E06000062", urgency="yes", correlation_id="c-1"
    )
    async with transaction(db) as session:
        await emit(session, event)
    taker = Taker(1)
    await read_all(db, taker)
    assert taker.events == [event]


async def test_a_rolled_back_event_is_never_read(open_service: OpenDatabase) -> None:
    """Only what committed is handed on."""
    db = await open_service("shared")
    lost, kept = Event(case_opened()), Event(case_opened())
    async with db.sessions() as session:
        await emit(session, lost)
        await session.rollback()
    async with transaction(db) as session:
        await emit(session, kept)
    taker = Taker(1)
    await read_all(db, taker)
    assert [event.id for event in taker.events] == [kept.id]


async def _write(db: Database, subjects: dict[UUID, asyncio.Lock], sent: dict[UUID, list[UUID]], seed: int) -> None:
    """Write like a busy service: savepoints, late commits, row locks held from before the emit to the commit."""
    chance = random.Random(seed)
    for _ in range(40):
        subject = chance.choice(list(subjects))
        async with subjects[subject]:
            event = Event(case_opened(referral_id=subject))
            async with transaction(db) as session:
                if chance.random() < 0.3:
                    await session.execute(text("SELECT pg_current_xact_id()"))
                    await session.execute(text("SELECT pg_sleep(:s)"), {"s": chance.random() * 0.02})
                if chance.random() < 0.3:
                    async with session.begin_nested() as savepoint:
                        await emit(session, Event(case_opened(referral_id=subject)))
                        await savepoint.rollback()
                async with session.begin_nested():
                    await emit(session, event)
                await session.execute(text("SELECT pg_sleep(:s)"), {"s": chance.random() * 0.01})
            sent[subject].append(event.id)


async def test_concurrent_writers_lose_and_reorder_nothing(open_service: OpenDatabase, server: str) -> None:
    """Eight writers with savepoints and late committers, read while a long write is open in another database."""
    db, other = await open_service("shared"), await open_service("shared")
    subjects = {new_id(): asyncio.Lock() for _ in range(5)}
    sent: dict[UUID, list[UUID]] = defaultdict(list)
    taker = Taker(8 * 40, at_once=7)
    long_write = open_database(owner_url(server, other))
    async with long_write.sessions() as held:
        await emit(held, Event(case_opened()))
        await asyncio.gather(read_all(db, taker), *(_write(db, subjects, sent, seed) for seed in range(8)))
        await held.rollback()
    await long_write.close()
    read: dict[UUID, list[UUID]] = defaultdict(list)
    for event in taker.events:
        read[UUID(event.subject)].append(event.id)
    assert read == sent


async def test_a_transaction_that_commits_last_is_read_though_it_wrote_first(open_service: OpenDatabase) -> None:
    """A lower position that becomes visible later is not skipped."""
    db = await open_service("shared")
    early, late = Event(case_opened()), Event(case_opened())
    first = Taker(1)
    async with db.sessions() as slow:
        await emit(slow, early)
        async with transaction(db) as session:
            await emit(session, late)
        await drain(db, first)
        await slow.commit()
    second = Taker(1)
    await drain(db, second)
    assert [event.id for event in first.events] == [late.id]
    assert [event.id for event in second.events] == [early.id]


async def test_a_reader_goes_on_where_it_was(open_service: OpenDatabase) -> None:
    """A reader stopped in the middle of a round neither repeats what was taken nor skips the rest."""
    db = await open_service("shared")
    events = await emit_some(db, 30)
    taker = Taker(30, at_once=7)
    await drain(db, taker, rounds=2)
    assert taker.events == events[:14]
    events += await emit_some(db, 5)
    await drain(db, taker)
    assert taker.events == events


async def test_a_replaced_reader_advances_nothing(open_service: OpenDatabase) -> None:
    """A reader whose turn was taken finds out when it advances."""
    db = await open_service("shared")
    await emit_some(db, 1)
    async with db.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        replaced = await open_cursor(connection, "test")
        await open_cursor(connection, "test")
        with pytest.raises(ReaderReplaced):
            await read_round(connection, replaced, Taker(1))
    taker = Taker(1)
    await drain(db, taker)
    assert len(taker.events) == 1


async def test_a_reader_that_failed_lets_go_of_its_turn(open_service: OpenDatabase) -> None:
    """What its consumer raises ends a reader, and the next of its name goes on at once."""
    db = await open_service("shared")
    await emit_some(db, 1)

    async def failing(_: Sequence[Message]) -> int:
        raise KeyError

    held = await db.engine.connect()
    for _ in range(2):
        with pytest.raises(KeyError):
            await asyncio.wait_for(follow(db, "test", failing), 20)
    await held.close()
    taker = Taker(1)
    await read_all(db, taker)
    assert len(taker.events) == 1


async def test_another_cluster_is_read_from_the_start(open_service: OpenDatabase) -> None:
    """After a restore the snapshots mean nothing, so all that is kept is handed on again."""
    db = await open_service("shared")
    events = await emit_some(db, 3)
    taker = Taker(3)
    await drain(db, taker)
    async with transaction(db) as session:
        await session.execute(outbox_cursor.update().values(system_identifier="another"))
    await drain(db, taker)
    assert taker.events == events + events


async def test_housekeeping_deletes_only_what_every_reader_passed(open_service: OpenDatabase) -> None:
    """A row that one reader has yet to read stays, however old it is."""
    db = await open_service("shared")
    await emit_some(db, 1)
    await drain(db, Taker(1), "quick")
    unread = await emit_some(db, 1)
    await drain(db, Taker(2), "slow")
    async with transaction(db) as session:
        assert await delete_read(session, timedelta(seconds=0)) == 1
        assert (await session.scalars(select(outbox.c.event_id))).all() == [unread[0].id]


@pytest.mark.parametrize("ticks", range(4))
async def test_a_reader_that_is_woken_as_it_is_stopped_stops(open_service: OpenDatabase, ticks: int) -> None:
    """Whatever the loop does first, the cancellation is not lost."""
    db = await open_service("shared")
    async with transaction(db) as session:
        await emit(session, Event(case_opened()))
    taker = Taker(1)
    task = asyncio.create_task(follow(db, "test", taker))
    await taker.done.wait()
    await asyncio.sleep(0.1)
    for listener in db.listeners:
        listener.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done == {task}
