"""What partners may ask of their endpoints and of the feed in what time, and how many of them may wait."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from shared.allowances import Allowance, Rate
from shared.db import Database
from shared.http.buckets import Buckets
from shared.http.limits import Limits
from shared.http.waits import Waits
from shared.settings.hub import Hub
from tests.fakes import eventually
from tests.notifications.partners import Partners, running
from tests.notifications.telling import SCHOOL

HOOK = "https://school.example/hook"
NOBODYS = "01935b3e-7a00-7000-8000-000000000000"


@asynccontextmanager
async def limited(
    db: Database, hub: Hub, rates: Mapping[Allowance, Rate] | None = None, waits: Waits | None = None
) -> AsyncIterator[Partners]:
    async with running(db, hub, Limits(rates or {}, Buckets(db), waits=waits or Waits())) as partners:
        yield partners


@pytest.mark.parametrize(
    ("path", "allowance"),
    [("verification", Allowance.VERIFICATIONS), ("enablement", Allowance.CHANGES)],
)
async def test_what_sends_something_out_is_limited(db: Database, hub: Hub, path: str, allowance: Allowance) -> None:
    """Of an endpoint that is there; another agency's, or none, stays 404."""
    async with limited(db, hub, {allowance: Rate(2, 0.001)}) as partners:
        place = (await partners.register(HOOK)).headers["Location"]
        left = 2 - (allowance is Allowance.CHANGES)
        statuses = [(await partners.call("POST", f"{place}/{path}")).status_code for _ in range(left + 2)]

        assert [status == 429 for status in statuses] == [False] * left + [True] * 2
        nowhere = f"/v1/webhook-endpoints/{NOBODYS}/{path}"
        assert (await partners.call("POST", nowhere)).status_code == 404


async def test_so_many_readers_of_the_feed_wait(db: Database, hub: Hub) -> None:
    """One more is refused; one that does not ask to wait is answered."""
    waits = Waits(2)

    async def are_full() -> bool:
        return waits.of(SCHOOL) == waits.most

    async with limited(db, hub, waits=waits) as partners:
        waiting = [asyncio.create_task(partners.call("GET", "/v1/events?wait=30")) for _ in range(2)]
        await eventually(are_full)

        assert (await partners.call("GET", "/v1/events?wait=30")).status_code == 429
        assert (await partners.call("GET", "/v1/events")).status_code == 200

        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
