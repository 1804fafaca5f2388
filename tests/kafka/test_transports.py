"""The contract of a transport, held by both: read from the outbox directly, and carried by a real Kafka."""

from functools import partial

import pytest
from sqlalchemy import insert, select

from shared.db import new_id, transaction
from shared.events import Event, encode
from shared.inbox import dead_letters
from shared.outbox import emit, outbox, outbox_row
from tests.conftest import OpenDatabase
from tests.factories import case_opened, referral_submitted
from tests.fakes import eventually
from tests.kafka.carrying import Effects, Road, by_subject, emit_poison, new_service, running, write


@pytest.fixture(params=["embedded", "kafka"])
async def road(request: pytest.FixtureRequest, open_service: OpenDatabase) -> Road:
    producer, consumer = await open_service("shared"), await open_service("shared")
    if request.param == "embedded":
        return Road("referrals", producer, consumer)
    bootstrap = request.getfixturevalue("broker").bootstrap
    return Road(await new_service(bootstrap), producer, consumer, bootstrap)


async def test_nothing_is_lost_doubled_or_reordered(road: Road) -> None:
    """Every event that four writers emit has one effect, in its subject's order."""
    effects = Effects()
    async with running(*road.ways(effects), *(write(road.producer, 150, seed=seed) for seed in range(4))):
        await effects.reach(600)
    assert await by_subject(road.consumer) == await by_subject(road.producer)


async def test_an_interrupted_road_goes_on_where_it_was(road: Road) -> None:
    """A consumer stopped and started in the middle neither repeats nor skips."""
    effects = Effects()
    async with running(*road.ways(effects)):
        await write(road.producer, 50, seed=1)
        await effects.reach(20)
    await write(road.producer, 50, seed=2)
    async with running(*road.ways(effects)):
        await effects.reach(100)
    assert await by_subject(road.consumer) == await by_subject(road.producer)


async def test_a_lane_passes_all_that_lies_before_it_and_nothing_is_done_twice(road: Road) -> None:
    """What is urgent has its effect before the first reader begins, and no second one when that comes to it."""
    urgent = referral_submitted("yes")
    await write(road.producer, 100, seed=1)
    async with transaction(road.producer) as session:
        await emit(session, urgent, referral_submitted("no"), Event(case_opened(), urgency="yes"))
    by_lane, in_order = Effects(), Effects()
    async with running(*road.lane(by_lane)):
        await by_lane.reach(1)
        async with running(*road.ways(in_order)):
            await in_order.reach(102)
    assert by_lane.applied == {urgent.id}
    assert urgent.id not in in_order.applied
    assert await by_subject(road.consumer) == await by_subject(road.producer)


async def test_an_urgent_event_that_nobody_understands_is_set_aside_once(road: Road) -> None:
    """The lane buries it, and the first reader finds it among the dead letters; what comes after it flows on both."""
    subject = new_id()
    broken, after = (referral_submitted("yes", referral_id=subject) for _ in range(2))
    last = Event(case_opened(referral_id=subject))
    async with transaction(road.producer) as session:
        await session.execute(insert(outbox), [{**outbox_row(broken), "payload": b"\xff"}])
        await emit(session, after, last)
    by_lane, in_order = Effects(), Effects()
    async with running(*road.lane(by_lane)):
        await by_lane.reach(1)
    async with running(*road.ways(in_order)):
        await in_order.reach(1)
    assert (by_lane.applied, in_order.applied) == ({after.id}, {last.id})
    async with transaction(road.consumer) as session:
        assert [bytes(one) for one in await session.scalars(select(dead_letters.c.payload))] == [b"\xff"]


async def test_poison_is_quarantined_and_the_others_flow(road: Road) -> None:
    """An unknown version and bytes of nothing are dead at once, a failing effect is set aside; the others flow."""
    before, failing, after = (Event(case_opened()) for _ in range(3))
    poison = await emit_poison(road.producer, before, failing, after)
    effects = Effects(failing=frozenset({failing.id}))
    async with running(*road.ways(effects)):
        await effects.reach(2)
        await eventually(partial(_has_letters, road, 3))
    assert effects.applied == {before.id, after.id}
    expected = [*((payload, "dead") for payload in poison), (encode(failing)[1], "waiting")]
    assert await _letters_in(road) == sorted(expected)


async def _letters_in(road: Road) -> list[tuple[bytes, str]]:
    """Return bytes and state of what was set aside or is dead."""
    async with transaction(road.consumer) as session:
        rows = (await session.execute(select(dead_letters.c.payload, dead_letters.c.state))).all()
    return sorted((bytes(payload), state) for payload, state in rows)


async def _has_letters(road: Road, count: int) -> bool:
    return len(await _letters_in(road)) == count


async def test_a_fault_of_ours_holds_up_its_subject_alone(road: Road) -> None:
    """Later events of the subject wait behind the one that fails, whatever its transport, and follow it in order."""
    first, stranger = Event(case_opened()), Event(case_opened())
    later, last = Event(first.fact), Event(first.fact)
    effects = Effects(failing=frozenset({first.id}))
    async with running(*road.ways(effects)):
        async with transaction(road.producer) as session:
            await emit(session, first, later, stranger)
        await effects.reach(1)
        async with transaction(road.producer) as session:
            await emit(session, last, Event(stranger.fact))
        await effects.reach(2)
        assert set(await by_subject(road.consumer)) == {stranger.subject}

        effects.failing = frozenset()
        async with running(road.replaying(effects)):
            await effects.reach(5)
            assert await eventually(partial(_has_letters, road, 0))
    assert (await by_subject(road.consumer))[first.subject] == [first.id, later.id, last.id]
