"""Events that could not be taken: set aside to be tried again in their order, or dead until a person says otherwise."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database, transaction
from shared.events import BY_TYPE, Event
from shared.inbox.tables import WAITING, dead_letters
from shared.outbox import Message
from shared.telemetry import log
from shared.telemetry.metrics import events_consumed

FIRST_PAUSE = timedelta(seconds=1)
MOST_DOUBLINGS = 6

Mourn = Callable[[AsyncSession, UUID], Awaitable[None]]
"""What is done, in the same transaction, where an event is given up; it gets the id of the dead letter."""

_older = dead_letters.alias("older")
_is_before = or_(
    _older.c.died_at < dead_letters.c.died_at,
    and_(_older.c.died_at == dead_letters.c.died_at, _older.c.id < dead_letters.c.id),
)
_is_same_line = and_(_older.c.reader == dead_letters.c.reader, _older.c.subject == dead_letters.c.subject)
_is_behind = select(_older.c.id).where(_older.c.state == WAITING, _is_same_line, _is_before).exists()


def letter_id(reader: str, message: Message) -> UUID:
    """Return the id that this message has among the dead letters, the same however often a transport brings it."""
    headers = (f"{name}={value}" for name, value in sorted(message.headers.items()))
    return UUID(bytes=blake2b("\n".join((reader, *headers, "")).encode() + message.payload, digest_size=16).digest())


def _values(reader: str, message: Message, error: str) -> dict[str, Any]:
    return {
        "id": letter_id(reader, message),
        "reader": reader,
        "headers": dict(message.headers),
        "payload": message.payload,
        "error": f"{error}, from {message.origin}" if message.origin else error,
    }


async def bury(db: Database, reader: str, message: Message, error: str, mourn: Mourn | None) -> None:
    """Make a message a dead letter, where it is not one already."""
    log.error("dead letter", reader=reader, error=error, event_id=message.headers.get("ce_id"))
    letter = insert(dead_letters).values(**_values(reader, message, error))
    died = {"state": "dead", "error": letter.excluded.error, "died_at": func.clock_timestamp(), "next_at": None}
    was_alive = dead_letters.c.state.in_(("replay", WAITING))
    dying = letter.on_conflict_do_update(index_elements=["id"], set_=died, where=was_alive)
    async with transaction(db) as session:
        new = await session.scalar(dying.returning(dead_letters.c.id))
        if new is not None and mourn is not None:
            await mourn(session, new)
    _count(reader, message, "dead")


async def set_aside(db: Database, reader: str, event: Event, message: Message, error: str) -> None:
    """Keep an event that a fault of ours holds up, to be tried again after a pause."""
    log.error("event set aside", reader=reader, error=error, event_id=str(event.id))
    letter = insert(dead_letters).values(
        **_values(reader, message, error),
        state=WAITING,
        subject=event.subject,
        next_at=func.clock_timestamp() + _pause(0),
    )
    async with transaction(db) as session:
        await session.execute(letter.on_conflict_do_nothing())
    _count(reader, message, "set_aside")


def _count(reader: str, message: Message, outcome: str) -> None:
    kind = message.headers.get("ce_type", "")
    events_consumed.labels(reader, kind if kind in BY_TYPE else "unknown", outcome).inc()


async def due_letter(session: AsyncSession, reader: str) -> Any:
    """Return the next that a person wants replayed, or whose pause is over and that is behind no other; or None."""
    is_due = and_(dead_letters.c.state == WAITING, dead_letters.c.next_at <= func.clock_timestamp(), ~_is_behind)
    query = select(dead_letters).where(dead_letters.c.reader == reader, or_(dead_letters.c.state == "replay", is_due))
    return (await session.execute(query.order_by(dead_letters.c.died_at, dead_letters.c.id).limit(1))).first()


async def postpone(session: AsyncSession, letter: Any, patience: timedelta | None) -> bool:
    """Let a letter wait twice as long again; returns False where that is more than the patience there is, if any.

    What a person wants replayed is tried once.
    """
    waited = sum((_pause(number) for number in range(letter.attempts + 1)), timedelta())
    if patience is not None and (letter.state != WAITING or waited >= patience):
        return False
    number = letter.attempts + 1
    later = dead_letters.update().where(dead_letters.c.id == letter.id, dead_letters.c.state == letter.state)
    next_at = func.clock_timestamp() + _pause(number)
    await session.execute(later.values(state=WAITING, attempts=number, next_at=next_at))
    return True


def _pause(number: int) -> timedelta:
    return FIRST_PAUSE * (1 << min(number, MOST_DOUBLINGS))


async def forget_letter(session: AsyncSession, letter: Any) -> None:
    """Delete a letter that was taken after all, unless somebody gave it up meanwhile."""
    done = dead_letters.delete().where(dead_letters.c.id == letter.id, dead_letters.c.state == letter.state)
    await session.execute(done)


async def mark_dead_letter(session: AsyncSession, letter_id: UUID, state: str) -> bool:
    """Set a dead letter to `replay` or `dropped`; returns whether there was one."""
    change = dead_letters.update().where(dead_letters.c.id == letter_id, dead_letters.c.state == "dead")
    return bool(getattr(await session.execute(change.values(state=state)), "rowcount", 0))
