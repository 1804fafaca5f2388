"""Tries set-aside events again, and the dead ones that a person asks for. Runs in each consumer process."""

import asyncio
from datetime import timedelta
from functools import partial

from shared.db import Database, transaction
from shared.events import Poison, decode
from shared.inbox.batches import Entries, Transient, patiently, take_alone
from shared.inbox.letters import bury, due_letter, forget_letter, postpone
from shared.outbox import Message
from shared.telemetry import where_raised


async def replay_dead_letters(
    db: Database, reader: str, entries: Entries, *, every_seconds: float = 1.0, patience_seconds: float = 300.0
) -> None:
    """Try again, until cancelled: what waits for as long as there is patience, what was marked for replay once."""
    attempt = partial(_replay_next, db, reader, entries, timedelta(seconds=patience_seconds))
    while True:
        await asyncio.sleep(every_seconds)
        while await patiently(reader, attempt):
            pass


async def _replay_next(db: Database, reader: str, entries: Entries, patience: timedelta) -> bool:
    """Try one; returns whether there was one."""
    async with transaction(db) as session:
        letter = await due_letter(session, reader)
    if letter is None:
        return False
    message = Message(letter.headers, bytes(letter.payload))
    entry = entries.get(message.headers.get("ce_type", ""))
    mourn = None if entry is None else entry.mourn
    try:
        event = decode(message.headers, message.payload)
        if entry is not None:
            await take_alone(db, reader, entry, event)
    except Poison as poison:
        await bury(db, reader, message, f"poison: {poison}", mourn)
        return True
    except Exception as error:  # noqa: BLE001 - where the database is away, postponing fails too and is repeated
        async with transaction(db) as session:
            waits = await postpone(session, letter, None if isinstance(error, Transient) else patience)
        if not waits:
            await bury(db, reader, message, f"{type(error).__name__} at {where_raised(error)}", mourn)
        return True
    async with transaction(db) as session:
        await forget_letter(session, letter)
    return True
