"""Row stall: the longest pause of the event loop while one agency sends the most people that a referral may have."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession

from tests.bench.observer import ORDINARY, URGENT, Observer
from tests.bench.rows import Figures
from tests.factories import large_family
from tests.faults.front_door import FrontDoor

MANY: Final = 120
SENDERS: Final = 8
LOOK_SECONDS: Final = 1.0
LONGEST_STALL: Final = re.compile(r"^frontdoor_loop_stall_seconds (\S+)$", re.MULTILINE)
NOTE: Final = (
    f"`frontdoor up --demo`. One agency sends {MANY} referrals of 20 children and a household of 30, all of the same "
    f"names, over {SENDERS} connections; once a quarter of them are taken, another sends an ordinary referral, and one "
    "of a child in danger. The pause is the longest that the event loop's own gauge shows, until all are finished: "
    "their people compared, as far as there is a budget."
)


async def stall(folder: Path) -> Figures:
    door = FrontDoor(folder / "installation")
    door.start()
    try:
        await asyncio.to_thread(door.await_ready)
        lines = await _measured(door)
    finally:
        await asyncio.to_thread(door.stop)
    return Figures("stall", lines, NOTE)


async def _measured(door: FrontDoor) -> list[tuple[str, str, str]]:
    async with Observer.of(door) as observer, _watched(door) as pauses:
        began = time.monotonic()
        async with asyncio.TaskGroup() as sending:
            for turn in range(SENDERS):
                sending.create_task(_send(observer, turn))
            await observer.has_taken(MANY // 4)
            ordinary, urgent = await asyncio.gather(observer.timed(ORDINARY), observer.timed(URGENT))
        await observer.opened(observer.accepted)
        opened = time.monotonic() - began
        await observer.finished()
        finished = time.monotonic() - began
    return [
        ("longest pause of the loop", f"{max(pauses) * 1000:,.0f} ms", "at most 250 ms"),
        ("case of a child in danger, meanwhile", f"{urgent[1] * 1000:,.0f} ms", "at most 1,000 ms"),
        ("case of an ordinary referral, meanwhile", f"{ordinary[1] * 1000:,.0f} ms", ""),
        (f"all {MANY} opened, and finished", f"{opened:,.1f} s, {finished:,.1f} s", ""),
    ]


async def _send(observer: Observer, turn: int) -> None:
    for number in range(turn, MANY, SENDERS):
        await observer.send(large_family(number))


@asynccontextmanager
async def _watched(door: FrontDoor) -> AsyncIterator[list[float]]:
    """Ask for the longest pause of the last minute, all the time."""
    pauses: list[float] = []
    async with ClientSession(door.url) as http:

        async def look() -> None:
            async with http.get("/metrics") as reply:
                found: Any = LONGEST_STALL.search(await reply.text())
                pauses.append(float(found[1]))

        async def watch() -> None:
            while True:
                await look()
                await asyncio.sleep(LOOK_SECONDS)

        watching = asyncio.create_task(watch())
        try:
            yield pauses
        finally:
            watching.cancel()
        await look()
