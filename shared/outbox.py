"""The outbox is the log: events are rows of the transaction that caused them, read on in commit order.

Identity order is not commit order, and a transaction takes its xid at its first write, so neither alone can be a
cursor. A reader keeps a pair of snapshots instead: what `upto` sees and `seen` does not is a round, handed on by
position. Whatever commits later is in a later round, and a subject's events keep their order because actions hold
the subject's row lock from before they emit until they commit.

A reader whose name ends in `.urgent` is a lane: it reads what says that a child is in danger, past all that lies before
it. Whoever reads both ways takes both under one name of the inbox, and so each event once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.db import (
    EMITTED,
    JSON_OR_NULL,
    XID8,
    Database,
    PgSnapshot,
    insert_rows,
    is_away,
    shared_metadata,
    transaction,
)
from shared.events import Event, ReferralSubmitted, encode
from shared.telemetry import log

LANE: Final = ".urgent"
"""Ends the name of a reader, a topic or a group that is a lane."""

_IN_DANGER: Final = f"""type = '{ReferralSubmitted.type}' AND headers @> '{{"ce_urgency": "yes"}}'"""

outbox = Table(
    "outbox",
    shared_metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", XID8, nullable=False, server_default=func.pg_current_xact_id()),
    Column("event_id", PgUUID(as_uuid=True), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("headers", JSON_OR_NULL, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("urgent", Boolean, Computed(_IN_DANGER, persisted=True), nullable=False),
    Index(None, "xid"),
    Index("ix_outbox_urgent", "xid", postgresql_where=text("urgent")),
    Index(None, "subject"),
)

outbox_cursor = Table(
    "outbox_cursor",
    shared_metadata,
    Column("reader", Text, primary_key=True),
    Column("seen", PgSnapshot, nullable=False),
    Column("upto", PgSnapshot, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("system_identifier", Text, nullable=False),
)

NOTHING_SEEN = "1:1:"
BATCH = 500
FASTEST_POLL_SECONDS = 0.005
SLOWEST_POLL_SECONDS = 0.25

HandOn = Callable[[Sequence["Message"]], Awaitable[int]]


@dataclass(frozen=True)
class Message:
    """An event as it travels, the same on either transport: CloudEvents binary mode, key = subject.

    `origin` says where a broker had it, for whoever looks into a dead letter.
    """

    headers: Mapping[str, str]
    payload: bytes
    origin: str = field(default="", compare=False)


@dataclass
class Cursor:
    """Where a reader stands; `epoch` makes the update of a reader that lost its turn match nothing."""

    reader: str
    seen: str
    upto: str
    position: int
    epoch: int


class ReaderReplaced(Exception):  # noqa: N818 - a fact, as a Problem is
    """Another process took this reader's turn; what was handed on is deduplicated by the inbox."""


_insert = insert(outbox)

_take_turn = text("SELECT pg_try_advisory_lock(hashtextextended('outbox:' || :reader, 0))")
_open_cursor = text(
    """
    INSERT INTO outbox_cursor AS c (reader, seen, upto, position, epoch, system_identifier)
    SELECT :reader, nothing.seen, nothing.seen, 0, 1, s.system_identifier::text
    FROM (SELECT CAST(CAST(:nothing AS text) AS pg_snapshot) AS seen) nothing, pg_control_system() s
    ON CONFLICT (reader) DO UPDATE SET
        epoch = c.epoch + 1,
        seen = CASE WHEN c.system_identifier = excluded.system_identifier THEN c.seen ELSE excluded.seen END,
        upto = CASE WHEN c.system_identifier = excluded.system_identifier THEN c.upto ELSE excluded.upto END,
        position = CASE WHEN c.system_identifier = excluded.system_identifier THEN c.position ELSE 0 END,
        system_identifier = excluded.system_identifier
    RETURNING seen::text, upto::text, position, epoch
    """
)
_snapshot = text("SELECT pg_current_snapshot()::text")
_unread = text(
    """
    xid >= pg_snapshot_xmin(CAST(CAST(:seen AS text) AS pg_snapshot))
    AND NOT pg_visible_in_snapshot(xid, CAST(CAST(:seen AS text) AS pg_snapshot))
    AND pg_visible_in_snapshot(xid, CAST(CAST(:upto AS text) AS pg_snapshot))
    """
)
_round = (
    select(outbox.c.position, outbox.c.headers, outbox.c.payload)
    .where(_unread, outbox.c.position > bindparam("position"))
    .order_by(outbox.c.position)
    .limit(bindparam("batch"))
)
_urgent_round = _round.where(outbox.c.urgent)
_advance = text(
    """
    UPDATE outbox_cursor
    SET seen = CAST(CAST(:seen AS text) AS pg_snapshot), upto = CAST(CAST(:upto AS text) AS pg_snapshot),
        position = :position
    WHERE reader = :reader AND epoch = :epoch
    """
)
_forget_others = text("DELETE FROM outbox_cursor WHERE reader <> ALL(CAST(:readers AS text[]))")
_delete_read = text(
    """
    DELETE FROM outbox WHERE position IN (
        SELECT o.position FROM outbox o
        WHERE o.created_at < clock_timestamp() - CAST(:retention AS interval)
          AND NOT EXISTS (
              SELECT 1 FROM outbox_cursor c
              WHERE NOT pg_visible_in_snapshot(o.xid, c.seen) AND (o.urgent OR c.reader NOT LIKE '%.urgent'))
        ORDER BY o.position LIMIT 1000)
    """
)


