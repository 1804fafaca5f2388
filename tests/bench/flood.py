"""Row flood: a child in danger while another agency sends 1,500 referrals at once, on both transports."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from services.cli.synthetic import load_cast, synthetic_referrals
from tests.bench.observer import URGENT, Observer, Timing
from tests.bench.rows import Figures
from tests.conftest import HUB_FOLDER
from tests.faults.front_door import FrontDoor
from tests.kafka.broker import cluster, missing

MANY: Final = 1_500
SENDERS: Final = 16
QUIET_TURNS: Final = 5
URGENT_AT: Final = tuple(MANY * part // 4 for part in range(1, 5))
SEED: Final = 5
NOTE: Final = (
    f"`frontdoor up --demo`, its events read from the outbox or through one Kafka broker beside it. One agency sends "
    f"{MANY:,} synthetic referrals over {SENDERS} connections as fast as they are taken; another sends one of a child "
    "in danger at each quarter, the last when all are taken. From the sending of that one to its 202, and until its "
    f"case can be read in the database: the median of {QUIET_TURNS} on a quiet front door, the longest of the four in "
    "the flood. The rates that each client is allowed are out of the way."
)


async def flood(folder: Path) -> Figures:
    lines: list[tuple[str, str, str]] = []
    for transport in ("outbox", "Kafka"):
        with ExitStack() as ending:
            settings = {}
            if transport == "Kafka":
                if missing():
                    continue
                settings["FRONTDOOR_KAFKA"] = ending.enter_context(cluster()).bootstrap
                settings["FRONTDOOR_KAFKA_REPLICATION"] = "1"
            door = FrontDoor(folder / transport, **settings)
            ending.callback(door.stop)
            door.start()
            await asyncio.to_thread(door.await_ready)
            lines += [(f"{what} ({transport})", figure, goal) for what, figure, goal in await _measured(door)]
    return Figures("flood", lines, NOTE)


async def _measured(door: FrontDoor) -> list[tuple[str, str, str]]:
    async with Observer.of(door) as observer:
        quiet = [await observer.timed(URGENT) for _ in range(QUIET_TURNS)]
        began = time.monotonic()
        in_flood = await _flooded(observer)
        waited = time.monotonic() - began
    case = max(case for _, case in in_flood)
    return [
        ("202 and case of a child in danger, quiet", _shown(*map(median, zip(*quiet, strict=True))), ""),
        ("202 of a child in danger, in the flood", f"{max(reply for reply, _ in in_flood) * 1000:,.0f} ms", ""),
        ("case of a child in danger, in the flood", f"{case * 1000:,.0f} ms", "at most 1,000 ms"),
        ("all of the flood sent and opened", f"{waited:,.1f} s", ""),
    ]


def _shown(reply: float, case: float) -> str:
    return f"{reply * 1000:,.0f} ms, {case * 1000:,.0f} ms"


async def _flooded(observer: Observer) -> list[Timing]:
    """Send the flood with urgent ones in it, and wait until all of it is opened."""
    documents = _ordinary()
    senders = [asyncio.create_task(_send(observer, documents)) for _ in range(SENDERS)]
    found = []
    for count in URGENT_AT:
        await observer.has_taken(count)
        found.append(await observer.timed(URGENT))
    await asyncio.gather(*senders)
    await observer.opened(observer.accepted)
    return found


async def _send(observer: Observer, documents: Iterator[dict[str, Any]]) -> None:
    for document in documents:
        await observer.send(document)


def _ordinary() -> Iterator[dict[str, Any]]:
    made = synthetic_referrals(load_cast(HUB_FOLDER), SEED, datetime.now(UTC).date())
    for _, document in islice(made, MANY):
        yield {**document, "concern": {**document["concern"], "immediate_danger": "no"}}
