"""A read that waits until a record has come as far as the reader asks. Run by the API; news points at such reads."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database, transaction

FASTEST_LOOK_SECONDS = 0.05
SLOWEST_LOOK_SECONDS = 0.25

S = TypeVar("S")

Wait = Annotated[int, Query(ge=0, le=30, description="Seconds to wait for `status`; without one, for any change.")]


async def wait_for(
    db: Database,
    look: Callable[[AsyncSession], Awaitable[S]],
    awaited: S | None,
    has_reached: Callable[[S, S], bool],
    wait_seconds: int,
) -> None:
    """Return once `awaited` (any change if None) is reached, or the time over; no transaction is open between looks."""
    now = asyncio.get_running_loop().time
    deadline, pause = now() + wait_seconds, FASTEST_LOOK_SECONDS
    first = None
    while True:
        async with transaction(db) as session:
            status = await look(session)
        first = first or status
        arrived = status != first if awaited is None else has_reached(status, awaited)
        left = deadline - now()
        if arrived or left <= 0:
            return
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, SLOWEST_LOOK_SECONDS)
