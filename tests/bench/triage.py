"""Row triage: submitted referrals become cases with receipts, beside one set-based insert of as many rows and bytes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from time import perf_counter
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from sqlalchemy import text

from services.cli.synthetic import load_cast, synthetic_referrals
from services.triage.app import build
from services.triage.models import Case
from services.triage.settings import Settings
from shared.db import Database, new_id, shared_metadata, transaction
from shared.events import Event, ReferralSubmitted, encode
from shared.http.client import ServiceClient
from shared.inbox import consume
from shared.outbox import Message
from tests.bench.rows import Row, in_turns
from tests.bench.stage import Stage, sealing
from tests.conftest import HUB_FOLDER
from tests.fakes import OtherService

EVENTS: Final = 500
BATCH: Final = 100
SEED: Final = 3
INSERT: Final = """
INSERT INTO rows (id, event_id, body)
SELECT * FROM unnest(CAST($1 AS uuid[]), CAST($2 AS uuid[]), CAST($3 AS bytea[]))
"""
NOTE: Final = (
    "500 synthetic referrals a turn, the details answered from memory: consume, compare the people with those of "
    "earlier cases, assess each child by the sample policy, seal, and write case, receipts, clocks, blind indexes, "
    "links, offers, timeline, audit and outbox. The floor reads the same events and details as JSON "
    "and inserts as many rows of as many bytes, 100 events in one statement and transaction."
)


async def triage(stage: Stage) -> Row:
    referrals = OtherService()
    settings = Settings.model_validate(sealing(stage.ways["triage"].app))
    service = build(settings, cast("ServiceClient", referrals), cast("ServiceClient", OtherService()))
    db = service.resources.db
    pool = await asyncpg.create_pool(stage.floor, min_size=1, max_size=1)
    made = synthetic_referrals(load_cast(HUB_FOLDER), SEED, datetime.now(UTC).date())

    async def ours() -> float:
        messages = [submitted(referrals, document) for _, document in islice(made, EVENTS)]
        start = perf_counter()
        await consume(db, "triage", service.entries["referrals"], messages)
        return EVENTS / (perf_counter() - start)

    await ours()
    rows, size = await _written(db)

    async def floor() -> float:
        messages = [submitted(referrals, document) for _, document in islice(made, EVENTS)]
        details = [json.dumps(detail) for detail in list(referrals.details.values())[-EVENTS:]]
        start = perf_counter()
        for first in range(0, EVENTS, BATCH):
            part = slice(first, first + BATCH)
            await _insert(pool, messages[part], details[part], rows, size)
        return EVENTS / (perf_counter() - start)

    rates = await in_turns(ours, floor)
    await pool.close()
    await db.close()
    return Row("triage", "cases/s", *rates, 0.3, NOTE)


def submitted(referrals: OtherService, document: dict[str, Any]) -> Message:
    """Make one referral known to the service that is asked, and return the event that announces it."""
    now = datetime.now(UTC)
    referral_id = new_id()
    fact = ReferralSubmitted(
        referral_id=referral_id,
        reference=f"FD-{referral_id.hex[-8:]}",
        detail_url=f"/internal/referrals/{referral_id}",
        agency="towcester-primary",
        kind=document.get("kind", "request"),
        received_at=now,
        decision_due_at=now,
    )
    referrals.details[fact.detail_url] = {"received_at": now.isoformat(), "referral": document}
    return Message(*encode(Event(fact, (fact.agency,), urgency=document["concern"]["immediate_danger"])))


async def _written(db: Database) -> tuple[int, int]:
    """Return how many rows an event leaves in all tables, and how many bytes a row has, on average."""
    tables = [*Case.metadata.tables, *shared_metadata.tables]
    counts = " UNION ALL ".join(f"SELECT count(*), sum(pg_column_size(t.*)) FROM {table} t" for table in tables)
    async with transaction(db) as session:
        found = (await session.execute(text(f"SELECT sum(count), sum(sum) FROM ({counts}) AS written"))).one()
    return round(found[0] / EVENTS), round(found[1] / found[0])


async def _insert(pool: Any, messages: Sequence[Message], details: Sequence[str], rows: int, size: int) -> None:
    ids: list[UUID] = []
    bodies: list[bytes] = []
    for message, detail in zip(messages, details, strict=True):
        submitted = json.loads(message.payload)
        json.loads(detail)
        ids += [UUID(submitted["referral_id"])] * rows
        bodies += [detail.encode().ljust(size)[:size]] * rows
    await pool.execute(INSERT, [new_id() for _ in ids], ids, bodies)
