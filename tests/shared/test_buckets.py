"""Allowances as buckets: what a lease is, and that all processes together hold a rate exactly."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from shared.allowances import Allowance, Rate
from shared.db import Database, open_database, transaction
from shared.http.buckets import LARGEST_LEASE, LEASE_SECONDS, Buckets, Lease, forget_buckets, rate_buckets
from shared.http.limits import rates_of_agencies
from tests.conftest import OpenDatabase

SLOW = Rate(40, 0.001)
"""Nothing to speak of comes back while a test runs."""


@pytest.mark.parametrize(
    ("written", "rate"), [("300,10", Rate(300, 10)), ("1,0.5", Rate(1, 0.5)), (" 60, 2 ", Rate(60, 2))]
)
def test_a_rate_is_read_as_it_is_written(written: str, rate: Rate) -> None:
    """A burst and how many a second, and back again."""
    assert Rate.parse(written) == rate
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize("written", ["", "300", "0,10", "10,0", "10,-1", "x,1", "1,nan", "1,inf", "1.5,1", "1,1,1"])
def test_what_is_no_rate_is_refused(written: str) -> None:
    """Nobody is let in, or shut out, by a slip of the pen."""
    with pytest.raises(ValueError, match=r"\S"):
        Rate.parse(written)


def test_leases_grow_while_they_are_used_up_in_their_time() -> None:
    """One, two, four and so on up to the largest; after a pause, one again."""
    lease, sizes, now = Lease(Rate(300, 10)), [], 100.0
    for _ in range(7):
        sizes.append(lease.next_size(now))
        lease.renew(sizes[-1], 0.0, now)
        while lease.take():
            pass

    assert sizes == [1, 2, 4, 8, 16, 16, 16]
    assert lease.next_size(now + LEASE_SECONDS) == 1
    assert max(sizes) == LARGEST_LEASE


def test_a_small_burst_is_leased_in_small_parts() -> None:
    """No process takes more than an eighth of it at once, and never less than one."""
    for burst, largest in ((60, 7), (8, 1), (1, 1)):
        lease = Lease(Rate(burst, 1))
        lease.renew(50, 0.0, 0.0)
        while lease.take():
            pass
        assert lease.next_size(0.5) == largest


def test_an_empty_bucket_is_asked_again_when_it_has_one() -> None:
    """A burst of 10 at 2 a second that is full in 5 s is empty, and has its next in half a second."""
    lease = Lease(Rate(10, 2))
    lease.renew(0, 5.0, 100.0)

    assert (lease.take(), lease.remaining(100.0), lease.wait_seconds(100.0)) == (False, 0, 0.5)
    assert (lease.is_due(100.4), lease.is_due(100.5)) == (False, True)


@given(
    burst=st.integers(1, 1000), per_second=st.floats(0.01, 1000), full_in=st.floats(0, 1000), later=st.floats(0, 100)
)
def test_what_is_left_is_never_more_than_the_burst(burst: int, per_second: float, full_in: float, later: float) -> None:
    """Whatever the times, what is shown as left lies between nothing and the burst, and no wait is negative."""
    lease = Lease(Rate(burst, per_second))
    lease.renew(0, min(full_in, burst / per_second), 50.0)

    assert 0 <= lease.remaining(50.0 + later) <= burst
    assert lease.wait_seconds(50.0 + later) >= 0


async def count_taken(buckets: Buckets, rate: Rate, requests: int, client: str = "a-school") -> int:
    """Ask so often, all at once; returns how many were let in."""
    asked = (buckets.take(client, Allowance.SUBMISSIONS, rate) for _ in range(requests))
    return sum(was_left for _, was_left in await asyncio.gather(*asked))


@pytest.fixture
async def db(open_service: OpenDatabase) -> Database:
    return await open_service("shared")


async def test_processes_share_a_bucket_exactly(db: Database) -> None:
    """Three processes with pools of their own, flooded at once, let in as many as the burst and not one more."""
    url = db.engine.url.render_as_string(hide_password=False)
    others = [open_database(url, pool_size=2) for _ in range(2)]
    processes = [Buckets(each) for each in (db, *others)]
    taken = await asyncio.gather(*(count_taken(buckets, SLOW, 100) for buckets in processes))
    for other in others:
        await other.close()

    assert sum(taken) == SLOW.burst


async def test_one_client_uses_up_nothing_of_anothers(db: Database) -> None:
    """Each client has a bucket of its own."""
    buckets = Buckets(db)

    assert await count_taken(buckets, SLOW, 100) == SLOW.burst
    assert await count_taken(buckets, SLOW, 100, "a-hospital") == SLOW.burst


async def test_a_flood_costs_few_round_trips(db: Database) -> None:
    """A request leases for those that follow it, and an empty bucket is not asked again before it has something."""
    rate, buckets = Rate(300, 0.001), Buckets(db)
    trips = 0
    renew = buckets._renew  # noqa: SLF001 - what is counted

    async def counted(*said: object) -> None:
        nonlocal trips
        trips += 1
        await renew(*said)  # type: ignore[arg-type]

    buckets._renew = counted  # type: ignore[method-assign,assignment]  # noqa: SLF001
    assert await count_taken(buckets, rate, 2000) == 300
    assert trips <= 30


async def test_what_a_lease_has_left_goes_back(db: Database) -> None:
    """A lease that was not used up costs nothing once it is over."""
    now = 100.0
    buckets = Buckets(db, lambda: now)
    assert await count_taken(buckets, SLOW, 4) == 4
    lease, _ = await buckets.take("a-school", Allowance.SUBMISSIONS, SLOW)
    assert (lease.left, lease.remaining(now)) == (2, 35)
    now += LEASE_SECONDS
    lease, _ = await buckets.take("a-school", Allowance.SUBMISSIONS, SLOW)

    assert (lease.left, lease.remaining(now)) == (0, 34)


async def test_what_was_used_comes_back_in_time(db: Database) -> None:
    """After three seconds at 2 a second six are there again, by the database's clock; after an hour the whole burst."""
    rate, now = Rate(8, 2), 0.0
    buckets = Buckets(db, lambda: now)
    let_in = []
    for seconds in (0, 3, 3600):
        now += 100
        earlier = update(rate_buckets).values(full_at=rate_buckets.c.full_at - timedelta(seconds=seconds))
        async with transaction(db) as session:
            await session.execute(earlier)
        let_in.append(await count_taken(buckets, rate, 50))

    assert let_in == [8, 6, 8]


