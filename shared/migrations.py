"""How a service's database comes to its newest revision. Run by `frontdoor migrate`, by `up` and by the tests."""

import asyncio
from pathlib import Path

from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import shared_metadata

GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_rows FROM {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
)
"""What a service's app role may do: change rows, never tables; add audit rows, never change them."""


def migrate(owner_url: str, migrations: Path, app_role: str) -> None:
    """Bring a service's database to its newest revision as its owner, and grant its app role what it needs.

    Blocking, and with an event loop of its own: call it from a thread where a loop is running.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes.update(url=owner_url, app_role=app_role)
    command.upgrade(config, "head")


def run_migrations(metadata: MetaData) -> None:
    """Serve a service's `migrations/env.py`: its own tables and the shared ones, in one transaction."""
    from alembic import context

    attributes = context.config.attributes

    def upgrade(connection: Connection) -> None:
        context.configure(
            connection=connection, target_metadata=[metadata, shared_metadata], transaction_per_migration=False
        )
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('migrations', 0))"))
            context.run_migrations()
            for grant in GRANTS:
                connection.execute(text(grant.format(role=attributes["app_role"])))

    async def connect() -> None:
        engine = create_async_engine(attributes["url"])
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
        await engine.dispose()

    asyncio.run(connect())
