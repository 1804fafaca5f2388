"""Before a run, endpoints for everybody who is told; after it, patience until nothing moves any more."""

import time
from asyncio import sleep
from collections.abc import Awaitable, Callable

import httpx

from tests.faults.checker import Record, missing_at
from tests.faults.load import AGENCIES, Partners
from tests.faults.receiver import Receiver

RECEIVERS = (*AGENCIES, "towcester-family-hub", "northampton-family-hub")
REST_SECONDS = 90


async def register_endpoints(partners: Partners, receiver: Receiver) -> None:
    async with httpx.AsyncClient(base_url=partners.door.url, timeout=30, trust_env=False) as http:
        for agency in RECEIVERS:
            reply = await http.post(
                "/v1/webhook-endpoints",
                json={"url": receiver.url_of(agency)},
                headers={
                    "Authorization": f"Bearer {await partners.token(http, agency)}",
                    "Idempotency-Key": f"endpoint of {agency}",
                },
            )
            assert reply.status_code == 201, reply.text


async def come_to_rest(
    read: Callable[[], Awaitable[Record]], receiver: Receiver, still_seconds: float = REST_SECONDS
) -> Record:
    """Return the record once all is open, delivered and not set aside any more, or once nothing has moved for so long.

    What is missing then, the checker tells.
    """
    before, moved_at = None, time.monotonic()
    while True:
        record = await read()
        now = (record, len(receiver.received))
        if now != before:
            before, moved_at = now, time.monotonic()
        is_waiting = not set(record.cases) >= set(record.referrals) or record.dead_letters or record.open_deliveries
        if not is_waiting and not missing_at(RECEIVERS, record, receiver.received):
            return record
        if time.monotonic() - moved_at > still_seconds:
            return record
        await sleep(0.5)
