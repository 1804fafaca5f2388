"""Staff who call the API are in the register: looked up at their first call, and again every half a minute.

Of who has left no service takes a token: this process keeps them in its verifier, the others ask for them here.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError

from services.triage.actions.register import admit_caller, return_work
from services.triage.api.desk import Triage, WorkSession
from services.triage.queries.staff import people_who_left
from shared.db import Database, transaction
from shared.http.routes import StrictRoute
from shared.problems import Unauthorized
from shared.security import Caller, Verifier, allow, caller_of
from shared.telemetry import log

ADMITTED_SECONDS = 30.0
MOST_ADMITTED = 10_000
LEFT_SECONDS = 10.0

router = APIRouter(route_class=StrictRoute, include_in_schema=False)
ServiceCaller = Annotated[Caller, allow(scope="internal:read")]


@dataclass
class Admitted:
    """Whom this process found in the register lately, and until when that is good."""

    until: dict[tuple[str, Caller], float] = field(default_factory=dict)

    def has(self, caller: Caller) -> bool:
        return self.until.get((caller.issuer, caller), 0.0) > time.monotonic()

    def add(self, caller: Caller) -> None:
        if len(self.until) >= MOST_ADMITTED:
            self.until.clear()
        self.until[caller.issuer, caller] = time.monotonic() + ADMITTED_SECONDS


async def admit(request: Request, resources: Triage) -> None:
    """Enter staff at the first use of a good token; what is wrong with any other is for the route's door to say."""
    try:
        caller = await caller_of(request)
    except Unauthorized:
        return
    admitted: Admitted = request.state.triage_admitted
    if not caller.is_staff or admitted.has(caller):
        return
    async with transaction(resources.db) as session:
        works_no_more = await admit_caller(session, caller)
    if works_no_more:
        async with transaction(resources.db) as session:
            await return_work(session)
    admitted.add(caller)


@router.get("/internal/staff/left")
async def list_left(caller: ServiceCaller, session: WorkSession) -> dict[str, list[tuple[str, str]]]:
    """List issuer and account of staff whose tokens the other services refuse from now on."""
    del caller
    return {"left": sorted(await people_who_left(session))}


async def watch_left(db: Database, verifier: Verifier) -> None:
    """Keep up to date who has left; while the database is away as it was."""
    while True:
        try:
            async with transaction(db) as session:
                verifier.left = await people_who_left(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("staff not read", error=type(error).__name__)
        await asyncio.sleep(LEFT_SECONDS)
