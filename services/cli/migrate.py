"""`frontdoor migrate`: brings databases and topics to what this release needs, without serving anything."""

import os
from typing import Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir, hub_dir
from services.front_door.parts import ServiceName
from shared.problems import BadRequest

Chosen = Annotated[ServiceName | None, typer.Argument(help="One service, by its owner's URL; all where absent.")]


def migrate(service: Chosen = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Bring databases up to date, and make Kafka's topics where FRONTDOOR_KAFKA is set; `up` does so by itself."""
    from services.front_door.demo import is_demo
    from services.front_door.folder import EXTERNAL_URL, SERVICES_FOLDER, held, migrated, running_server
    from services.front_door.installation import make_topics, prepare_services
    from shared.migrations import migrate as migrate_one

    if service is None:
        with held(data_dir), running_server(data_dir) as admin_url:
            ways = migrated(data_dir, admin_url)
            if EXTERNAL_URL in os.environ:
                prepare_services(data_dir, ways, hub_dir() if is_demo() else None)
    else:
        migrate_one(_owner_url(service), SERVICES_FOLDER / service / "migrations", f"{service}_app")
    for name in (service,) if service else ServiceName:
        typer.echo(f"{name}  up to date")
    for topic in make_topics():
        typer.echo(f"{topic}  made")


def _owner_url(service: ServiceName) -> str:
    if url := os.environ.get("FRONTDOOR_DATABASE_URL"):
        return url
    raise BadRequest(f"Set FRONTDOOR_DATABASE_URL to the database of {service}, as the role that owns it.")
