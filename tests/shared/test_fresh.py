"""The databases that tests are lent: emptied and lent again, and each is as new."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from shared.db import open_database, transaction
from shared.events import Event
from shared.outbox import emit, outbox
from tests.conftest import Templates, fresh_databases, owner_url
from tests.factories import case_opened


async def test_a_database_is_lent_again_as_it_was_made(server: str, templates: Templates) -> None:
    """It has no rows, and its positions begin with 1."""
    names = []
    for _ in range(2):
        async with fresh_databases(server, templates) as open_fresh:
            db = await open_fresh("shared")
            names.append(db.engine.url.database)
            async with transaction(db) as session:
                await emit(session, Event(case_opened()), Event(case_opened()))
            async with transaction(db) as session:
                positions = (await session.scalars(select(outbox.c.position).order_by(outbox.c.position))).all()
        assert positions == [1, 2]
    assert names[0] == names[1]


async def test_an_altered_database_is_lent_to_nobody_else(server: str, templates: Templates) -> None:
    """Where a test was its owner, the next one gets another."""
    async with fresh_databases(server, templates) as open_fresh:
        altered = await open_fresh("shared")
        assert owner_url(server, altered)
    async with fresh_databases(server, templates) as open_fresh:
        assert (await open_fresh("shared")).engine.url.database != altered.engine.url.database


async def test_a_database_that_is_still_used_is_lent_to_nobody_else(server: str, templates: Templates) -> None:
    """What a test leaves connected is cut off from it, and meets no other test."""
    async with fresh_databases(server, templates) as open_fresh:
        db = await open_fresh("shared")
        left = open_database(db.engine.url.render_as_string(hide_password=False))
        connection = await left.engine.connect()
    async with fresh_databases(server, templates) as open_fresh:
        assert (await open_fresh("shared")).engine.url.database != db.engine.url.database
    with pytest.raises(DBAPIError):
        await connection.execute(text("SELECT 1"))
    await connection.invalidate()
    await left.close()
