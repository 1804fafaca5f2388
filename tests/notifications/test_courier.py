"""Deliveries over real HTTP to a real receiver: what arrives, what is recorded, what happens when it misbehaves."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.actions.deliver import Finished, record_attempts
from services.notifications.actions.endpoints import enable_endpoint, lock_endpoint
from services.notifications.models import Endpoint
from services.notifications.worker import courier as courier_rooms
from services.notifications.worker.courier import Courier
from shared.db import Database, transaction
from shared.outbox import outbox
from shared.vault import Vault
from tests.notifications.conftest import NewCourier
from tests.notifications.receiver import Answer, Receiver, endless, hang_until, reset, status
from tests.notifications.telling import HUB, NOON, SCHOOL, Story, attempts_of, deliveries_to, feed_of, register, tell


async def attempt_due(courier: Courier) -> int:
    """Attempt what is due, and record it; returns how many deliveries that were."""
    started = await courier.deliver_due()
    left = started
    while left:
        left -= await courier.record_finished()
    return started


async def bring_retries_forward(db: Database) -> None:
    async with transaction(db) as session:
        await session.execute(text("UPDATE deliveries SET due_at = now() WHERE state = 'retrying'"))


async def test_what_arrives(db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier) -> None:
    """A webhook has the event's id, exactly three fields, five of them in `data`, and the correlation id."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    story = Story()
    event = story.submitted()
    await tell(db, event)
    courier = await new_courier()
    assert await attempt_due(courier) == 1
    (arrived,) = receiver.received
    assert arrived.verified_by(endpoint.secret) == {
        "type": "uk.frontdoor.referral.submitted.v1",
        "timestamp": NOON.isoformat().replace("+00:00", "Z"),
        "data": {
            "referral_id": str(story.id),
            "reference": "FD-2611-0000-0000",
            "sequence": 1,
            "status": "received",
            "detail_url": f"/v1/referrals/{story.id}?status=received&wait=10",
        },
    }
    assert arrived.webhook_id == str(event.id)
    assert arrived.headers["x-correlation-id"] == f"story-{story.id}"
    (delivery,) = await deliveries_to(db, endpoint)
    assert (delivery.state, delivery.attempts_made, delivery.due_at) == ("delivered", 1, None)
    (attempt,) = await attempts_of(db, delivery.id)
    assert (attempt.status, attempt.failure) == (204, None)


async def test_failures_then_success(db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier) -> None:
    """A failing receiver gets the same id again, signed anew, on the schedule, until it answers 2xx."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    receiver.answers[endpoint.path] = [status(500), reset, status(404)]
    await tell(db, Story().submitted())
    courier = await new_courier()
    pauses = []
    for _ in range(3):
        assert await attempt_due(courier) == 1
        (delivery,) = await deliveries_to(db, endpoint)
        assert delivery.state == "retrying"
        assert delivery.due_at is not None
        pauses.append((delivery.due_at - datetime.now(UTC)).total_seconds())
        assert await attempt_due(courier) == 0
        await bring_retries_forward(db)
    assert await attempt_due(courier) == 1
    (delivery,) = await deliveries_to(db, endpoint)
    assert (delivery.state, delivery.attempts_made) == ("delivered", 4)
    assert pauses == pytest.approx([5, 300, 1800], abs=4)
    attempts = [(each.status, each.failure) for each in await attempts_of(db, delivery.id)]
    assert attempts == [(500, None), (None, "connection_failed"), (404, None), (204, None)]
    assert len({each.webhook_id for each in receiver.received}) == 1
    for each in receiver.received:
        each.verified_by(endpoint.secret)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(302, {"Location": "/elsewhere"}), (302, None)),
        (status(307, {"Location": "http://169.254.169.254/"}), (307, None)),
        (hang_until(asyncio.Event()), (None, "timeout")),
        (reset, (None, "connection_failed")),
    ],
    ids=["redirect", "redirect to metadata", "hanging", "reset"],
)
async def test_misbehaviour_is_a_failed_attempt(
    db: Database,
    vault: Vault,
    receiver: Receiver,
    new_courier: NewCourier,
    answer: Answer,
    expected: tuple[int | None, str | None],
) -> None:
    """Redirects are not followed, hanging ends by our clock; each is one recorded failure."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    receiver.answers[endpoint.path] = [answer]
    await tell(db, Story().submitted())
    await attempt_due(await new_courier(webhook_total_seconds=0.3))
    assert [each.path for each in receiver.received] == ["/school"]
    (delivery,) = await deliveries_to(db, endpoint)
    (attempt,) = await attempts_of(db, delivery.id)
    assert (attempt.status, attempt.failure) == expected
    assert delivery.state == "retrying"


async def test_nobody_listens(db: Database, vault: Vault, new_courier: NewCourier) -> None:
    """A refused connection is a failed attempt."""
    endpoint = await register(db, vault, SCHOOL, "http://127.0.0.1:9/school")
    await tell(db, Story().submitted())
    await attempt_due(await new_courier())
    (delivery,) = await deliveries_to(db, endpoint)
    assert [each.failure for each in await attempts_of(db, delivery.id)] == ["connection_failed"]


