"""The databases of a front door that runs, for commands that look into them or change them beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.front_door.folder import database_urls
from shared.db import Database, open_database


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[dict[str, Database]]:
    """Yield the databases by service, each as its app role; raises `Unavailable` where no front door runs."""
    databases = {service: open_database(way.app, pool_size=1) for service, way in database_urls(data_dir).items()}
    try:
        yield databases
    finally:
        for db in databases.values():
            await db.close()
