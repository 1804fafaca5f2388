"""Open pages hear of changes, whichever process made them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from types import SimpleNamespace
from typing import cast

from fastapi import Request

from services.triage.pages.live import CHANNEL, MOST_STREAMS, MOST_STREAMS_OF_ONE, Changes, announce, listen, versions
from shared.db import Database, open_database
from tests.conftest import OpenDatabase
from tests.triage.conftest import Front, example
from tests.triage.pages.conftest import SignIn


@asynccontextmanager
async def hearing(db: Database) -> AsyncIterator[Changes]:
    """Listen as another process does, from when the listening has begun."""
    changes = Changes()
    begun = changes.version
    task = asyncio.create_task(listen(db, changes))
    try:
        await _until(changes, begun)
        yield changes
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _until(changes: Changes, before: str) -> None:
    async with asyncio.timeout(20):
        while changes.version == before:
            await changes.wait(1)


async def test_another_process_hears_of_a_case(front: Front) -> None:
    """A case that opens here is heard of on another connection, in words that say nothing of it."""
    async with hearing(front.db) as changes:
        before = changes.version
        await front.submit(example("05"))
        await _until(changes, before)


async def test_a_claim_is_heard_of(front: Front, as_persona: SignIn) -> None:
    """One screener's claim tells the others that the queue has changed."""
    await front.submit(example("05"))
    browser = await as_persona("screener")
    async with hearing(front.db) as changes:
        before = changes.version
        await browser.send("/desk/next")
        await _until(changes, before)


async def test_listening_begins_again_after_a_break(open_service: OpenDatabase) -> None:
    """A broken connection counts as a change, since one may have been missed, and is made anew."""
    db = await open_service("triage")
    url = db.engine.url.render_as_string(hide_password=False)
    other = open_database(url)
    async with hearing(db) as changes:
        before = changes.version
        async with other.engine.begin() as connection:
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = current_database() AND query ILIKE '%listen%{CHANNEL}%' AND pid <> pg_backend_pid()"
            )
        await _until(changes, before)
        before = changes.version
        announcing = asyncio.create_task(announce(other))
        await asyncio.sleep(0)
        for watcher in other.watchers:
            watcher.set()
        await _until(changes, before)
        announcing.cancel()
    await other.close()


async def test_watching_needs_a_session(front: Front) -> None:
    """Nobody watches without signing in."""
    reply = await front.http.get("/desk/changes")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/desk/sign-in?next=%2Fdesk%2Fchanges")


async def test_a_stream_ends_with_its_process() -> None:
    """It says the version at once and after a change, and ends when the process is asked to stop."""
    process, changes = SimpleNamespace(), Changes()
    watching = SimpleNamespace(app=SimpleNamespace(state=process), state=SimpleNamespace(triage_changes=changes))
    stream = versions(cast("Request", watching), "a person", "a session")
    async with asyncio.timeout(20):
        assert [await anext(stream), changes.version in await anext(stream)] == ["retry: 2000\n\n", True]
        changes.add()
        assert changes.version in await anext(stream)
        process.stopping = True
        assert [told async for told in stream] == []


async def test_the_oldest_of_too_many_streams_gives_way() -> None:
    """A session's stream beyond the most ends its oldest, which says so; the others go on, and other sessions'."""
    changes = Changes()
    watching = SimpleNamespace(app=SimpleNamespace(state=None), state=SimpleNamespace(triage_changes=changes))

    async def begun(secret: str) -> AsyncIterator[str]:
        stream = versions(cast("Request", watching), "a person", secret)
        assert [(await anext(stream))[:5], (await anext(stream))[:14]] == ["retry", "event: version"]
        return stream

    async with asyncio.timeout(20):
        other = await begun("another session")
        first, second, *_ = [await begun("a session") for _ in range(MOST_STREAMS)]
        last = await begun("a session")
        assert [told async for told in first] == ["event: over\ndata: elsewhere\n\n"]
        changes.add()
        for stream in (other, second, last):
            assert changes.version in await anext(stream)


def test_a_person_has_so_many_streams_however_often_they_sign_in() -> None:
    """The oldest gives way, whichever session it is of; another person's goes on."""
    changes = Changes()
    with ExitStack() as watching:
        other = watching.enter_context(changes.watched("another", "session"))
        mine = [
            watching.enter_context(changes.watched("a person", f"session {number}"))
            for number in range(MOST_STREAMS_OF_ONE + 3)
        ]

        assert [may_go_on() for may_go_on in mine] == [False] * 3 + [True] * MOST_STREAMS_OF_ONE
        assert other()

    assert not any(may_go_on() for may_go_on in (other, *mine))
