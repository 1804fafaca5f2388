"""Staff who call the API are in the register: looked up at their first call, and again every half a minute."""

import time
from dataclasses import dataclass, field

from fastapi import Request

from services.triage.actions.register import admit_caller, return_work
from services.triage.api.desk import Triage
from shared.db import transaction
from shared.problems import Unauthorized
from shared.security import Caller, caller_of

ADMITTED_SECONDS = 30.0
MOST_ADMITTED = 10_000


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
