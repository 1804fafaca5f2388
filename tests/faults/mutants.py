"""Seeded defects: the front door with one promise broken, to show that the checker notices.

Run in place of `python -m services` by tests, as `python -m tests.faults.mutants`; `MUTANT` names the defect. Every
run, that of the unharmed `control` too, is slowed where a defect would open a gap, so that a kill falls into it.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

import shared.db
import shared.statement
from shared.db import Database
from shared.statement import Alone

LONGEST_COMMIT_SECONDS = 0.3
LONGEST_SEND_SECONDS = 0.4
BETWEEN_TRANSACTIONS_SECONDS = 0.8

_chance = Random(20261122)
_running: set[asyncio.Task[None]] = set()
_swift_transaction = shared.db.transaction


@asynccontextmanager
async def _slow_transaction(db: Database) -> AsyncIterator[AsyncSession]:
    async with _swift_transaction(db) as session:
        yield session
        await asyncio.sleep(_chance.uniform(0, LONGEST_COMMIT_SECONDS))


async def _slow_alone(db: Database, statement: Alone, values: Mapping[str, Any]) -> Any:
    async with _slow_transaction(db) as session:
        await session.execute(text("SELECT"))  # SQLAlchemy begins no sooner
        lent = await (await session.connection()).get_raw_connection()
        driver: Any = lent.driver_connection
        return await driver.fetchval(statement.sql, *(values[name] for name in statement.names))


def slow_down() -> None:
    """Let commits and deliveries take their time. Before any other module of the front door is imported."""
    shared.db.transaction = _slow_transaction
    shared.statement.run_alone = _slow_alone
    from services.notifications.worker.sender import Outcome, Sender, Webhook

    swift_send = Sender.send

    async def send(self: Sender, webhook: Webhook) -> Outcome:
        await asyncio.sleep(_chance.uniform(0, LONGEST_SEND_SECONDS))
        return await swift_send(self, webhook)

    Sender.send = send  # type: ignore[method-assign]


def _soon(work: Awaitable[object]) -> None:
    async def later() -> None:
        await asyncio.sleep(BETWEEN_TRANSACTIONS_SECONDS)
        await work

    task = asyncio.create_task(later())
    _running.add(task)
    task.add_done_callback(_running.discard)


def accepted_before_commit() -> None:
    """Reply first and commit after."""
    from shared.http import at_once as module

    at_once: Any = module

    async def run_alone(*what: Any) -> bool:
        _soon(_slow_alone(*what))
        return True

    at_once.run_alone = run_alone


def event_in_a_second_transaction() -> None:
    """Commit the referral, and its event a moment later."""
    from services.referrals.actions import submit_referral as referrals
    from shared.audit import audit_rows
    from shared.http import at_once as module
    from shared.outbox import outbox

    at_once: Any = module
    columns = {
        referrals._referrals: referrals._REFERRAL,  # noqa: SLF001
        audit_rows: referrals._AUDIT,  # noqa: SLF001
    }
    without_event = module.after_first(columns)

    async def run_alone(db: Database, _: Alone, values: Mapping[str, Any]) -> bool:
        event = {name: values[f"outbox_{name}"] for name in referrals._OUTBOX}  # noqa: SLF001
        event["headers"] = json.loads(event["headers"])

        async def emit() -> None:
            async with _slow_transaction(db) as second:
                await second.execute(insert(outbox), [event])

        first = bool(await _slow_alone(db, without_event, values))
        if first:
            _soon(emit())
        return first

    at_once.run_alone = run_alone


def key_forgotten() -> None:
    """Make every answer anew, whatever was answered under its key."""
    from services.referrals.api import referrals as module

    referrals: Any = module
    submit = referrals.submit_referral

    async def submit_anew(resources: Any, caller: Any, once: Any) -> Any:
        return await submit(resources, caller, replace(once, key=str(shared.db.new_id())))

    referrals.submit_referral = submit_anew


def reader_by_last_position() -> None:
    """Read on from the last position, as if identity order were commit order."""
    from shared import outbox

    query = text(
        """
        SELECT position, headers, payload FROM outbox
        WHERE position > :position AND (urgent OR NOT :lane) ORDER BY position LIMIT 500
        """
    )

    async def read_round(connection: AsyncConnection, cursor: Any, hand_on: Any) -> int:
        place = {"position": cursor.position, "lane": cursor.reader.endswith(outbox.LANE)}
        rows = (await connection.execute(query, place)).all()
        if not rows:
            return 0
        taken: int = await hand_on([outbox.Message(row.headers, bytes(row.payload)) for row in rows])
        cursor.position = rows[taken - 1].position
        await outbox._save(connection, cursor)  # noqa: SLF001
        return taken

    outbox.read_round = read_round


def cursor_before_effect() -> None:
    """Advance the cursor, and hand on after."""
    from shared import outbox

    read_round = outbox.read_round

    async def careless_round(connection: AsyncConnection, cursor: Any, hand_on: Any) -> int:
        waiting: list[Any] = []

        async def note(messages: Sequence[Any]) -> int:
            waiting.extend(messages)
            return len(messages)

        taken = await read_round(connection, cursor, note)
        if waiting:
            await hand_on(waiting)
        return taken

    outbox.read_round = careless_round


def offset_before_effect() -> None:
    """Commit what was fetched from Kafka, and take it after."""
    from shared.kafka import consumer as module

    consumer: Any = module
    take = consumer._Member._take  # noqa: SLF001

    async def careless_take(member: Any, fetched: Any) -> None:
        await member.kafka.commit({partition: part[-1].offset + 1 for partition, part in fetched.items()})
        await asyncio.sleep(BETWEEN_TRANSACTIONS_SECONDS)
        await take(member, fetched)

    consumer._Member._take = careless_take  # noqa: SLF001


def inbox_outside_the_transaction() -> None:
    """Note an event as taken in a transaction of its own, before the effect."""
    from shared.inbox import batches

    async def apply(db: Database, reader: str, entry: Any, events: Sequence[Any]) -> None:
        prepared = await entry.prepare(events)
        async with _slow_transaction(db) as session:
            fresh = await batches._claim(session, reader, events)  # noqa: SLF001
        await asyncio.sleep(BETWEEN_TRANSACTIONS_SECONDS)
        if fresh:
            async with _slow_transaction(db) as session:
                await entry.apply(session, fresh, prepared)

    batches._apply = apply  # noqa: SLF001


def lease_ignored() -> None:
    """Claim what another attempt holds, and record whoever comes."""
    from services.notifications.actions import deliver

    claim, record = deliver._claim.text, deliver._record.text  # noqa: SLF001
    stolen = claim.replace("state IN ('scheduled', 'retrying')", "state IN ('scheduled', 'retrying', 'leased')")
    deliver._claim = text(stolen)  # noqa: SLF001
    deliver._record = text(record.replace("AND d.lease_token = n.token", ""))  # noqa: SLF001
    assert stolen != claim
    assert deliver._record.text != record  # noqa: SLF001


def retry_gives_up() -> None:
    """Take the first failure for the last."""
    from services.notifications.domain import deliveries

    deliveries.SCHEDULE = deliveries.SCHEDULE[:1]  # type: ignore[assignment]


def audit_after_body() -> None:
    """Answer a reader, and note the reading a moment later."""
    from services.referrals.api import referrals as module

    referrals: Any = module
    record = referrals.record_access

    async def record_access(session: AsyncSession, *what: Any, purpose: str) -> None:
        async def note() -> None:
            async with AsyncSession(session.bind) as second, second.begin():
                await record(second, *what, purpose=purpose)

        _soon(note())

    referrals.record_access = record_access


def floor_lowered() -> None:
    """Put a child a level and a colour below what the floors of the policy give."""
    from services.triage.actions import desk as module

    desk: Any = module
    assess = desk.assess

    def lenient(*known: Any) -> Any:
        receipt = assess(*known)
        floors = any(fired.then.floor for fired in receipt.fired)
        return receipt.model_copy(update={"level": 3, "priority": "amber"}) if floors else receipt

    desk.assess = lenient


MUTANTS: Mapping[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        accepted_before_commit,
        event_in_a_second_transaction,
        key_forgotten,
        reader_by_last_position,
        cursor_before_effect,
        offset_before_effect,
        inbox_outside_the_transaction,
        lease_ignored,
        retry_gives_up,
        audit_after_body,
        floor_lowered,
    )
}
CONTROL = "control"


def main() -> None:
    slow_down()
    name = os.environ["MUTANT"]
    if name != CONTROL:
        MUTANTS[name]()
    from services.__main__ import main as front_door

    front_door()


if __name__ == "__main__":
    main()
