"""Two agencies at a front door, one that sends much and one that waits for its case, and who sees when it stands."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Self

import asyncpg
from aiohttp import ClientSession
from sqlalchemy import make_url

from services.cli.partner import Partner
from services.front_door.folder import database_urls
from services.front_door.keys import existing_signing_key
from tests.bench.end_to_end import post
from tests.conftest import EXAMPLES
from tests.faults.front_door import FrontDoor

URGENT: Final = "06-almost-empty-urgent.json"
ORDINARY: Final = "03-attendance-and-routines.json"
PATIENCE_SECONDS: Final = 600
LOOK_SECONDS: Final = 0.005

Timing = tuple[float, float]
"""Seconds from the sending of a referral to its 202 and to its case."""


class Observer:
    """Sends as two agencies, and sees in triage's database which referrals have a case."""

    def __init__(self, many: ClientSession, one: ClientSession, triage: Any) -> None:
        self.many, self.one, self.triage = many, one, triage
        self.taken = asyncio.Condition()
        self.accepted: list[str] = []

    @classmethod
    @asynccontextmanager
    async def of(cls, door: FrontDoor) -> AsyncIterator[Self]:
        async with AsyncExitStack() as ending:
            many, one = [
                await ending.enter_async_context(await _session(door, agency))
                for agency in ("northants-police", "towcester-primary")
            ]
            way = make_url(database_urls(door.data_dir)["triage"].app).set(drivername="postgresql")
            address = way.render_as_string(hide_password=False)
            triage = await ending.enter_async_context(asyncpg.create_pool(address, min_size=1, max_size=3))
            yield cls(many, one, triage)

    async def timed(self, example: str) -> Timing:
        """Send one of the examples as the agency that waits."""
        document = json.loads((EXAMPLES / example).read_text())
        began = time.monotonic()
        answer = await post(self.one, "/v1/referrals", document)
        replied = time.monotonic()
        await self.opened([answer["id"]])
        return replied - began, time.monotonic() - began

    async def send(self, document: dict[str, Any]) -> None:
        """Send one of the many."""
        answer = await post(self.many, "/v1/referrals", document)
        async with self.taken:
            self.accepted.append(answer["id"])
            self.taken.notify_all()

    async def has_taken(self, count: int) -> None:
        async with self.taken:
            await self.taken.wait_for(lambda: len(self.accepted) >= count)

    async def opened(self, referrals: list[str]) -> None:
        there = "SELECT count(*) FROM cases WHERE referral_id = ANY($1::uuid[])"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.triage.fetchval(there, referrals) < len(referrals):  # noqa: ASYNC110 - rows tell
                await asyncio.sleep(LOOK_SECONDS)

    async def finished(self) -> None:
        """Wait until no case lacks a step that is still to be made up for."""
        lacking = "SELECT count(*) FROM cases WHERE finish_at IS NOT NULL"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.triage.fetchval(lacking):  # noqa: ASYNC110 - rows tell
                await asyncio.sleep(LOOK_SECONDS * 20)


async def _session(door: FrontDoor, agency: str) -> ClientSession:
    with Partner(agency, existing_signing_key(door.data_dir, agency), door.url) as partner:
        token = await asyncio.to_thread(partner.token)
    return ClientSession(door.url, headers={"Authorization": f"Bearer {token}"})