def outbox_row(event: Event) -> dict[str, object]:
    """Return the values of one row, for an action that inserts it in a statement of its own."""
    headers, payload = encode(event)
    return {
        "event_id": event.id,
        "type": event.type,
        "subject": event.subject,
        "headers": headers,
        "payload": payload,
    }


async def emit(session: AsyncSession, *events: Event) -> None:
    """Add events to the caller's transaction. The caller holds the subject's row lock, so order is kept."""
    if events:
        await insert_rows(session, _insert, [outbox_row(event) for event in events])
        mark_emitted(session)


def mark_emitted(session: AsyncSession) -> None:
    """Say that this transaction wrote outbox rows, so that readers in this process are woken by its commit."""
    session.info[EMITTED] = True


async def keep_readers(db: Database, readers: Collection[str]) -> None:
    """Forget the cursors of all but these, which a transport left that is no longer used; then rest until cancelled."""
    async with transaction(db) as session:
        await session.execute(_forget_others, {"readers": list(readers)})
    await asyncio.Event().wait()


async def follow(db: Database, reader: str, hand_on: HandOn) -> None:
    """Hand on every event, in order, until cancelled. One process at a time reads under a name.

    `hand_on` gets up to 500 messages with no transaction open and returns how many of them, from the first on,
    were taken. A lost database is waited for.
    """
    woken = asyncio.Event()
    db.listeners.add(woken)
    try:
        while True:
            try:
                async with _turn(db) as connection:
                    await _follow_on(connection, reader, hand_on, woken)
            except (SQLAlchemyError, OSError, ReaderReplaced) as error:
                if not (is_away(error) or isinstance(error, ReaderReplaced)):
                    raise
                log.warning("reader lost its database", reader=reader, error=type(error).__name__)
                await asyncio.sleep(SLOWEST_POLL_SECONDS)
    finally:
        db.listeners.discard(woken)


@asynccontextmanager
async def _turn(db: Database) -> AsyncIterator[AsyncConnection]:
    """Lend a connection and close it afterwards: given back to the pool, it would keep the reader's lock for ever."""
    async with db.engine.connect() as plain:
        try:
            yield await plain.execution_options(isolation_level="AUTOCOMMIT")
        finally:
            await plain.invalidate()


async def _follow_on(connection: AsyncConnection, reader: str, hand_on: HandOn, woken: asyncio.Event) -> None:
    while not await connection.scalar(_take_turn, {"reader": reader}):  # noqa: ASYNC110 - PostgreSQL holds the lock
        await asyncio.sleep(SLOWEST_POLL_SECONDS)
    cursor = await open_cursor(connection, reader)
    pause = FASTEST_POLL_SECONDS
    while True:
        if await read_round(connection, cursor, hand_on):
            pause = FASTEST_POLL_SECONDS
            continue
        try:
            # A wait_for that ends as it is cancelled swallows the cancellation, and this loop would never end.
            async with asyncio.timeout(pause):
                await woken.wait()
            pause = FASTEST_POLL_SECONDS
        except TimeoutError:
            pause = min(pause * 2, SLOWEST_POLL_SECONDS)
        woken.clear()


async def open_cursor(connection: AsyncConnection, reader: str) -> Cursor:
    """Begin a new epoch of this reader where the last one stood.

    In another cluster than the cursor's own, as after a restore, snapshots mean nothing: it starts from the first row
    that is kept, and the inbox deduplicates.
    """
    row = (await connection.execute(_open_cursor, {"reader": reader, "nothing": NOTHING_SEEN})).one()
    return Cursor(reader, *row)


async def read_round(connection: AsyncConnection, cursor: Cursor, hand_on: HandOn) -> int:
    """Hand on one batch and advance past the part that was taken; returns how many that were."""
    if cursor.position == 0:
        cursor.upto = await connection.scalar(_snapshot)
    unread = _urgent_round if cursor.reader.endswith(LANE) else _round
    place = {"seen": cursor.seen, "upto": cursor.upto, "position": cursor.position, "batch": BATCH}
    rows = (await connection.execute(unread, place)).all()
    taken = await hand_on([Message(row.headers, bytes(row.payload)) for row in rows]) if rows else 0
    if taken == len(rows) < BATCH:
        round_was_empty = cursor.position == 0 and not rows
        cursor.seen, cursor.position = cursor.upto, 0
        if round_was_empty:
            return 0
    elif taken:
        cursor.position = rows[taken - 1].position
    else:
        return 0
    await _save(connection, cursor)
    return max(taken, 1)


async def _save(connection: AsyncConnection, cursor: Cursor) -> None:
    result = await connection.execute(_advance, asdict(cursor))
    if result.rowcount == 0:
        raise ReaderReplaced(cursor.reader)


async def delete_read(session: AsyncSession, retention: timedelta) -> int:
    """Delete up to 1,000 rows that every reader has passed and that are older than `retention`."""
    result = await session.execute(_delete_read, {"retention": retention})
    return int(getattr(result, "rowcount", 0))
