"""The data folder of an installation: who holds it, and the way to the databases that belong to it.

Used by `frontdoor up`, which alone may hold it, and by the commands that read beside it.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.front_door import keys, postgres
from services.front_door.databases import ROLES, SERVICES, DatabaseUrls, provision, urls
from shared.migrations import migrate
from shared.problems import Problem, Unavailable

SERVICES_FOLDER: Final = Path(__file__).parents[1]
EXTERNAL_URL: Final = "FRONTDOOR_DATABASE_URL"


class DataFolderHeld(Problem):
    """Another `frontdoor up` runs on this data folder."""

    title, status, slug = "The data folder is in use", 409, "data-folder-held"


@contextlib.contextmanager
def held(data_dir: Path, port: int | None = None) -> Iterator[None]:
    """Hold the folder, and write down on which port; raises `DataFolderHeld` where somebody holds it already.

    The kernel lets go when the holder dies.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode().partition("\n")[0]
            raise DataFolderHeld(
                f"A front door already runs on {data_dir} (process {holder}). Stop it, or give another --data-dir."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n{port or ''}".encode())
        yield
    finally:
        os.close(descriptor)


def port_of(data_dir: Path) -> int | None:
    """Return the port of the front door that runs on this folder, or ran there last; None where none ever did."""
    with contextlib.suppress(OSError, ValueError):
        return int((data_dir / "lock").read_text().partition("\n")[2])
    return None


@contextlib.contextmanager
def running_server(data_dir: Path) -> Iterator[str]:
    """Yield the URL that may make roles and databases: of the server given, or of our own, stopped afterwards."""
    if external := os.environ.get(EXTERNAL_URL):
        yield external
        return
    for service in SERVICES:
        keys.sealing_keys(data_dir, service)
    password = keys.superuser_password(data_dir)
    server = postgres.start(data_dir / "postgres", password)
    try:
        yield postgres.url(server.folder, postgres.SUPERUSER, password)
    finally:
        server.stop()


def migrated(data_dir: Path, admin_url: str) -> dict[str, DatabaseUrls]:
    """Bring roles, databases and tables to what this release needs; returns the ways into them by service."""
    passwords = keys.passwords(data_dir, ROLES)
    asyncio.run(provision(admin_url, passwords))
    ways = urls(admin_url, passwords)
    for service, way in ways.items():
        migrate(way.owner, SERVICES_FOLDER / service / "migrations", f"{service}_app")
    return ways


def database_urls(data_dir: Path) -> dict[str, DatabaseUrls]:
    """Return the ways into the databases of a front door that runs; raises `Unavailable` where none does."""
    admin_url = os.environ.get(EXTERNAL_URL)
    if admin_url is None:
        folder = data_dir / "postgres"
        if not postgres.listening(folder):
            raise Unavailable(f"No front door runs on {data_dir}. Start it with `frontdoor up`, or give --data-dir.")
        admin_url = postgres.url(folder, postgres.SUPERUSER, "")
    return urls(admin_url, keys.passwords(data_dir, ROLES))
