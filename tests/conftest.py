"""What the suites share: one throwaway PostgreSQL, and a fresh migrated database for whoever asks."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url
from xdist.scheduler import LoadScopeScheduling

from services.front_door.postgres import temporary_server
from shared.db import Database, open_database, shared_metadata
from shared.migrations import migrate
from shared.settings.hub import Hub, load_hub

ROOT = Path(__file__).parents[1]
HUB_FOLDER = ROOT / "deploy" / "hubs" / "northamptonshire"
EXAMPLES = HUB_FOLDER / "examples"
APP_PASSWORD = "app-password"

LONGEST_FIRST = ("tests/faults", "tests/journeys", "tests/kafka", "tests/browser")
"""What would be waited for at the end by workers who have nothing left to do."""

SHARE_WORLDS = {
    f"tests/journeys/test_{name}.py"
    for name in ("bad_input", "bad_weather", "information", "lane", "one_referral", "partners", "privacy")
}
"""Files whose tests run on front doors in both shapes, which take longer to start than most of these tests."""

SHARE_THEIRS = {"tests/authorisation", "tests/browser", "tests/kafka", "tests/outside"}
"""Folders whose files share a front door, a broker or a browser, which end with the last of them."""

OpenDatabase = Callable[[str], Awaitable[Database]]
Templates = Callable[[str], Awaitable[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""

    def rank(item: pytest.Item) -> int:
        folder = item.nodeid.rsplit("/", 1)[0]
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives each file to one worker, and those that share what runs beside the tests to one too."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(nodeid.split("::", 1)[0])
        folder = file.rsplit("/", 1)[0]
        return "worlds" if file in SHARE_WORLDS else folder if folder in SHARE_THEIRS else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def hub() -> Hub:
    return load_hub(HUB_FOLDER)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Run an empty server of the session's own; the superuser's URL."""
    with temporary_server() as url:
        yield url


@pytest.fixture(scope="session")
def templates(server: str) -> Templates:
    """Make, once a service, a migrated database to copy; `shared` has the shared tables alone."""
    made: dict[str, str] = {}

    async def template(service: str) -> str:
        if service not in made:
            await _execute(server, f"CREATE ROLE \"{service}_app\" LOGIN PASSWORD '{APP_PASSWORD}'")
            await _execute(server, f'CREATE DATABASE "template_{service}"')
            await _fill(_database(server, f"template_{service}"), service)
            made[service] = f"template_{service}"
        return made[service]

    return template


@pytest.fixture
async def open_service(server: str, templates: Templates) -> AsyncIterator[OpenDatabase]:
    """Give fresh databases of a service by its name, opened as its app role."""
    async with fresh_databases(server, templates) as open_fresh:
        yield open_fresh


_emptied: dict[str, list[str]] = {}
"""Databases of each service that a test has left as they were made: emptying one costs a fraction of making one."""
_altered: set[str] = set()

EMPTY = """
DO $$
DECLARE
    filled text;
BEGIN
    SELECT string_agg(oid::regclass::text, ', ') INTO filled FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0;
    IF filled IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || filled || ' CASCADE';
    END IF;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    PERFORM pg_stat_reset();
END
$$
"""
CALLERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
GOODBYE_SECONDS = 2.0


@asynccontextmanager
async def fresh_databases(server: str, templates: Templates) -> AsyncIterator[OpenDatabase]:
    """Take back what was opened at the end; for fixtures that outlive a test."""
    opened: list[tuple[str, str, Database]] = []

    async def open_fresh(service: str) -> Database:
        template, emptied = await templates(service), _emptied.setdefault(service, [])
        if emptied:
            name = emptied.pop()
        else:
            name = f"{service}_{secrets.token_hex(6)}"
            await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        role = make_url(_database(server, name)).set(username=f"{service}_app", password=APP_PASSWORD)
        db = open_database(role.render_as_string(hide_password=False))
        opened.append((service, name, db))
        return db

    yield open_fresh
    for service, name, db in opened:
        await db.close()
        if name not in _altered and await _empty(_database(server, name)):
            _emptied[service].append(name)
        else:
            await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _empty(url: str) -> bool:
    """Leave a database as it was made; False where somebody goes on using it."""
    deadline = time.monotonic() + GOODBYE_SECONDS
    async with _connected(url) as connection:
        while await connection.fetchval(CALLERS):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.005)
        await connection.execute(EMPTY)
    return True


def owner_url(server: str, db: Database) -> str:
    """Return the superuser's URL of a database that `open_service` opened, which nobody is lent after this test."""
    name = db.engine.url.database or ""
    _altered.add(name)
    return _database(server, name)


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the superuser."""
    place = make_url(url)
    connection = await asyncpg.connect(
        host=str(place.query["host"]), user=place.username, password=place.password, database=place.database
    )
    try:
        yield connection
    finally:
        await connection.close()


async def _execute(server: str, statement: str) -> None:
    async with _connected(server) as connection:
        await connection.execute(statement)


async def _fill(url: str, service: str) -> None:
    if service == "shared":
        db = open_database(url)
        async with db.engine.begin() as connection:
            await connection.run_sync(shared_metadata.create_all)
            await connection.exec_driver_sql('GRANT ALL ON ALL TABLES IN SCHEMA public TO "shared_app"')
        await db.close()
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(migrate, url, ROOT / "services" / service / "migrations", f"{service}_app").result()
