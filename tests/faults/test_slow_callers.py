"""Five hundred callers who take their time stop nobody: they are closed, and a child in danger is on the queue."""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.cli.running import opened
from shared.db import transaction
from tests.conftest import EXAMPLES
from tests.fakes import eventually
from tests.faults.front_door import FrontDoor
from tests.front_door.callers import WAYS, Caller, Way, closed
from tests.journeys.conftest import World, running

CALLERS = 500
PAUSE_SECONDS = 1.0
GENEROUS_SECONDS = 120
SCHOOL = "towcester-primary"
POLICE = "northants-police"


@pytest.fixture(params=["embedded", "kafka"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Lend a front door of each shape that gives callers five seconds."""
    with running(request.param, tmp_path.resolve(), FRONTDOOR_CALLER_SECONDS="5") as lent:
        yield lent


async def test_five_hundred_slow_callers_stop_nobody(world: World) -> None:
    """While they call, a referral in danger gets 202, its case and its page; then every one of them is closed."""
    offered = await case_of(world, await submitted(world, SCHOOL, "03-attendance-and-routines"), has_offer)
    called = asyncio.Semaphore(0)
    slow = [
        asyncio.create_task(closed(port, partial(call, way, called), head, PAUSE_SECONDS))
        for way, (port, head) in islice(zip(cycle(WAYS), cycle(places(world, offered)), strict=False), CALLERS)
    ]
    for _ in slow:
        await called.acquire()

    urgent = await case_of(world, await submitted(world, POLICE, "01-bruised-baby"), is_red)
    await pass_time(world, urgent["id"])
    await eventually(partial(is_paged, world, urgent["id"]), GENEROUS_SECONDS)

    async with asyncio.timeout(GENEROUS_SECONDS):
        said = await asyncio.gather(*slow)
    assert sum(b"HTTP/1.1 408" in one for one in said) > CALLERS // 4
    assert [one for one in said if b"HTTP/1.1 5" in one] == []


async def call(way: Way, called: asyncio.Semaphore, caller: Caller) -> None:
    called.release()
    await way(caller)


def places(world: World, case: dict[str, Any]) -> list[tuple[int, bytes]]:
    """Return the port and the head of a partner's addition to its referral, and of a provider's answer."""
    offer, door = case["offers"][0], world.door
    names = ("referrals", "triage")
    ports = [door.port] * 2 if isinstance(door, FrontDoor) else [door.instances[name][0].port for name in names]
    sent = [
        (ports[0], SCHOOL, f"/v1/referrals/{case['referral_id']}/information"),
        (ports[1], offer["provider"], f"/v1/early-help-offers/{offer['id']}/decline"),
    ]
    return [(port, head_of(path, world.partner(agency))) for port, agency, path in sent]


def head_of(path: str, headers: dict[str, str]) -> bytes:
    said = {"Host": "localhost", "Idempotency-Key": "slow", **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items()), ""]
    return "\r\n".join(lines).encode()


async def submitted(world: World, agency: str, example: str) -> str:
    document = json.loads((EXAMPLES / f"{example}.json").read_text())
    reply = await asyncio.to_thread(world.submit, agency, document)
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


async def case_of(world: World, referral_id: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the case of a referral once it is so."""

    async def look() -> dict[str, Any] | None:
        case = await asyncio.to_thread(world.case_of, referral_id)
        return case if case and is_so(case) else None

    return await eventually(look, GENEROUS_SECONDS)


def has_offer(case: dict[str, Any]) -> bool:
    return bool(case["offers"])


def is_red(case: dict[str, Any]) -> bool:
    return bool(case["priority"] == "red")


async def pass_time(world: World, case_id: str) -> None:
    """Let every clock of the case have a step to take now."""
    due = text("UPDATE clocks SET next_at = clock_timestamp() WHERE case_id = :case AND next_at IS NOT NULL")
    async with opened(world.door.data_dir) as databases, transaction(databases["triage"]) as session:
        await session.execute(due, {"case": case_id})


async def is_paged(world: World, case_id: str) -> bool:
    """Tell whether a page was tried; none can be sent here, which is said in the log."""
    tried = text("SELECT count(*) FROM pages WHERE case_id = :case AND attempts > 0 AND next_at IS NULL")
    async with opened(world.door.data_dir) as databases, transaction(databases["triage"]) as session:
        return bool(await session.scalar(tried, {"case": case_id}))
