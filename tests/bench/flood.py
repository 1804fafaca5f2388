"""Row flood: a child in danger while another agency sends 1,500 referrals at once, on both transports."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
from aiohttp import ClientSession
from sqlalchemy import make_url

from services.cli.partner import Partner
from services.cli.synthetic import load_cast, synthetic_referrals
from services.front_door.folder import database_urls
from services.front_door.keys import existing_signing_key
from tests.bench.end_to_end import post
from tests.bench.rows import Figures
from tests.conftest import EXAMPLES, HUB_FOLDER
from tests.faults.front_door import FrontDoor
from tests.kafka.broker import cluster, missing

MANY: Final = 1_500
SENDERS: Final = 16
QUIET_TURNS: Final = 5
URGENT_AT: Final = tuple(MANY * part // 4 for part in range(1, 5))
SEED: Final = 5
PATIENCE_SECONDS: Final = 300
LOOK_SECONDS: Final = 0.005
NOTE: Final = (
    f"`frontdoor up --demo`, its events read from the outbox or through one Kafka broker beside it. One agency sends "
    f"{MANY:,} synthetic referrals over {SENDERS} connections as fast as they are taken; another sends one of a child "
    "in danger at each quarter, the last when all are taken. From the sending of that one to its 202, and until its "
    f"case can be read in the database: the median of {QUIET_TURNS} on a quiet front door, the longest of the four in "
    "the flood. The rates that each client is allowed are out of the way."
)

Timing = tuple[float, float]
"""Seconds from the sending of an urgent referral to its 202 and to its case."""


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
    async with _Observer.of(door) as observer:
        quiet = [await observer.urgent() for _ in range(QUIET_TURNS)]
        began = time.monotonic()
        in_flood = await observer.flooded()
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


class _Observer:
    """Sends as two agencies, and sees in triage's database which referrals have a case."""

    def __init__(self, many: ClientSession, one: ClientSession, triage: Any) -> None:
        self.many, self.one, self.triage = many, one, triage
        self.taken = asyncio.Condition()
        self.accepted: list[str] = []

    @classmethod
    @asynccontextmanager
    async def of(cls, door: FrontDoor) -> AsyncIterator["_Observer"]:
        async with AsyncExitStack() as ending:
            many, one = [
                await ending.enter_async_context(await _session(door, agency))
                for agency in ("northants-police", "towcester-primary")
            ]
            way = make_url(database_urls(door.data_dir)["triage"].app).set(drivername="postgresql")
            triage = await asyncpg.connect(way.render_as_string(hide_password=False))
            ending.push_async_callback(triage.close)
            yield cls(many, one, triage)

    async def urgent(self) -> Timing:
        document = json.loads((EXAMPLES / "06-almost-empty-urgent.json").read_text())
        began = time.monotonic()
        answer = await post(self.one, "/v1/referrals", document)
        replied = time.monotonic()
        await self._opened([answer["id"]])
        return replied - began, time.monotonic() - began

    async def flooded(self) -> list[Timing]:
        """Send the flood with urgent ones in it, and wait until all of it is opened."""
        documents = _ordinary()
        senders = [asyncio.create_task(self._send(documents)) for _ in range(SENDERS)]
        found = []
        for count in URGENT_AT:
            async with self.taken:
                await self.taken.wait_for(lambda count=count: len(self.accepted) >= count)  # type: ignore[misc]
            found.append(await self.urgent())
        await asyncio.gather(*senders)
        await self._opened(self.accepted)
        return found

    async def _send(self, documents: Iterator[dict[str, Any]]) -> None:
        for document in documents:
            answer = await post(self.many, "/v1/referrals", document)
            async with self.taken:
                self.accepted.append(answer["id"])
                self.taken.notify_all()

    async def _opened(self, referrals: list[str]) -> None:
        there = "SELECT count(*) FROM cases WHERE referral_id = ANY($1::uuid[])"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.triage.fetchval(there, referrals) < len(referrals):  # noqa: ASYNC110 - rows tell
                await asyncio.sleep(LOOK_SECONDS)


async def _session(door: FrontDoor, agency: str) -> ClientSession:
    with Partner(agency, existing_signing_key(door.data_dir, agency), door.url) as partner:
        token = await asyncio.to_thread(partner.token)
    return ClientSession(door.url, headers={"Authorization": f"Bearer {token}"})


def _ordinary() -> Iterator[dict[str, Any]]:
    made = synthetic_referrals(load_cast(HUB_FOLDER / "synthetic.yaml"), SEED, datetime.now(UTC).date())
    for _, document in islice(made, MANY):
        yield {**document, "concern": {**document["concern"], "immediate_danger": "no"}}
