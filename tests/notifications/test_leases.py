"""Claims, leases and limits: many workers, killed ones, hanging endpoints; nothing lost, nothing reordered."""

import asyncio
import random
from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from services.notifications.actions.deliver import claim_due, return_lapsed
from services.notifications.actions.schedule import schedule_deliveries
from services.notifications.models import Delivery
from shared.db import Database, transaction
from shared.vault import Vault
from tests.notifications.configuration import new_settings
from tests.notifications.conftest import NewCourier
from tests.notifications.receiver import Receiver, hang_until, status
from tests.notifications.telling import (
    HUB,
    POLICE,
    SCHOOL,
    Registered,
    Story,
    attempts_of,
    deliveries_to,
    feed_of,
    register,
    tell,
)

URL = "http://localhost:9000"


async def claim(db: Database, slots: int = 100, **said: Any) -> list[UUID]:
    async with transaction(db) as session:
        claimed = await claim_due(session, new_settings(**said), slots=slots, verification_required=False)
    return [delivery.endpoint_id for delivery in claimed]


async def open_deliveries(db: Database) -> int:
    async with transaction(db) as session:
        still = select(func.count()).where(Delivery.state.not_in(["delivered", "dead"]))
        return int(await session.scalar(still) or 0)


async def until_delivered(db: Database) -> None:
    async with asyncio.timeout(30):
        while True:
            if not await open_deliveries(db):
                return
            await asyncio.sleep(0.02)


def sequences_at(receiver: Receiver, endpoint: Registered) -> dict[str, list[int]]:
    """Return the sequence numbers of each referral, in the order in which they came."""
    came: dict[str, list[int]] = defaultdict(list)
    for each in receiver.at(endpoint.path):
        pointer = each.verified_by(endpoint.secret)["data"]
        came[pointer["referral_id"]].append(pointer["sequence"])
    return came


async def test_one_endpoint_has_few_attempts_at_once(db: Database, vault: Vault) -> None:
    """An endpoint's claims stop at its cap, over all workers, and another endpoint's go on."""
    busy = await register(db, vault, SCHOOL, f"{URL}/busy")
    calm = await register(db, vault, POLICE, f"{URL}/calm")
    await tell(db, *(Story().submitted() for _ in range(10)), Story(POLICE).submitted())
    assert sorted(map(str, await claim(db))) == sorted(map(str, [busy.id] * 4 + [calm.id]))
    assert await claim(db) == []


async def test_workers_share_an_endpoints_cap(db: Database, vault: Vault) -> None:
    """While one worker claims from an endpoint, another passes it over instead of waiting or claiming more."""
    endpoint = await register(db, vault, SCHOOL, f"{URL}/busy")
    await tell(db, *(Story().submitted() for _ in range(10)))
    async with transaction(db) as session:
        first = await claim_due(session, new_settings(), slots=1, verification_required=False)
        assert await asyncio.wait_for(claim(db), 10) == []
    assert len(first) == 1
    assert await claim(db) == [endpoint.id] * 3


async def test_slots_go_round_the_endpoints(db: Database, vault: Vault) -> None:
    """With fewer free slots than work, an endpoint with a long queue doesn't take them all."""
    busy = await register(db, vault, SCHOOL, f"{URL}/busy")
    calm = await register(db, vault, POLICE, f"{URL}/calm")
    await tell(db, *(Story().submitted() for _ in range(10)))
    await tell(db, Story(POLICE).submitted())
    assert set(await claim(db, slots=2)) == {busy.id, calm.id}


async def test_a_rate_limit_counts_each_minute(db: Database, vault: Vault) -> None:
    """No more attempts begin in a minute than the endpoint allows; those under way and those over both count."""
    endpoint = await register(db, vault, SCHOOL, f"{URL}/slow", rate_limit_per_minute=3)
    await tell(db, *(Story().submitted() for _ in range(10)))
    assert len(await claim(db)) == 3
    async with transaction(db) as session:
        await session.execute(
            text("UPDATE deliveries SET leased_until = now() - interval '1 s' WHERE state = 'leased'")
        )
    async with transaction(db) as session:
        assert await return_lapsed(session) == 3
    assert await claim(db) == []
    async with transaction(db) as session:
        await session.execute(text("UPDATE attempts SET started_at = started_at - interval '61 s'"))
    assert await claim(db) == [endpoint.id] * 3


async def test_a_line_has_one_turn_at_a_time(db: Database, vault: Vault) -> None:
    """A second delivery of a referral to an endpoint is not claimed while the first is open."""
    endpoint = await register(db, vault, SCHOOL, f"{URL}/school")
    await tell(db, *Story().whole())
    assert await claim(db) == [endpoint.id]
    assert await claim(db) == []


