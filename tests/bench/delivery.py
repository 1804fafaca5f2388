"""Row delivery: deliveries claimed, signed, posted and recorded, beside a plain aiohttp loop to the same receiver."""

import asyncio
from functools import partial
from time import perf_counter
from typing import Final

from aiohttp import ClientSession, TCPConnector
from sqlalchemy import text

from services.notifications.actions.schedule import schedule_deliveries
from services.notifications.settings import Settings
from services.notifications.worker.courier import Courier
from services.notifications.worker.sender import open_sender
from shared.db import Database, open_database, transaction
from shared.settings.environment import Profile, key_bytes
from shared.vault import Vault
from tests.bench.processes import serving
from tests.bench.rows import Row, in_turns
from tests.bench.stage import Stage, sealing
from tests.notifications.telling import Story, register

DELIVERIES: Final = 1000
AT_ONCE: Final = 50
ENDPOINTS: Final = [f"agency-{number}" for number in range(50)]
LOOK_SECONDS: Final = 0.02
BODY: Final = b'{"type":"uk.frontdoor.referral.submitted.v1","data":{}}'.ljust(400)
NOTE: Final = (
    "1,000 deliveries a turn to 50 endpoints, with the limits that are set by default: claimed under a lease, their "
    "address checked, signed, posted, and each attempt recorded. The floor posts as many bodies from memory, 50 at "
    "once."
)


async def delivery(stage: Stage) -> Row:
    settings = Settings.model_validate(
        {
            **sealing(stage.ways["notifications"].app),
            "profile": Profile.DEMO,
        }
    )
    vault = Vault(key_bytes(settings.vault_key), key_bytes(settings.index_key))
    db = open_database(settings.database_url.get_secret_value())
    with serving(stage.folder / "receiver.log", "tests.bench.receiver") as port:
        for agency in ENDPOINTS:
            await register(db, vault, agency, f"http://127.0.0.1:{port}/{agency}")
        async with (
            open_sender(settings) as sender,
            ClientSession(connector=TCPConnector(limit=AT_ONCE)) as http,
        ):
            courier = Courier(db, vault, settings, sender, verification_required=False)
            ours, floor = await in_turns(
                partial(_deliver, db, courier), partial(_post, http, f"http://127.0.0.1:{port}/floor")
            )
    await db.close()
    return Row("delivery", "deliveries/s", ours, floor, 0.4, NOTE)


async def _deliver(db: Database, courier: Courier) -> float:
    events = [Story(ENDPOINTS[number % len(ENDPOINTS)]).submitted() for number in range(DELIVERIES)]
    async with transaction(db) as session:
        await schedule_deliveries(session, events, verification_required=False)
    start = perf_counter()
    async with courier.running():
        while await _open(db):  # noqa: ASYNC110 - PostgreSQL holds what is awaited
            await asyncio.sleep(LOOK_SECONDS)
        return DELIVERIES / (perf_counter() - start)


async def _open(db: Database) -> bool:
    async with transaction(db) as session:
        left = text("SELECT EXISTS (SELECT 1 FROM deliveries WHERE state IN ('scheduled', 'leased', 'retrying'))")
        return bool(await session.scalar(left))


async def _post(http: ClientSession, url: str) -> float:
    left = iter(range(DELIVERIES))

    async def post_on() -> None:
        for _ in left:
            async with http.post(url, data=BODY) as response:
                await response.read()

    start = perf_counter()
    await asyncio.gather(*(post_on() for _ in range(AT_ONCE)))
    return DELIVERIES / (perf_counter() - start)
