"""Row end to end: from the 202 to the queue and to the webhook, at a steady rate, on a whole front door."""

import asyncio
import json
import time
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from uuid import uuid4

import asyncpg
from aiohttp import ClientSession, web
from sqlalchemy import make_url

from services.cli.partner import Partner
from services.cli.synthetic import load_cast, synthetic_referrals
from services.front_door.folder import database_urls
from services.front_door.keys import existing_signing_key
from shared.events import CaseOpened
from tests.bench.rows import Figures
from tests.conftest import HUB_FOLDER
from tests.faults.front_door import FrontDoor

AGENCY: Final = "towcester-primary"
RATE: Final = 50
SECONDS: Final = 10
PATIENCE_SECONDS: Final = 60
SEED: Final = 5
NOTE: Final = (
    f"`frontdoor up --demo`, {RATE} referrals a second for {SECONDS} seconds on an open loop, a 503 sent again; times "
    "from the moment that the 202 was read to the case's own time of opening, and to the arrival of the signed "
    "webhook `case.opened`."
)

Times = dict[str, float]
"""Referral id to seconds since the epoch."""


async def end_to_end(folder: Path) -> Figures:
    door = FrontDoor(folder / "installation")
    door.start()
    try:
        await asyncio.to_thread(door.await_ready)
        accepted, arrived = await _submit(door)
        opened = await _opened(door)
    finally:
        await asyncio.to_thread(door.stop)
    queue = _percentiles([opened[referral] - at for referral, at in accepted.items()])
    webhook = _percentiles([arrived[referral] - at for referral, at in accepted.items()])
    return Figures(
        "end to end",
        [
            (f"202 to the queue, p50 and p95 at {RATE}/s", queue, "p95 at most 250 ms"),
            (f"202 to the receiver, p50 and p95 at {RATE}/s", webhook, "p95 at most 500 ms"),
        ],
        NOTE,
    )


async def _submit(door: FrontDoor) -> tuple[Times, Times]:
    """Submit at the rate; returns when each referral was accepted, and when its webhook came."""
    accepted: Times = {}
    arrived: Times = {}
    complete = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        told = json.loads(await request.read())
        arrived.setdefault(told["data"]["referral_id"], time.time())
        if len(arrived) >= RATE * SECONDS:
            complete.set()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    with Partner(AGENCY, existing_signing_key(door.data_dir, AGENCY), door.url) as partner:
        token = await asyncio.to_thread(partner.token)
    async with ClientSession(door.url, headers={"Authorization": f"Bearer {token}"}) as http:
        await post(http, "/v1/webhook-endpoints", {"url": receiver, "event_types": [CaseOpened.type]})
        await _steadily(http, accepted)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await complete.wait()
    await runner.cleanup()
    return accepted, arrived


async def _steadily(http: ClientSession, accepted: Times) -> None:
    """Start a request every 1/RATE seconds, however long the ones before it take."""
    made = synthetic_referrals(load_cast(HUB_FOLDER), SEED, datetime.now(UTC).date())
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def submit(turn: int, document: dict[str, Any]) -> None:
        await asyncio.sleep(start + turn / RATE - loop.time())
        answer = await post(http, "/v1/referrals", document)
        accepted[answer["id"]] = time.time()

    documents = [document for _, document in islice(made, RATE * SECONDS)]
    await asyncio.gather(*(submit(turn, document) for turn, document in enumerate(documents)))


async def post(http: ClientSession, path: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return the answer; a 503 is sent again."""
    key = {"Idempotency-Key": str(uuid4())}
    while True:
        async with http.post(path, json=document, headers=key) as reply:
            if reply.status != HTTPStatus.SERVICE_UNAVAILABLE:
                reply.raise_for_status()
                answer: dict[str, Any] = await reply.json()
                return answer


async def _opened(door: FrontDoor) -> Times:
    way = make_url(database_urls(door.data_dir)["triage"].app).set(drivername="postgresql")
    connection = await asyncpg.connect(way.render_as_string(hide_password=False))
    rows = await connection.fetch("SELECT referral_id, opened_at FROM cases")
    await connection.close()
    return {str(row["referral_id"]): row["opened_at"].timestamp() for row in rows}


def _percentiles(seconds: list[float]) -> str:
    cuts = quantiles((max(each, 0.0) * 1000 for each in seconds), n=100)
    return f"{cuts[49]:,.0f} ms, {cuts[94]:,.0f} ms"
