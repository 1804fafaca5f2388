"""Holds all files of a hub against what the front door does with them, without one running. Run by `hub check`."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from services.cli.month.habits import load_habits
from services.cli.synthetic import load_cast
from services.front_door.clients import check_agencies
from services.triage.actions.directory import naming, read_listings
from services.triage.app import policy_of
from shared.problems import Problem
from shared.settings.demo import load_demo
from shared.settings.hub import load_hub

OF_THE_DEMO: dict[str, Callable[[Path], Any]] = {
    "demo.yaml": lambda folder: check_agencies(load_demo(folder)),
    "synthetic.yaml": load_cast,
    "month.yaml": load_habits,
}
"""Files that a hub need not have."""


def complaints_about(folder: Path) -> list[str]:
    """Return a sentence for each file that does not fit, with its place; the hub's own file first, for all others."""
    try:
        hub = load_hub(folder)
    except Problem as error:
        return [str(error.detail)]
    checks: list[partial[Any]] = [
        partial(policy_of, folder, hub),
        partial(_check_directory, folder / "directory.json"),
    ]
    checks += [partial(check, folder) for name, check in OF_THE_DEMO.items() if (folder / name).is_file()]
    return list(dict.fromkeys(_complaints(checks)))


def _complaints(checks: list[partial[Any]]) -> Iterator[str]:
    for check in checks:
        try:
            check()
        except Problem as error:
            yield str(error.detail)


def _check_directory(file: Path) -> None:
    with naming(file):
        read_listings(file.read_bytes())
