"""Whether the front door lives, and whether it can serve: asked by load balancers, containers and the tests."""

import asyncio
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.http.service import Service
from shared.problems import Unavailable

PATIENCE_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 5


def health(services: Sequence[Service]) -> APIRouter:
    """Return `/health/live` and `/health/ready` for all of these services."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def get_live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", responses={503: {"description": "A database does not answer."}})
    async def get_ready() -> dict[str, str]:
        answers = await asyncio.gather(*(_answers(service.resources.db) for service in services))
        if not all(answers):
            away = [service.name for service, answered in zip(services, answers, strict=True) if not answered]
            raise Unavailable(f"No answer from the database of {', '.join(away)}.", retry_after_seconds=RETRY_SECONDS)
        return {"status": "ready"}

    return router


async def _answers(db: Database) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), db.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return False
    return True
