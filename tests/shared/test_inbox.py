"""The inbox: an effect exactly once, a poison event harms only itself, what is away is waited for."""

from sqlalchemy import select

from shared.db import transaction
from shared.events import CaseAcknowledged, CaseAdviceGiven, CaseOpened, Event, encode
from shared.inbox import (
    Entry,
    consume,
    dead_letters,
    inbox,
    mark_dead_letter,
)
from shared.outbox import Message
from shared.telemetry.metrics import REGISTRY
from tests.conftest import OpenDatabase
from tests.factories import case_opened
from tests.shared.consuming import Effects, effects_in, message


async def test_a_batch_is_applied_once_in_order(open_service: OpenDatabase) -> None:
    """Events delivered twice, in one batch or in two, have one effect."""
    db = await open_service("shared")
    events = [Event(case_opened()) for _ in range(5)]
    effects = Effects()
    messages = [message(event) for event in [*events, *events]]
    assert await consume(db, "test", effects.entries, messages) == 10
    assert await consume(db, "test", effects.entries, messages) == 10
    assert await effects_in(db) == [event.id for event in events]
    assert len(effects.batches) == 1


async def test_a_transaction_takes_no_more_than_it_can(open_service: OpenDatabase) -> None:
    """A batch is applied in parts of bounded weight, in order and each committed; what weighs too much is alone."""
    db = await open_service("shared")
    weights = [20, 30, 10, 1, 999, 60, 1]
    events = [Event(case_opened()) for _ in weights]
    weight_of = {event.id: weight for event, weight in zip(events, weights, strict=True)}
    effects = Effects(poison=events[5].id)
    entry = Entry(effects.apply, weigh=lambda event, _: weight_of[event.id])
    await consume(db, "test", {CaseOpened.type: entry}, [message(event) for event in events])

    ids = [event.id for event in events]
    assert effects.batches[:4] == [ids[:3], ids[3:4], ids[4:5], ids[5:6]]
    assert sorted(effects.batches[4:]) == [ids[5:6], ids[6:]]
    assert await effects_in(db) == [*ids[:5], ids[6]]


async def test_types_that_are_taken_alike_are_taken_together(open_service: OpenDatabase) -> None:
    """Neighbours whose types have equal entries are one batch in their order; another entry's is one of its own."""
    db = await open_service("shared")
    said = case_opened().model_dump()
    opened, acknowledged, advised, last = (
        Event(case_opened()), Event(CaseAcknowledged(**said)), Event(CaseAdviceGiven(**said)), Event(case_opened())
    )  # fmt: skip
    together, alone = Effects(), Effects()
    entries = {
        CaseOpened.type: Entry(together.apply),
        CaseAcknowledged.type: Entry(together.apply),
        CaseAdviceGiven.type: Entry(alone.apply),
    }
    before = _applied()
    await consume(db, "test", entries, [message(event) for event in (opened, acknowledged, advised, last)])
    assert together.batches == [[opened.id, acknowledged.id], [last.id]]
    assert alone.batches == [[advised.id]]
    assert await effects_in(db) == [opened.id, acknowledged.id, advised.id, last.id]
    assert [now - then for now, then in zip(_applied(), before, strict=True)] == [2, 1, 1]


def _applied() -> list[float]:
    counted = {"reader": "test", "outcome": "applied"}
    kinds = (CaseOpened.type, CaseAcknowledged.type, CaseAdviceGiven.type)
    name = "frontdoor_events_consumed_total"
    return [REGISTRY.get_sample_value(name, counted | {"type": kind}) or 0 for kind in kinds]


async def test_messages_that_cannot_be_understood_are_buried(open_service: OpenDatabase) -> None:
    """Undecodable bytes, an unknown version and a broken schema are dead letters; the next event is applied."""
    db = await open_service("shared")
    good = Event(case_opened())
    headers, payload = encode(good)
    broken = [
        Message(headers, b"\xff"),
        Message({**headers, "ce_type": "uk.frontdoor.case.opened.v9"}, payload),
        Message(headers, payload.replace(b'"reference"', b'"nickname"')),
        Message({}, payload),
        Message({**headers, "ce_subject": "another"}, payload),
    ]
    effects = Effects()
    await consume(db, "test", effects.entries, [*broken, message(good)])
    assert await effects_in(db) == [good.id]
    assert len(effects.mourned) == 3
    async with transaction(db) as session:
        letters = (await session.scalars(select(dead_letters.c.error))).all()
    assert len(letters) == len(broken)
    assert all(letter.startswith("poison: ") for letter in letters)


async def test_a_refusal_is_a_recorded_outcome(open_service: OpenDatabase) -> None:
    """What the domain refuses is no dead letter and is not tried again."""
    db = await open_service("shared")
    event = Event(case_opened())
    effects = Effects(refused=event.id)
    await consume(db, "test", effects.entries, [message(event)])
    await consume(db, "test", effects.entries, [message(event)])
    async with transaction(db) as session:
        assert (await session.scalars(select(inbox.c.outcome))).all() == ["refused: refused"]
        assert (await session.execute(select(dead_letters))).all() == []
    assert await effects_in(db) == []


async def test_what_is_away_is_waited_for(open_service: OpenDatabase) -> None:
    """A transient failure is tried again in place, and the effect then happens once."""
    db = await open_service("shared")
    event = Event(case_opened())
    effects = Effects(away_times=2)
    await consume(db, "test", effects.entries, [message(event)])
    assert len(effects.batches) == 3
    assert await effects_in(db) == [event.id]


async def test_a_dead_letter_can_be_marked_once(open_service: OpenDatabase) -> None:
    """A dead letter is replayed or dropped by one person."""
    db = await open_service("shared")
    event = Event(case_opened())
    await consume(db, "test", Effects().entries, [Message(message(event).headers, b"")])
    async with transaction(db) as session:
        letter_id = (await session.scalars(select(dead_letters.c.id))).one()
        assert await mark_dead_letter(session, letter_id, "replay")
        assert not await mark_dead_letter(session, letter_id, "dropped")
