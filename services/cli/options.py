"""What several commands take and say alike: where the front door is, and progress for people or for logs."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", envvar="FRONTDOOR_DATA_DIR", help="Folder of keys and database.", resolve_path=True),
]
Port = Annotated[int, typer.Option("--port", envvar="FRONTDOOR_PORT", help="Port of the front door.", min=1, max=65535)]
RunningPort = Annotated[
    int | None,
    typer.Option(
        "--port",
        envvar="FRONTDOOR_PORT",
        help="Port of the front door; by default its data folder's.",
        min=1,
        max=65535,
    ),
]
Agency = Annotated[str, typer.Option("--agency", help="Slug of the agency, such as towcester-primary.")]

DEFAULT_DATA_DIR = Path(".frontdoor")
DEFAULT_PORT = 8000


def issuer(port: int) -> str:
    """Return the issuer of access tokens, which is also the audience and where the front door answers."""
    return os.environ.get("FRONTDOOR_ISSUER", f"http://localhost:{port}")


def running_issuer(data_dir: Path, port: int | None) -> str:
    """Return the issuer of the front door that runs on this folder, or on this port where one is named."""
    from services.front_door.folder import port_of

    return issuer(port or port_of(data_dir) or DEFAULT_PORT)


def hub_dir() -> Path:
    """Return the folder of the hub's data."""
    from shared.settings.environment import STARTER_HUB

    return Path(os.environ.get("FRONTDOOR_HUB_DIR", STARTER_HUB))


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Yield what takes the line of each finished step: above a bar on a terminal, plainly elsewhere."""
    if not sys.stdout.isatty():
        yield typer.echo
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task(title, total=total)

        def step(line: str) -> None:
            bar.console.print(line, markup=False, highlight=False)
            bar.advance(task)

        yield step
