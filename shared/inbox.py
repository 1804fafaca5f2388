"""Turns events into effects exactly once: the inbox row, the effect and the next outbox rows commit together.

Runs in each consumer process, fed by either transport. `prepare` fetches what a batch needs with no transaction
open; `apply` runs in one. A poison event goes to the dead letters and harms only itself; a database that is away
is waited for; a domain's refusal is a recorded outcome.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from itertools import groupby
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanKind
from sqlalchemy import Column, DateTime, LargeBinary, Table, Text, func, select
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import JSON_OR_NULL, Database, is_away, shared_metadata, transaction
from shared.events import BY_TYPE, Event, Poison, decode
from shared.outbox import Message
from shared.problems import Problem
from shared.telemetry import correlated, log, where_raised
from shared.telemetry.metrics import events_consumed
from shared.telemetry.traces import continued, is_tracing, span, traceparent

inbox = Table(
    "inbox",
    shared_metadata,
    Column("reader", Text, primary_key=True),
    Column("event_id", PgUUID(as_uuid=True), primary_key=True),
    Column("outcome", Text, nullable=False, server_default="applied"),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

dead_letters = Table(
    "dead_letters",
    shared_metadata,
    Column("id", PgUUID(as_uuid=True), primary_key=True),
    Column("reader", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="dead"),
    Column("headers", JSON_OR_NULL, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
    Column("died_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

BATCH = 100
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0

_claim_rows = insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id)

Prepared = Any


class Transient(Exception):  # noqa: N818 - a fact, as a Problem is
    """Something that the effect needs is away; worth trying again, never a dead letter."""


async def nothing_to_prepare(_: Sequence[Event]) -> Prepared:
    return None


@dataclass(frozen=True)
class Entry:
    """What a consumer does with events; `apply` gets neighbours in order, deduplicated, at most 100.

    Types whose entries are equal are taken together. `otherwise` is the least that is done with an event alone where
    `apply` fails through a fault of ours.
    """

    apply: Callable[[AsyncSession, Sequence[Event], Prepared], Awaitable[None]]
    prepare: Callable[[Sequence[Event]], Awaitable[Prepared]] = nothing_to_prepare
    otherwise: Callable[[AsyncSession, Sequence[Event], Prepared], Awaitable[None]] | None = None


Entries = Mapping[str, Entry]


def _passes(error: BaseException) -> bool:
    return isinstance(error, Transient) or is_away(error)


async def consume(db: Database, reader: str, entries: Entries, messages: Sequence[Message]) -> int:
    """Take every message, in order, and return how many that were (all, once this returns)."""
    events: list[Event] = []
    for message in messages:
        try:
            event = decode(message.headers, message.payload)
        except Poison as poison:
            await _patiently(reader, partial(_bury, db, reader, message, f"poison: {poison}"))
        else:
            if event.type in entries:
                events.append(event)
            else:
                events_consumed.labels(reader, event.type, "ignored").inc()
    for entry, run in _runs(entries, events):
        await _take_run(db, reader, entry, run, messages)
    return len(messages)


def _runs(entries: Entries, events: Sequence[Event]) -> Iterator[tuple[Entry, list[Event]]]:
    """Yield neighbours with one entry, so that a set-based effect never overtakes another's."""
    for entry, group in groupby(events, key=lambda event: entries[event.type]):
        run = list(group)
        for start in range(0, len(run), BATCH):
            yield entry, run[start : start + BATCH]


async def _take_run(db: Database, reader: str, entry: Entry, run: Sequence[Event], messages: Sequence[Message]) -> None:
    async def attempt() -> None:
        fresh = await _not_taken_yet(db, reader, run)
        _count(reader, "repeated", run, less=fresh)
        if not fresh:
            return
        try:
            await _apply(db, reader, entry, fresh)
        except Exception as error:
            if _passes(error):
                raise
            log.warning("batch falls back to single events", reader=reader, error=type(error).__name__,
                        where=where_raised(error), count=len(fresh))  # fmt: skip
            for event in fresh:
                await _patiently(reader, partial(_take_alone, db, reader, entry, event, messages))

    await _patiently(reader, attempt)


async def _apply(db: Database, reader: str, entry: Entry, events: Sequence[Event]) -> None:
    with correlated(events[0].correlation_id), _traced(reader, events) as traced:
        prepared = await entry.prepare(traced)
        async with transaction(db) as session:
            fresh = await _claim(session, reader, traced)
            if fresh:
                await entry.apply(session, fresh, prepared)
    _count(reader, "applied", fresh)


def _count(reader: str, outcome: str, events: Sequence[Event], less: Sequence[Event] = ()) -> None:
    numbers = Counter(event.type for event in events) - Counter(event.type for event in less)
    for kind, number in numbers.items():
        events_consumed.labels(reader, kind, outcome).inc(number)