async def test_a_lower_rate_holds_at_once(db: Database) -> None:
    """A bucket that has given more than a new burst has nothing, and nothing less than that."""
    buckets = Buckets(db)
    assert await count_taken(buckets, SLOW, 30) == 30
    buckets = Buckets(db)

    assert await count_taken(buckets, Rate(10, 0.001), 30) == 0


async def test_nobody_is_refused_while_the_database_is_away(unused_tcp_port: int) -> None:
    """What needs the database fails by itself; a limit that cannot be looked up refuses nobody."""
    away = open_database(f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none")

    assert await count_taken(Buckets(away), Rate(5, 1), 40) == 40


async def test_full_buckets_are_forgotten(db: Database) -> None:
    """One that is full again goes; one that is not stays."""
    await count_taken(Buckets(db), SLOW, 1)
    await count_taken(Buckets(db), Rate(1, 1_000_000), 1, "a-hospital")
    async with transaction(db) as session:
        await forget_buckets(session)
        left = await session.scalars(select(rate_buckets.c.client))

    assert left.all() == ["a-school"]


async def test_buckets_are_not_logged(db: Database) -> None:
    """A request pays for no write to PostgreSQL's log: after a crash every bucket is full."""
    async with transaction(db) as session:
        kind = await session.scalar(select(func.max(text("relpersistence"))).select_from(text("pg_class")).where(
            text("relname = 'rate_buckets'")))  # fmt: skip

    assert kind == "u"


def test_rates_that_cannot_be_read_are_one_agencys_alone() -> None:
    """The agency has the rates of everybody; the others keep their own."""
    written = {"a": {"submissions": "many"}, "b": {"unheard_of": "1,1"}, "c": {"submissions": "300,10"}}
    assert rates_of_agencies(written) == {"c": {Allowance.SUBMISSIONS: Rate(300, 10)}}
