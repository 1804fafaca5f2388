"""The time of a simulation: one moment for services and databases alike, which moves when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import asyncpg
from sqlalchemy import make_url

from services.front_door.databases import DatabaseUrls

# Names without a schema are looked up in `simulated` before PostgreSQL's own, so no statement of a service has to know.
# Defaults of columns were bound to PostgreSQL's own clock when the tables were made, and are bound anew.
CLOCK = """
    CREATE SCHEMA simulated;
    CREATE TABLE simulated.clock (at timestamptz NOT NULL);
    INSERT INTO simulated.clock VALUES ('epoch');
    CREATE FUNCTION simulated.clock_timestamp() RETURNS timestamptz VOLATILE PARALLEL SAFE LANGUAGE sql
        AS 'SELECT at FROM simulated.clock';
    CREATE FUNCTION simulated.statement_timestamp() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
        AS 'SELECT at FROM simulated.clock';
    GRANT USAGE ON SCHEMA simulated TO PUBLIC;
    GRANT SELECT ON simulated.clock TO PUBLIC;
    DO $$ DECLARE told record; BEGIN
        FOR told IN
            SELECT d.adrelid::regclass AS owner, a.attname AS name
            FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE pg_get_expr(d.adbin, d.adrelid) = 'clock_timestamp()'
        LOOP
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT simulated.clock_timestamp()',
                           told.owner, told.name);
        END LOOP;
    END $$;
"""


@dataclass
class Times:
    """What time it is; the connections are those by which each database is told."""

    at: datetime
    connections: list[Any]

    @classmethod
    @asynccontextmanager
    async def over(cls, admin_url: str, places: Mapping[str, DatabaseUrls], starts_at: datetime) -> AsyncIterator[Self]:
        """Take the time of these migrated databases over; connections that were opened before keep the machine's."""
        admin = make_url(admin_url).set(drivername="postgresql")
        async with AsyncExitStack() as stack:
            connections = []
            for service in places:
                url = admin.set(database=service).render_as_string(hide_password=False)
                connection = await asyncpg.connect(url)
                stack.push_async_callback(connection.close)
                await connection.execute(CLOCK)
                await connection.execute(
                    f"ALTER ROLE {service}_app IN DATABASE {service} SET search_path = simulated, pg_catalog, public"
                )
                connections.append(connection)
            times = cls(starts_at, connections)
            await times.move_to(starts_at)
            yield times

    async def move_to(self, at: datetime) -> None:
        """Let it be `at` everywhere; time never goes back."""
        self.at = max(self.at, at)
        told = (connection.execute("UPDATE simulated.clock SET at = $1", self.at) for connection in self.connections)
        await asyncio.gather(*told)
