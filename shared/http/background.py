"""What a process does beside answering requests: tasks that last as long as the router they hang on is mounted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from shared.telemetry import log, where_raised

RESTART_SECONDS: Final = 1.0

Step = Callable[[], Coroutine[Any, Any, None]]
"""Runs until cancelled; what it then has in flight it finishes first."""


def background(service: str, *steps: Step) -> APIRouter:
    """Return a router without routes whose lifespan runs `steps`; an error of ours is logged and does not end one."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_lasting(service, step)) for step in steps]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return APIRouter(lifespan=lifespan)


async def _lasting(service: str, step: Step) -> None:
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - events and deliveries must go on
            log.error("task failed", service=service, error=type(error).__name__, where=where_raised(error))
        await asyncio.sleep(RESTART_SECONDS)
