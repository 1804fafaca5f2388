"""A read that waits until a record has come as far as the reader asks. Run by the API; news points at such reads."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect

from shared.db import Database, transaction
from shared.http.limits import Limits, client_of
from shared.http.reading import Count

FASTEST_LOOK_SECONDS = 0.05
SLOWEST_LOOK_SECONDS = 0.25

S = TypeVar("S")


@dataclass(frozen=True)
class Waiting:
    """How many seconds a read may wait, what counts it meanwhile, or refuses it, and whether its caller hung up."""

    seconds: int
    counted: Callable[[], AbstractContextManager[None]]
    is_left: Callable[[], Awaitable[bool]]

    async def check_caller(self) -> None:
        """Raise `ClientDisconnect` where nobody waits any more: what they do next is not to wait for this."""
        if await self.is_left():
            raise ClientDisconnect


async def waiting(
    request: Request,
    wait: Annotated[Count, Query(ge=0, le=30, description="Seconds to wait for what is asked, or for any change.")] = 0,
) -> Waiting:
    limits: Limits = request.app.state.limits
    return Waiting(wait, partial(limits.waits.counted, client_of(request.state.caller)), request.is_disconnected)


Wait = Annotated[Waiting, Depends(waiting)]


async def wait_for(
    db: Database,
    look: Callable[[AsyncSession], Awaitable[S]],
    awaited: S | None,
    has_reached: Callable[[S, S], bool],
    wait: Waiting,
) -> None:
    """Return once `awaited` (any change if None) is reached, or the time over; no transaction is open between looks.

    Raises `TooManyRequests` where it has to wait and too many reads of the client do.
    """
    now = asyncio.get_running_loop().time
    deadline, pause = now() + wait.seconds, FASTEST_LOOK_SECONDS
    first = await _seen(db, look)
    if not wait.seconds or (awaited is not None and has_reached(first, awaited)):
        return
    with wait.counted():
        while (left := deadline - now()) > 0:
            await asyncio.sleep(min(pause, left))
            await wait.check_caller()
            pause = min(pause * 1.5, SLOWEST_LOOK_SECONDS)
            status = await _seen(db, look)
            if status != first if awaited is None else has_reached(status, awaited):
                return


async def _seen(db: Database, look: Callable[[AsyncSession], Awaitable[S]]) -> S:
    async with transaction(db) as session:
        return await look(session)