async def test_an_endless_reply_is_read_in_part(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """The status counts; the sender hangs up on a body that does not end, long before its own time is up."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    receiver.answers[endpoint.path] = [endless]
    await tell(db, Story().submitted())
    async with asyncio.timeout(30):
        await attempt_due(await new_courier(webhook_total_seconds=60, webhook_lease_seconds=90))
    (delivery,) = await deliveries_to(db, endpoint)
    assert delivery.state == "delivered"


async def test_the_head_of_a_reply_is_kept_safe(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """Some headers are kept, cut short; cookies are not, and bytes outside ASCII do no harm."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    headers = {"Retry-After": "7200", "Set-Cookie": "a=b", "Server": "x" * 500, "Location": "/\u00e9\udcff"}
    receiver.answers[endpoint.path] = [status(503, headers)]
    await tell(db, Story().submitted())
    await attempt_due(await new_courier())
    (delivery,) = await deliveries_to(db, endpoint)
    (attempt,) = await attempts_of(db, delivery.id)
    assert attempt.head["Retry-After"] == "7200"
    assert attempt.head["Server"] == "x" * 200
    assert attempt.head["Location"].startswith("/?")
    assert "Set-Cookie" not in attempt.head
    assert delivery.due_at is not None
    assert delivery.due_at - datetime.now(UTC) > timedelta(minutes=119)


async def test_gone_disables_and_nothing_is_lost(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """410 stops an endpoint and tells its owner through the feed; enabled again, it gets what waited, in order."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    other = await register(db, vault, HUB, f"{receiver.base}/hub")
    receiver.answers[endpoint.path] = [status(410)]
    story = Story()
    await tell(db, story.submitted(), story.opened(), story.offered())
    courier = await new_courier()
    await attempt_due(courier)
    await bring_retries_forward(db)
    assert await attempt_due(courier) == 0
    assert len(receiver.at(other.path)) == 1
    (*_, disabled) = await feed_of(db, SCHOOL)
    assert disabled.type == "uk.frontdoor.endpoint.disabled.v1"
    assert disabled.pointer["endpoint_id"] == str(endpoint.id)
    assert "uk.frontdoor.endpoint.disabled.v1" not in [entry.type for entry in await feed_of(db, HUB)]
    async with transaction(db) as session:
        emitted = (await session.execute(select(outbox))).all()
        await enable_endpoint(session, await lock_endpoint(session, SCHOOL, endpoint.id))
    assert [(row.type, row.subject) for row in emitted] == [(disabled.type, str(endpoint.id))]
    while await attempt_due(courier):
        pass
    assert [each.verified_by(endpoint.secret)["data"]["sequence"] for each in receiver.at(endpoint.path)] == [1, 1, 2]


async def test_the_last_failure_is_the_end_and_the_next_has_its_turn(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """After ten failures a delivery is dead, and the one behind it goes out."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    receiver.answers[endpoint.path] = [status(500) for _ in range(10)]
    story = Story()
    await tell(db, story.submitted(), story.opened())
    courier = await new_courier()
    for _ in range(10):
        assert await attempt_due(courier) == 1
        await bring_retries_forward(db)
    assert await attempt_due(courier) == 1
    assert [(d.state, d.attempts_made) for d in await deliveries_to(db, endpoint)] == [("dead", 10), ("delivered", 1)]
    assert len(receiver.received) == 11


async def test_an_unreadable_secret_is_a_failed_attempt(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """A fault of our own follows the schedule, seen by the owner, and sends nothing unsigned."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    async with transaction(db) as session:
        (await session.get_one(Endpoint, endpoint.id)).secret = bytes(120)
    await tell(db, Story().submitted())
    await attempt_due(await new_courier())
    (delivery,) = await deliveries_to(db, endpoint)
    assert [each.failure for each in await attempts_of(db, delivery.id)] == ["internal_error"]
    assert not receiver.received


async def test_a_domain_no_longer_approved_gets_nothing(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """The address is checked again at every attempt, not only when it was registered."""
    endpoint = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    await tell(db, Story().submitted())
    await attempt_due(await new_courier(profile="standard"))
    (delivery,) = await deliveries_to(db, endpoint)
    assert [each.failure for each in await attempts_of(db, delivery.id)] == ["address_refused"]
    assert not receiver.received


async def test_a_record_that_fails_holds_up_no_other(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt that ended beside it is recorded; its own is left to its lease, so that it is made again."""
    school, hub = [await register(db, vault, agency, f"{receiver.base}/{agency}") for agency in (SCHOOL, HUB)]
    await tell(db, Story(SCHOOL).submitted(), Story(HUB).submitted())

    async def breaks(session: AsyncSession, finished: Sequence[Finished], **more: bool) -> int:
        if any(one.delivery.endpoint_id == school.id for one in finished):
            raise ZeroDivisionError
        return await record_attempts(session, finished, **more)

    monkeypatch.setattr(courier_rooms, "record_attempts", breaks)
    courier = await new_courier()
    assert await courier.deliver_due() == 2
    await asyncio.gather(*courier._under_way)  # noqa: SLF001 - so that both are recorded in one batch
    assert await courier.record_finished() == 2
    await courier.settle()
    states = [delivery.state for endpoint in (school, hub) for delivery in await deliveries_to(db, endpoint)]
    assert states == ["leased", "delivered"]
