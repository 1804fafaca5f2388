"""`frontdoor migrate`: brings the three databases to what this release needs, without serving anything."""

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir


def migrate(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Bring the databases up to date; `up` does so by itself."""
    from services.front_door.folder import held, migrated, running_server

    with held(data_dir), running_server(data_dir) as admin_url:
        for service in migrated(data_dir, admin_url):
            typer.echo(f"{service}  up to date")
