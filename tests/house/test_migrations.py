"""Models and migrations say the same."""

import importlib
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from services.front_door import app as whole
from shared.db import XID8, PgSnapshot, shared_metadata
from tests.conftest import OpenDatabase, owner_url

assert whole, "importing the whole is what fills the shared metadata"

# What reflection meets in our tables and SQLAlchemy does not know by itself.
ischema_names.update({"xid8": XID8, "pg_snapshot": PgSnapshot})


@pytest.mark.parametrize("service", ["referrals", "triage", "notifications"])
async def test_models_are_what_the_migrations_make(service: str, open_service: OpenDatabase, server: str) -> None:
    """A database migrated to the newest revision differs in nothing from the models."""
    metadata: Any = [importlib.import_module(f"services.{service}.models").Base.metadata, shared_metadata]

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))

    db = await open_service(service)
    engine = create_async_engine(owner_url(server, db))
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()
    assert found == []
