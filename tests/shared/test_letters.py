"""What a fault of ours holds up: tried again in its order, dead once patience ends, and no stranger waits for it."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from shared.db import Database, transaction
from shared.events import CaseOpened, Event
from shared.inbox import (
    Entry,
    batches,
    consume,
    dead_letters,
)
from shared.problems import NotFound
from tests.conftest import OpenDatabase
from tests.factories import case_opened
from tests.fakes import eventually
from tests.shared.consuming import Effects, effects_in, letters_in, make_due, message, replaying, shut_out


async def test_a_failing_event_is_set_aside_alone(open_service: OpenDatabase) -> None:
    """The others of its batch are applied; what is kept of it are the original bytes and no text of the error."""
    db = await open_service("shared")
    events = [Event(case_opened()) for _ in range(5)]
    effects = Effects(poison=events[2].id)
    await consume(db, "test", effects.entries, [message(event) for event in events])
    assert await effects_in(db) == [event.id for event in events if event is not events[2]]
    async with transaction(db) as session:
        letter = (await session.execute(select(dead_letters))).one()
    assert bytes(letter.payload) == message(events[2]).payload
    assert letter.error.startswith("ZeroDivisionError at consuming.py:")


async def test_a_fault_of_ours_is_tried_again_and_is_no_dead_letter(open_service: OpenDatabase) -> None:
    """Once the fault is mended the event has its effect, and so has the later one of its subject, after it."""
    db = await open_service("shared")
    first, stranger = Event(case_opened()), Event(case_opened())
    later, last = Event(first.fact), Event(first.fact)
    effects = Effects(poison=first.id)
    await consume(db, "test", effects.entries, [message(first), message(later), message(stranger)])
    await consume(db, "test", effects.entries, [message(last), message(first)])
    assert await effects_in(db) == [stranger.id]
    assert await letters_in(db) == [("waiting", first.subject)] * 3

    effects.poison = None
    await make_due(db)
    async with replaying(db, effects):
        await eventually(lambda: _is_empty(db))
    assert await effects_in(db) == [stranger.id, first.id, later.id, last.id]


async def _is_empty(db: Database) -> bool:
    return await letters_in(db) == []


async def test_patience_with_a_fault_ends(open_service: OpenDatabase) -> None:
    """An event that fails for too long is a dead letter, is mourned once, and no longer holds up those behind it."""
    db = await open_service("shared")
    first = Event(case_opened())
    later = Event(first.fact)
    effects = Effects(poison=first.id)
    await consume(db, "test", effects.entries, [message(first), message(later)])
    await make_due(db)
    async with replaying(db, effects, patience_seconds=0):
        await eventually(lambda: _is_dead_alone(db))
    assert await effects_in(db) == [later.id]
    assert len(effects.mourned) == 1


async def test_pauses_grow_until_patience_ends(open_service: OpenDatabase) -> None:
    """An event that keeps failing is tried again after 1, 2, 4 and 8 s, and dies where there is patience for 15."""
    db = await open_service("shared")
    event = Event(case_opened())
    effects = Effects(poison=event.id)
    await consume(db, "test", effects.entries, [message(event)])
    pauses = []
    async with replaying(db, effects, patience_seconds=15):
        for attempts in range(4):
            pauses.append(await eventually(partial(_pause_after, db, attempts)))
            await make_due(db)
        await eventually(lambda: _is_dead_alone(db))
    assert pauses == [1, 2, 4, 8]


async def _pause_after(db: Database, attempts: int) -> int:
    """Return the seconds, rounded up, for which the letter waits that was tried again so often; 0 if there is none."""
    async with transaction(db) as session:
        pause = select(func.ceil(func.extract("epoch", dead_letters.c.next_at - func.clock_timestamp())))
        return int(await session.scalar(pause.where(dead_letters.c.attempts == attempts)) or 0)


async def test_what_stays_away_holds_up_no_stranger(
    open_service: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the wait in place it is set aside and others are taken; it is no dead letter however long that lasts."""
    monkeypatch.setattr(batches, "IN_PLACE_SECONDS", 0.1)
    db = await open_service("shared")
    first, stranger = Event(case_opened()), Event(case_opened())
    later = Event(first.fact)
    effects = Effects(missing=first.id)
    await consume(db, "test", effects.entries, [message(event) for event in (first, later, stranger)])
    assert await effects_in(db) == [stranger.id]
    await make_due(db)
    async with replaying(db, effects, patience_seconds=0):
        assert await eventually(partial(_pause_after, db, 1)) == 2
        effects.missing = None
        await make_due(db)
        await eventually(lambda: _is_empty(db))
    assert await effects_in(db) == [stranger.id, first.id, later.id]
    assert effects.mourned == []


async def _is_dead_alone(db: Database) -> bool:
    return [state for state, _ in await letters_in(db)] == ["dead"]


async def test_a_problem_that_is_no_refusal_is_a_fault_of_ours(open_service: OpenDatabase) -> None:
    """Only what an entry names is taken as the domain's word; any other problem is tried again."""
    db = await open_service("shared")
    event = Event(case_opened())
    effects = Effects(refused=event.id)
    entries = {CaseOpened.type: replace(effects.entries[CaseOpened.type], refusals=(NotFound,))}
    await consume(db, "test", entries, [message(event)])
    assert await letters_in(db) == [("waiting", event.subject)]


async def test_a_database_that_is_away_for_long_kills_nothing(
    open_service: OpenDatabase, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is away, the batch waits for it, and then has its effect once and in order."""
    monkeypatch.setattr(batches, "IN_PLACE_SECONDS", 0.1)
    db = await open_service("shared")
    first, stranger = Event(case_opened()), Event(case_opened())
    events = [first, Event(first.fact), stranger]
    effects = Effects()
    async with shut_out(server, db):
        taking = asyncio.create_task(consume(db, "test", effects.entries, [message(event) for event in events]))
        done, _ = await asyncio.wait([taking], timeout=1)
        assert not done
    async with asyncio.timeout(30):
        assert await taking == 3
    assert await effects_in(db) == [event.id for event in events]
    assert await letters_in(db) == []


async def test_where_all_fails_the_least_is_done(open_service: OpenDatabase) -> None:
    """An entry that can do less than its effect does that, and nothing is set aside."""
    db = await open_service("shared")
    event = Event(case_opened())
    failing, least = Effects(poison=event.id), Effects()
    entries = {CaseOpened.type: Entry(failing.apply, otherwise=least.apply)}
    await consume(db, "test", entries, [message(event)])
    assert await effects_in(db) == [event.id]
    assert (least.batches, await letters_in(db)) == ([[event.id]], [])
