"""Whether a process lives, and whether it can serve: asked by load balancers, containers and the tests."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.front_door.server import is_stopping
from shared.db import Database
from shared.http.rendering import problem_response
from shared.http.service import Service
from shared.kafka import answers as kafka_answers
from shared.problems import Unavailable
from shared.security import public

PATIENCE_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 5
KAFKA: Final = "kafka"

Check = Callable[[], Awaitable[bool]]


def checks_of(services: Sequence[Service], kafka: str | None) -> Mapping[str, Check]:
    """Return how to ask each dependency of these services whether it answers."""
    checks = {f"{service.name}-database": _asking(service.resources.db) for service in services}
    return checks if kafka is None else {**checks, KAFKA: lambda: kafka_answers(kafka, PATIENCE_SECONDS)}


def health(checks: Mapping[str, Check], *, spared: Collection[str] = ()) -> APIRouter:
    """Return `/health/live` and `/health/ready`, which names each dependency with its state.

    Ready goes without those that are `spared`: callers are served while these are down.
    """
    router = APIRouter(tags=["health"], dependencies=[public("names of dependencies and whether they answer")])

    @router.get("/health/live")
    async def get_live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", responses={503: {"description": "A dependency does not answer, or we are stopping."}})
    async def get_ready(request: Request) -> Response:
        found = await asyncio.gather(*(check() for check in checks.values()))
        states = {name: "up" if answered else "down" for name, answered in zip(checks, found, strict=True)}
        missed = [name for name, state in states.items() if state == "down" and name not in spared]
        if is_stopping(request.app):
            return _not_ready("This process is stopping.", states)
        if missed:
            return _not_ready(f"No answer from {', '.join(missed)}.", states)
        return JSONResponse({"status": "ready", "dependencies": states})

    return router


def _not_ready(detail: str, states: Mapping[str, str]) -> Response:
    told = problem_response(Unavailable(detail, retry_after_seconds=RETRY_SECONDS))
    document = {**json.loads(bytes(told.body)), "dependencies": states}
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return JSONResponse(document, told.status_code, headers, media_type=told.media_type)


def _asking(db: Database) -> Check:
    async def answers() -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), db.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    return answers