async def test_a_turn_is_not_missed_by_news_at_the_same_moment(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """A delivery scheduled while the one before it is being recorded gets its turn all the same."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    story = Story()
    await tell(db, story.submitted())
    courier = await new_courier()
    await courier.deliver_due()
    async with transaction(db) as session:
        await schedule_deliveries(session, [story.opened()], verification_required=False)
        recording = asyncio.create_task(courier.record_finished())
        done, _ = await asyncio.wait([recording], timeout=0.5)
        assert not done
    assert await recording == 1
    assert [(d.state, d.due_at is None) for d in await deliveries_to(db, endpoint)] == [
        ("delivered", True),
        ("scheduled", False),
    ]


async def test_a_killed_worker_loses_nothing(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """What it had claimed lapses, is kept as an attempt, and is delivered by another with its schedule whole."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    await tell(db, *Story().whole())
    assert await claim(db, webhook_lease_seconds=0.05, webhook_total_seconds=0.01) == [endpoint.id]
    courier = await new_courier()
    async with courier.running():
        await until_delivered(db)
    assert list(sequences_at(receiver, endpoint).values()) == [[1, 2, 3, 4, 5]]
    (first, *_) = await deliveries_to(db, endpoint)
    assert [each.failure for each in await attempts_of(db, first.id)] == ["lease_lapsed", None]
    assert first.attempts_made == 1


async def test_a_lost_lease_records_nothing(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """A worker that comes back after its lease lapsed changes nothing of what another has claimed since."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    released = asyncio.Event()
    receiver.answers[endpoint.path] = [hang_until(released)]
    await tell(db, Story().submitted())
    slow = await new_courier()
    await slow.deliver_due()
    await receiver.until(1)
    async with transaction(db) as session:
        await session.execute(text("UPDATE deliveries SET leased_until = now() - interval '1 s'"))
    async with transaction(db) as session:
        await return_lapsed(session)
    assert await claim(db) == [endpoint.id]
    released.set()
    assert await slow.record_finished() == 1
    (delivery,) = await deliveries_to(db, endpoint)
    assert (delivery.state, delivery.attempts_made) == ("leased", 0)
    assert [each.failure for each in await attempts_of(db, delivery.id)] == ["lease_lapsed"]


async def test_a_late_claim_is_not_sent(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """An attempt that could outlive its lease is left to the sweeper instead of being sent."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    await tell(db, Story().submitted())
    courier = await new_courier(webhook_lease_seconds=2.0001, webhook_total_seconds=2)
    assert await courier.deliver_due() == 1
    await courier.settle()
    assert not receiver.received
    (delivery,) = await deliveries_to(db, endpoint)
    assert delivery.state == "leased"


async def test_workers_at_once_double_and_reorder_nothing(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """Three workers, failing answers and events that keep coming: in order per referral, delivered once each."""
    seeded = random.Random(11)
    endpoints = [
        await register(db, vault, SCHOOL, f"{receiver.base}/school"),
        await register(db, vault, SCHOOL, f"{receiver.base}/second"),
        await register(db, vault, HUB, f"{receiver.base}/hub"),
    ]
    for endpoint in endpoints:
        receiver.answers[endpoint.path] = [
            status(503 if seeded.random() < 0.2 else 200) for _ in range(60)
        ]  # fmt: skip
    couriers = [await new_courier() for _ in range(3)]
    stories = [Story() for _ in range(12)]
    async with couriers[0].running(), couriers[1].running(), couriers[2].running():
        for step in range(6):
            await tell(db, *(story.whole()[step] for story in stories))
        async with asyncio.timeout(30):
            while await open_deliveries(db):
                async with transaction(db) as session:
                    await session.execute(text("UPDATE deliveries SET due_at = now() WHERE state = 'retrying'"))
                couriers[0].woken.set()
                await asyncio.sleep(0.02)
    for endpoint, count in zip(endpoints, (5, 5, 2), strict=True):
        came = sequences_at(receiver, endpoint)
        assert len(came) == 12
        for sequences in came.values():
            assert sequences == sorted(sequences)
            assert set(sequences) == set(range(1, count + 1))
        for delivery in await deliveries_to(db, endpoint):
            answers = [each.status for each in await attempts_of(db, delivery.id)]
            assert [answer in {200, 204} for answer in answers] == [False] * (len(answers) - 1) + [True]
        assert receiver.most_at_once[endpoint.path] <= 4


async def test_a_hanging_endpoint_delays_nobody(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """Everything for the healthy endpoint arrives while every attempt at the other still hangs."""
    hanging = await register(db, vault, SCHOOL, f"{receiver.base}/hanging")
    healthy = await register(db, vault, POLICE, f"{receiver.base}/healthy")
    released = asyncio.Event()
    receiver.answers[hanging.path] = [hang_until(released) for _ in range(100)]
    await tell(db, *(Story().submitted() for _ in range(40)))
    courier = await new_courier(webhook_total_seconds=25, webhook_lease_seconds=40)
    async with courier.running():
        await receiver.until(4, hanging.path)
        await tell(db, *(Story(POLICE).submitted() for _ in range(40)))
        await receiver.until(40, healthy.path)
        assert len(receiver.at(hanging.path)) == 4
        released.set()
        await until_delivered(db)
    assert len(receiver.at(hanging.path)) == 40


async def test_stopping_lets_attempts_finish(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """What is under way when the service stops is finished and recorded."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    released = asyncio.Event()
    receiver.answers[endpoint.path] = [hang_until(released)]
    await tell(db, Story().submitted())
    courier = await new_courier()
    async with courier.running():
        await receiver.until(1)
        asyncio.get_running_loop().call_later(0.05, released.set)
    (delivery,) = await deliveries_to(db, endpoint)
    assert delivery.state == "delivered"


async def test_every_agency_gets_its_own_and_no_other(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """Over many referrals of several agencies, each endpoint receives exactly its agency's feed."""
    seeded = random.Random(3)
    agencies = [SCHOOL, POLICE, HUB, "northampton-general"]
    endpoints = {agency: await register(db, vault, agency, f"{receiver.base}/{agency}") for agency in agencies}
    stories = [Story(seeded.choice(agencies), seeded.choice(agencies)) for _ in range(40)]
    courier = await new_courier()
    async with courier.running():
        await tell(db, *(event for story in stories for event in story.whole()))
        await until_delivered(db)
    for agency, endpoint in endpoints.items():
        came = {each.webhook_id for each in receiver.at(endpoint.path) if each.verified_by(endpoint.secret)}
        assert came == {str(entry.event_id) for entry in await feed_of(db, agency)}
        referrals = {entry.subject for entry in await feed_of(db, agency)}
        assert referrals <= {str(story.id) for story in stories if agency in (story.agency, story.provider)}
