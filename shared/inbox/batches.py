"""Takes batches of events, in order: with the effect of each goes a row that it was taken."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from opentelemetry.trace import SpanKind
from sqlalchemy import bindparam, func, null, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database, is_away, transaction
from shared.events import Event, Poison, decode
from shared.inbox.letters import Mourn, bury, set_aside
from shared.inbox.tables import WAITING, dead_letters, inbox
from shared.outbox import Message
from shared.problems import Problem
from shared.telemetry import correlated, log, where_raised
from shared.telemetry.metrics import events_consumed
from shared.telemetry.traces import continued, is_tracing, span, traceparent

BATCH = 100
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0
MOST_WEIGHT = 60
"""So much is taken in one transaction, which is over in a fraction of a second: whatever it locks, others wait for."""

IN_PLACE_SECONDS = 10.0
"""How long a batch waits in place for what is away, before its events are tried one by one."""

_taken_or_waiting = union_all(
    select(inbox.c.event_id, null().label("subject")).where(
        inbox.c.reader == bindparam("reader"), inbox.c.event_id.in_(bindparam("ids", expanding=True))
    ),
    select(null(), dead_letters.c.subject).where(
        dead_letters.c.state == WAITING,
        dead_letters.c.reader == bindparam("reader"),
        dead_letters.c.subject.in_(bindparam("subjects", expanding=True)),
    ),
)
_claim_rows = insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id)

Prepared = Any
T = TypeVar("T")


class Transient(Exception):  # noqa: N818 - a fact, as a Problem is
    """Something that the effect needs is away; worth trying again until it is back, never a dead letter."""


async def nothing_to_prepare(_: Sequence[Event]) -> Prepared:
    return None


def weigh_alike(_: Event, __: Prepared) -> int:
    return 1


@dataclass(frozen=True)
class Entry:
    """What a consumer does with events; `apply` gets neighbours in order, deduplicated, at most 100.

    It gets no more at once than weigh 60 by `weigh`, a unit being about half a millisecond; what weighs more is alone.

    Types whose entries are equal are taken together. `refusals` are the problems by which the domain refuses an event;
    any other is a fault of ours, as every error is. `otherwise` is the least that is done with an event alone where
    `apply` fails through one; `mourn` is done where an event is given up.
    """

    apply: Callable[[AsyncSession, Sequence[Event], Prepared], Awaitable[None]]
    prepare: Callable[[Sequence[Event]], Awaitable[Prepared]] = nothing_to_prepare
    otherwise: Callable[[AsyncSession, Sequence[Event], Prepared], Awaitable[None]] | None = None
    mourn: Mourn | None = None
    weigh: Callable[[Event, Prepared], int] = weigh_alike
    refusals: tuple[type[Problem], ...] = ()


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
            entry = entries.get(message.headers.get("ce_type", ""))
            mourn = None if entry is None else entry.mourn
            await patiently(reader, partial(bury, db, reader, message, f"poison: {poison}", mourn))
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
    """Take neighbours together; where that fails, or another of a subject waits, event by event."""
    until = asyncio.get_running_loop().time() + IN_PLACE_SECONDS
    fresh, waiting = await patiently(reader, partial(_not_taken_yet, db, reader, run))
    _count(reader, "repeated", run, less=fresh)
    free = [event for event in fresh if event.subject not in waiting]
    alone = [event for event in fresh if event.subject in waiting]
    try:
        if free:
            await patiently(reader, partial(_apply, db, reader, entry, free), until)
    except Exception as error:  # noqa: BLE001 - whatever it is, it may be the fault of one event
        log.warning("batch falls back to single events", reader=reader, error=type(error).__name__,
                    where=where_raised(error), count=len(free))  # fmt: skip
        alone = fresh
    for event in alone:
        message = next(message for message in messages if message.headers.get("ce_id") == str(event.id))
        await patiently(reader, partial(_take_or_set_aside, db, reader, entry, event, message, waiting, until))


async def _take_or_set_aside(
    db: Database, reader: str, entry: Entry, event: Event, message: Message, waiting: set[str], until: float
) -> None:
    """Take one event, unless another of its subject waits, or it fails: then it waits too, and holds up no stranger."""
    error = "behind another of its subject"
    try:
        if event.subject not in waiting:
            await patiently(reader, partial(take_alone, db, reader, entry, event), until)
            return
    except Exception as fault:  # noqa: BLE001 - where the database is away, setting aside fails too and is repeated
        error = f"{type(fault).__name__} at {where_raised(fault)}"
    await set_aside(db, reader, event, message, error)
    waiting.add(event.subject)


async def _apply(db: Database, reader: str, entry: Entry, events: Sequence[Event]) -> None:
    with correlated(events[0].correlation_id), _traced(reader, events) as traced:
        prepared = await entry.prepare(traced)
        for part in _parts(entry, traced, prepared):
            async with transaction(db) as session:
                fresh = await _claim(session, reader, part)
                if fresh:
                    await entry.apply(session, fresh, prepared)
            _count(reader, "applied", fresh)


def _parts(entry: Entry, events: Sequence[Event], prepared: Prepared) -> Iterator[Sequence[Event]]:
    """Yield neighbours that are not too much for one transaction."""
    part: list[Event] = []
    weight = 0
    for event in events:
        own = entry.weigh(event, prepared)
        if part and weight + own > MOST_WEIGHT:
            yield part
            part, weight = [], 0
        part.append(event)
        weight += own
    yield part


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


async def take_alone(db: Database, reader: str, entry: Entry, event: Event) -> None:
    """Take one event by itself, or do the least of it; raises what is a fault of ours, and what passes."""
    try:
        await _apply(db, reader, entry, [event])
    except entry.refusals as refused:
        async with transaction(db) as session:
            await _claim(session, reader, [event], outcome=f"refused: {refused.slug}")
        events_consumed.labels(reader, event.type, "refused").inc()
    except Exception as error:
        if _passes(error) or entry.otherwise is None:
            raise
        log.error("least effect only", reader=reader, error=type(error).__name__, where=where_raised(error))
        await take_alone(db, reader, Entry(entry.otherwise), event)


async def patiently(reader: str, attempt: Callable[[], Awaitable[T]], until: float = math.inf) -> T:
    """Try until it works, or until this time of the loop: what is away comes back, and order is kept in place."""
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            return await attempt()
        except Exception as error:
            if not _passes(error) or asyncio.get_running_loop().time() >= until:
                raise
            log.warning("waiting for what is away", reader=reader, error=type(error).__name__)
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def _not_taken_yet(db: Database, reader: str, run: Sequence[Event]) -> tuple[list[Event], set[str]]:
    """Return the events that are new, and the subjects that have an event set aside."""
    asked = {"reader": reader, "ids": [event.id for event in run], "subjects": [event.subject for event in run]}
    async with transaction(db) as session:
        rows = (await session.execute(_taken_or_waiting, asked)).all()
    taken = {event_id for event_id, _ in rows}
    return [event for event in run if event.id not in taken], {subject for _, subject in rows if subject is not None}


async def _claim(
    session: AsyncSession, reader: str, events: Sequence[Event], *, outcome: str = "applied"
) -> list[Event]:
    unique = {event.id: event for event in events}
    # In one order everywhere: who reads the same events by a lane waits for this one, and never both for each other.
    rows = [{"reader": reader, "event_id": event_id, "outcome": outcome} for event_id in sorted(unique)]
    claimed = set((await session.scalars(_claim_rows, rows)).all())
    return [event for event in unique.values() if event.id in claimed]


async def forget_taken(session: AsyncSession, retention: timedelta) -> None:
    """Delete inbox rows so old that no outbox or topic can bring their events again."""
    await session.execute(inbox.delete().where(inbox.c.taken_at < func.clock_timestamp() - retention))
