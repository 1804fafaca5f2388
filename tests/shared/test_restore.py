"""What the runbook says of an outbox whose dump was loaded into a new server."""

from sqlalchemy import text

from shared.db import transaction
from tests.conftest import OpenDatabase
from tests.shared.reading import Taker, drain, emit_some

FROM_AN_OLDER_SERVER = "UPDATE outbox SET xid = '999999999999'"


async def test_loaded_rows_are_handed_on_once_they_are_this_servers(open_service: OpenDatabase) -> None:
    """Rows of a server that had counted further seem yet to come, until they get a transaction of this one."""
    db = await open_service("shared")
    events = await emit_some(db, 3)
    async with transaction(db) as session:
        await session.execute(text(FROM_AN_OLDER_SERVER))
    taker = Taker(3)
    await drain(db, taker)
    assert taker.events == []
    async with transaction(db) as session:
        await session.execute(text("UPDATE outbox SET xid = DEFAULT"))
    await drain(db, taker)
    assert taker.events == events
