"""Row growth: the search for who is known and a page of the queue, among more and more cases, beside themselves."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import perf_counter
from typing import Final, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.cli.synthetic import load_cast, synthetic_referrals
from services.triage.app import build
from services.triage.queries.cases import Filter, Queue, list_cases
from services.triage.queries.known_people import find_known, profile_of
from services.triage.settings import Settings
from shared.db import Database, open_database, transaction
from shared.http.client import ServiceClient
from shared.inbox import consume
from tests.bench.rows import Figures
from tests.bench.stage import Stage, sealing
from tests.bench.triage import submitted
from tests.conftest import HUB_FOLDER
from tests.fakes import OtherService

SIZES: Final = tuple(int(size) for size in os.environ.get("GROWTH", "10000,100000,1000000").split(","))
KNOWN: Final = 300
SOUGHT: Final = 100
TURNS: Final = 15
SEED: Final = 5
KEYS_A_CASE: Final = 8
GOAL: Final = 1.2
NOTE: Final = (
    "One search for the people of 100 synthetic referrals, of families of whom 300 were taken in before, and one page "
    "of 50 of each queue, in the fastest of 15 turns; the other cases are made by the database, with 8 keys each. Set "
    "GROWTH to other numbers of cases."
)
FILL: Final = """
WITH made AS (
  INSERT INTO cases (id, referral_id, reference, agency, kind, status, urgency, level, priority, queue_rank,
                     received_at, decision_due_at, due_at)
  SELECT uuidv7(), gen_random_uuid(), 'FD-' || nth, 'an-agency', 'request',
         CASE WHEN nth % 50 = 0 THEN 'unassigned' ELSE 'decided' END, 'no', 2, 'green', 2,
         at, at + interval '1 day', at + interval '1 day'
  FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS nth,
       LATERAL (SELECT now() - nth * interval '1 minute' AS at) AS received
  RETURNING id)
INSERT INTO person_keys (digest, case_id, person, kind)
SELECT uuid_send(gen_random_uuid()), made.id, '/children/0', 'sound_birth' FROM made, generate_series(1, :keys)
"""

Turn = Callable[[AsyncSession], Awaitable[object]]


async def growth(stage: Stage) -> Figures:
    referrals = OtherService()
    clients = [cast("ServiceClient", other) for other in (referrals, OtherService())]
    service = build(Settings.model_validate(sealing(stage.ways["triage"].app)), *clients)
    db, vault = service.resources.db, service.resources.vault
    now = datetime.now(UTC)
    documents = [
        document for _, document in islice(synthetic_referrals(load_cast(HUB_FOLDER), SEED, now.date()), KNOWN)
    ]
    await consume(db, "triage", service.entries["referrals"], [submitted(referrals, one) for one in documents])
    profiles = [profile_of(vault, document, now) for document in documents[-SOUGHT:]]

    async def search(session: AsyncSession) -> object:
        return await find_known(session, vault, profiles)

    turns: dict[str, Turn] = {"match search": search}
    for queue in (Queue.UNASSIGNED, Queue.ALL):
        turns[f"queue {queue}"] = _page(Filter(queue, "nobody", now + timedelta(days=1)))
    found = {}
    filled = 0
    for size in SIZES:
        await _fill(stage, filled, size)
        filled = size
        found[size] = {name: await fastest(db, turn) for name, turn in turns.items()}
    await db.close()
    return Figures("growth", _lines(found), NOTE)


def _page(wanted: Filter) -> Turn:
    async def page(session: AsyncSession) -> object:
        return await list_cases(session, wanted, 50, None)

    return page


async def _fill(stage: Stage, first: int, last: int) -> None:
    db = open_database(stage.ways["triage"].owner)
    step = 50_000
    for begin in range(first, last, step):
        async with transaction(db) as session:
            bounds = {"first": begin + 1, "last": min(begin + step, last), "keys": KEYS_A_CASE}
            await session.execute(text(FILL), bounds)
    async with transaction(db) as session:
        await session.execute(text("ANALYZE"))
    await db.close()


async def fastest(db: Database, turn: Turn) -> float:
    """Return seconds: what neighbours on the machine take is in none of the fastest turns."""
    seconds = []
    for _ in range(TURNS + 1):
        async with transaction(db) as session:
            start = perf_counter()
            await turn(session)
            seconds.append(perf_counter() - start)
    return min(seconds[1:])


def _lines(found: Mapping[int, Mapping[str, float]]) -> Sequence[tuple[str, str, str]]:
    least, *more = found
    return [
        (
            f"{name}, {size:,} cases against {least:,}",
            f"{seconds / found[least][name]:.2f} times ({seconds * 1000:,.1f} ms)",
            f"at most {GOAL} times",
        )
        for size in more
        for name, seconds in found[size].items()
    ]