@contextmanager
def _traced(reader: str, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Give each event a span in the trace that it came with; what follows from it belongs to that span."""
    with ExitStack() as spans:
        traced = list(events)
        for index, event in enumerate(events if is_tracing() else ()):
            spans.enter_context(continued(event.traceparent))
            spans.enter_context(span(f"{reader} {event.type}", SpanKind.CONSUMER))
            traced[index] = replace(event, traceparent=traceparent.get())
        spans.enter_context(continued(traced[0].traceparent))
        yield traced


async def _take_alone(db: Database, reader: str, entry: Entry, event: Event, messages: Sequence[Message]) -> None:
    try:
        await _apply(db, reader, entry, [event])
    except Problem as refused:
        async with transaction(db) as session:
            await _claim(session, reader, [event], outcome=f"refused: {refused.slug}")
        events_consumed.labels(reader, event.type, "refused").inc()
    except Exception as error:
        if _passes(error):
            raise
        if entry.otherwise is not None:
            log.error("least effect only", reader=reader, error=type(error).__name__, where=where_raised(error))
            return await _take_alone(db, reader, Entry(entry.otherwise), event, messages)
        original = next(m for m in messages if m.headers.get("ce_id") == str(event.id))
        await _bury(db, reader, original, f"{type(error).__name__} at {where_raised(error)}")


async def _patiently(reader: str, attempt: Callable[[], Awaitable[None]]) -> None:
    """Try until it works: what is away comes back, and order is kept by waiting in place."""
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            return await attempt()
        except Exception as error:
            if not _passes(error):
                raise
            log.warning("waiting for what is away", reader=reader, error=type(error).__name__)
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def _not_taken_yet(db: Database, reader: str, run: Sequence[Event]) -> list[Event]:
    ids = [event.id for event in run]
    taken_query = select(inbox.c.event_id).where(inbox.c.reader == reader, inbox.c.event_id.in_(ids))
    async with transaction(db) as session:
        taken = set((await session.scalars(taken_query)).all())
    return [event for event in run if event.id not in taken]


async def _claim(
    session: AsyncSession, reader: str, events: Sequence[Event], *, outcome: str = "applied"
) -> list[Event]:
    unique = {event.id: event for event in events}
    # In one order everywhere: who reads the same events by a lane waits for this one, and never both for each other.
    rows = [{"reader": reader, "event_id": event_id, "outcome": outcome} for event_id in sorted(unique)]
    claimed = set((await session.scalars(_claim_rows, rows)).all())
    return [event for event in unique.values() if event.id in claimed]


def letter_id(reader: str, message: Message) -> UUID:
    """Return the id that this message has among the dead letters, the same however often a transport brings it."""
    headers = (f"{name}={value}" for name, value in sorted(message.headers.items()))
    return UUID(bytes=blake2b("\n".join((reader, *headers, "")).encode() + message.payload, digest_size=16).digest())


async def _bury(db: Database, reader: str, message: Message, error: str) -> None:
    log.error("dead letter", reader=reader, error=error, event_id=message.headers.get("ce_id"))
    letter = insert(dead_letters).values(
        id=letter_id(reader, message),
        reader=reader,
        headers=dict(message.headers),
        payload=message.payload,
        error=f"{error}, from {message.origin}" if message.origin else error,
    )
    died_again = {"state": "dead", "error": letter.excluded.error, "died_at": func.clock_timestamp()}
    was_replayed = dead_letters.c.state == "replay"
    async with transaction(db) as session:
        await session.execute(letter.on_conflict_do_update(index_elements=["id"], set_=died_again, where=was_replayed))
    kind = message.headers.get("ce_type", "")
    events_consumed.labels(reader, kind if kind in BY_TYPE else "unknown", "dead").inc()


async def replay_dead_letters(db: Database, reader: str, entries: Entries, *, every_seconds: float = 1.0) -> None:
    """Try again, until cancelled, the dead letters that somebody marked for replay."""
    while True:
        await asyncio.sleep(every_seconds)
        await _patiently(reader, lambda: _replay_next(db, reader, entries))


async def _replay_next(db: Database, reader: str, entries: Entries) -> None:
    async with transaction(db) as session:
        row = (
            await session.execute(
                select(dead_letters).where(dead_letters.c.state == "replay", dead_letters.c.reader == reader)
                .order_by(dead_letters.c.died_at).limit(1)
            )
        ).first()  # fmt: skip
    if row is None:
        return
    await consume(db, reader, entries, [Message(row.headers, bytes(row.payload))])
    async with transaction(db) as session:
        done = dead_letters.delete().where(dead_letters.c.id == row.id, dead_letters.c.state == "replay")
        await session.execute(done)


async def mark_dead_letter(session: AsyncSession, letter_id: UUID, state: str) -> bool:
    """Set a dead letter to `replay` or `dropped`; returns whether there was one."""
    change = dead_letters.update().where(dead_letters.c.id == letter_id, dead_letters.c.state == "dead")
    return bool(getattr(await session.execute(change.values(state=state)), "rowcount", 0))


async def forget_taken(session: AsyncSession, retention: timedelta) -> None:
    """Delete inbox rows so old that no outbox or topic can bring their events again."""
    await session.execute(inbox.delete().where(inbox.c.taken_at < func.clock_timestamp() - retention))
