"""Kill -9 under load, again and again: nothing acknowledged is lost or doubled, and everybody is told, in order."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.faults.checker import broken_promises, read_record
from tests.faults.conftest import PROOF, Report
from tests.faults.front_door import FrontDoor
from tests.faults.load import Partners
from tests.faults.receiver import Receiver
from tests.faults.rest import RECEIVERS, come_to_rest, register_endpoints

SEED = 20261122
KILLS_WHILE_SERVING = 18 if PROOF else 7
KILLS_WHILE_STARTING = 4 if PROOF else 3
FLOOR_OF_ACKNOWLEDGEMENTS = 1_000


@pytest.fixture
def door(tmp_path: Path) -> Iterator[FrontDoor]:
    """Lend a front door whose leases lapse soon, so that what a kill cut off is tried again within the test."""
    lent = FrontDoor(
        tmp_path.resolve() / "data",
        FRONTDOOR_WEBHOOK_TOTAL_SECONDS="3",
        FRONTDOOR_WEBHOOK_CONNECT_SECONDS="2",
        FRONTDOOR_WEBHOOK_LEASE_SECONDS="5",
    )
    lent.start()
    lent.await_ready()
    yield lent
    lent.stop()


async def test_kill_9_loses_and_doubles_nothing(door: FrontDoor, receiver: Receiver, report: Report) -> None:
    """After kills under load each 202 is one referral, one case, one audit row, and told once or more, in order."""
    partners = Partners(door, per_second=40)
    await register_endpoints(partners, receiver)
    async with asyncio.TaskGroup() as group:
        group.create_task(partners.run(SEED))
        await _kill_repeatedly(door, Random(SEED))
        await partners.until_accepted(FLOOR_OF_ACKNOWLEDGEMENTS)
        partners.stopping = True
    record = await come_to_rest(partial(read_record, door.data_dir), receiver)
    broken = broken_promises(partners, RECEIVERS, record, receiver.received)
    report("one process: kills", KILLS_WHILE_SERVING + KILLS_WHILE_STARTING)
    report("one process: acknowledgements", len(partners.accepted))
    report("one process: promises broken", broken or "none")
    assert broken == {}
    assert len(partners.accepted) >= FLOOR_OF_ACKNOWLEDGEMENTS, "void: too few acknowledgements to prove anything"
    assert partners.unknown > 0, "void: no kill ever met a request under way"


async def _kill_repeatedly(door: FrontDoor, chance: Random) -> None:
    """Kill at seeded moments, while serving or still starting, with or without its database server."""
    moments = ["serving"] * KILLS_WHILE_SERVING + ["starting"] * KILLS_WHILE_STARTING
    chance.shuffle(moments)
    for moment in moments:
        if moment == "serving":
            await asyncio.to_thread(door.await_ready)
            await asyncio.sleep(chance.uniform(0.2, 2.5))
        else:
            await asyncio.sleep(chance.uniform(0.1, 2.0))
        await asyncio.to_thread(door.kill, postgres_too=chance.random() < 0.5)
        door.start()
    await asyncio.to_thread(door.await_ready)
