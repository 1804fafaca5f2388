"""Writes docs/performance.md: the table of what was measured, and under it the remarks that are kept by hand."""

import importlib.metadata
import os
import platform
from typing import Final

from tests.bench.rows import ROUNDS, Figures, Row
from tests.conftest import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
REMARKS: Final = "## Remarks\n"
LIBRARIES: Final = ("fastapi", "uvicorn", "sqlalchemy", "asyncpg", "pydantic", "aiohttp", "aiokafka")
HEAD: Final = ("row", "ours", "floor", "ratio, median (spread)", "goal")


def write_page(row: Row | Figures) -> None:
    """Put a row into the page, in place of what it said of it before; other rows and the remarks stay."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else REMARKS
    kept, _, remarks = before.partition(REMARKS)
    lines = {line.split("|")[1].strip(): line for line in kept.splitlines() if line.startswith("| ")}
    lines |= {line[0]: f"| {' | '.join(line)} |" for line in row.table}
    lines.pop(HEAD[0], None)
    notes = dict(line.removeprefix("- ").split(": ", 1) for line in kept.splitlines() if line.startswith("- "))
    notes |= {f"**{row.name}**": row.note}
    PAGE.write_text(
        "\n".join(
            [
                *("# Performance", "", _introduction(), ""),
                *(f"| {' | '.join(HEAD)} |", "|---|---|---|---|---|", *lines.values(), ""),
                *("What the rows do:", "", *(f"- {name}: {note}" for name, note in notes.items()), ""),
                REMARKS + remarks,
            ]
        ),
        encoding="utf-8",
    )


def _introduction() -> str:
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    load = f"{os.getloadavg()[0]:.1f}"
    return (
        f"Written by `make bench`. Both sides of a row take turns in one run, {ROUNDS} each after a warm-up: only the "
        f"ratios mean something, since machines differ and this one may have been busy.\n\n"
        f"Last run on {os.cpu_count()} cores (load {load} at its end), Python {platform.python_version()}, "
        f"PostgreSQL 18, {libraries}."
    )
