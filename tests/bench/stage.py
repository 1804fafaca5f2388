"""Where the rows play: a durable PostgreSQL of their own with the three services' databases, and one for the floors."""

import asyncio
import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
from sqlalchemy import make_url

from services.front_door import postgres
from services.front_door.databases import ROLES, DatabaseUrls, provision, urls
from services.front_door.folder import SERVICES_FOLDER
from shared.migrations import migrate

FLOOR_TABLES = """
CREATE TABLE referrals (id uuid PRIMARY KEY, body jsonb NOT NULL, received_at timestamptz DEFAULT clock_timestamp());
CREATE TABLE outbox (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, payload jsonb);
CREATE TABLE rows (id uuid PRIMARY KEY, event_id uuid NOT NULL, body bytea NOT NULL);
"""


@dataclass(frozen=True)
class Stage:
    """`ways` into the services' databases by name; `floor` is a plain asyncpg URL."""

    ways: Mapping[str, DatabaseUrls]
    floor: str
    folder: Path


@contextmanager
def built_stage() -> Iterator[Stage]:
    """Start a server with the settings of `frontdoor up`, commits durable, and migrate all of it."""
    with TemporaryDirectory(prefix="frontdoor-bench-") as root:
        folder = Path(root)
        password = secrets.token_urlsafe()
        server = postgres.start(folder / "postgres", password)
        try:
            admin = postgres.url(server.folder, postgres.SUPERUSER, password)
            passwords = {role: secrets.token_hex(16) for role in ROLES}
            asyncio.run(provision(admin, passwords))
            ways = urls(admin, passwords)
            for service, way in ways.items():
                migrate(way.owner, SERVICES_FOLDER / service / "migrations", f"{service}_app")
            yield Stage(ways, asyncio.run(_floor_database(admin)), folder)
        finally:
            server.stop()


async def _floor_database(admin: str) -> str:
    place = make_url(admin).set(drivername="postgresql")
    connection = await asyncpg.connect(place.render_as_string(hide_password=False))
    await connection.execute("CREATE DATABASE floor")
    await connection.close()
    floor = place.set(database="floor").render_as_string(hide_password=False)
    connection = await asyncpg.connect(floor)
    await connection.execute(FLOOR_TABLES)
    await connection.close()
    return floor


def sealing(url: str) -> dict[str, Any]:
    """Return the settings that every service needs, with keys of this run."""
    keys = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    return {"database_url": url, "vault_key": next(keys), "index_key": next(keys)}
