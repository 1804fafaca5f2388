"""Models and migrations say the same."""

import importlib
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import shared_metadata
from tests.conftest import OpenDatabase, owner_url


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
