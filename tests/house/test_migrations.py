"""Models and migrations say the same."""

import importlib
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import JSON, Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from services.front_door import app as whole
from shared.db import XID8, PgSnapshot, shared_metadata
from tests.conftest import ROOT, OpenDatabase, owner_url

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


@pytest.mark.parametrize("service", ["referrals", "triage", "notifications"])
def test_none_is_null_in_every_json_column(service: str) -> None:
    """No column keeps None as a JSON `null`, which NOT NULL lets in and IS NULL does not find."""
    own = importlib.import_module(f"services.{service}.models").Base.metadata
    tables = [*own.tables.values(), *shared_metadata.tables.values()]
    columns = [column for table in tables for column in table.c]
    kinds = {f"{column.table}.{column.name}": column.type for column in columns if isinstance(column.type, JSON)}
    assert kinds
    assert [name for name, kind in kinds.items() if not kind.none_as_null] == []


REFERRAL = """
INSERT INTO referrals (id, reference, agency, submitted_by, source, kind, urgency, restricted, status,
    received_at, decision_due_at, advice, details)
VALUES (gen_random_uuid(), 'FD-OLD', 'school', 'school', '2A', 'request', 'no', false, 'received',
    now(), now(), 'null', '')
"""
SERVICE = "INSERT INTO help_services (id, slug, listing, fitting) VALUES (gen_random_uuid(), 'old', '{}', 'null')"


@pytest.mark.parametrize(
    ("service", "old", "table", "column"),
    [("referrals", REFERRAL, "referrals", "advice"), ("triage", SERVICE, "help_services", "fitting")],
)
async def test_json_nulls_of_before_become_null(
    service: str, old: str, table: str, column: str, open_service: OpenDatabase, server: str
) -> None:
    """Rows that were written before None was NULL are mended by the migration."""
    (file,) = (ROOT / "services" / service / "migrations" / "versions").glob("*_null_is_null.py")
    migration = importlib.import_module(f"services.{service}.migrations.versions.{file.stem}")

    def upgrade(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()

    engine = create_async_engine(owner_url(server, await open_service(service)))
    async with engine.begin() as connection:
        await connection.exec_driver_sql(old)
        await connection.run_sync(upgrade)
        nulls = await connection.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE {column} IS NULL")
    await engine.dispose()

    assert nulls.scalar() == 1
