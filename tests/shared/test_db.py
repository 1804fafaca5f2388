"""Pools: requests never leave work without a connection, and what is stuck gives its own back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import EMITTED, Database, is_away, open_pools, transaction
from tests.conftest import OpenDatabase

REQUEST_CONNECTIONS = 12


@pytest.fixture
async def pools(open_service: OpenDatabase) -> AsyncIterator[tuple[Database, Database]]:
    """Give a fresh database as a service has it: for requests, and for work."""
    url = (await open_service("shared")).engine.url.render_as_string(hide_password=False)
    both = open_pools(url)
    yield both
    for db in both:
        await db.close()


async def setting(db: Database, name: str) -> str:
    async with transaction(db) as session:
        return str(await session.scalar(text(f"SHOW {name}")))


async def test_work_goes_on_while_requests_hold_every_connection(pools: tuple[Database, Database]) -> None:
    """Twelve transactions are open for requests, a thirteenth waits, and work has a connection of its own."""
    requests, work = pools
    async with AsyncExitStack() as stack:
        for _ in range(REQUEST_CONNECTIONS):
            session = await stack.enter_async_context(transaction(requests))
            await session.execute(text("SELECT 1"))
        thirteenth = asyncio.create_task(setting(requests, "lock_timeout"))

        assert await setting(work, "timezone") == "UTC"

        assert not thirteenth.done()
    assert await thirteenth == "10s"


async def test_what_one_pool_commits_wakes_who_waits_on_the_other(pools: tuple[Database, Database]) -> None:
    """A consumer reads on the connections of work, and hears of what a request wrote."""
    requests, work = pools
    woken = asyncio.Event()
    work.listeners.add(woken)

    async with transaction(requests) as session:
        await session.execute(text("SELECT 1"))
        session.info[EMITTED] = True

    assert woken.is_set()


async def test_a_request_stuck_in_its_transaction_is_ended(pools: tuple[Database, Database]) -> None:
    """It fails as if the database were away, which is a 503, and the pool goes on; work may take its time."""
    requests, work = pools
    with pytest.raises(DBAPIError) as stuck:
        await _get_stuck(requests, work)

    assert is_away(stuck.value)
    assert await setting(requests, "idle_in_transaction_session_timeout") == "15s"
    assert await setting(work, "idle_in_transaction_session_timeout") == "0"


async def _get_stuck(requests: Database, work: Database) -> None:
    async with transaction(requests) as session:
        await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        await _gone(work, pid)
        await session.execute(text("SELECT 1"))


async def _gone(db: Database, pid: int) -> None:
    alive = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    async with asyncio.timeout(30):
        while True:
            async with transaction(db) as session:
                if not await session.scalar(alive, {"pid": pid}):
                    return
