"""`frontdoor dead-letters`: events that a consumer could not take, to be tried again or dropped."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from shared.problems import NotFound

app = typer.Typer(help="Events that a consumer could not take.", rich_markup_mode=None)

Letter = Annotated[UUID, typer.Argument(help="Id of the dead letter, as `list` shows it.")]


@app.command("list")
def list_letters(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Show every letter: id, consumer, state, time, event type, subject (a referral's id) and what was wrong."""
    for line in asyncio.run(_lines(data_dir)):
        typer.echo(line)


@app.command()
def replay(letter: Letter, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Have a dead letter tried again by the running front door."""
    asyncio.run(_mark(data_dir, letter, "replay"))
    typer.echo(f"{letter}  will be tried again")


@app.command()
def drop(letter: Letter, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Give a dead letter up; it stays on record as dropped."""
    asyncio.run(_mark(data_dir, letter, "dropped"))
    typer.echo(f"{letter}  dropped")


async def _lines(data_dir: Path) -> list[str]:
    from sqlalchemy import select

    from services.cli.running import opened
    from shared.db import transaction
    from shared.inbox import dead_letters

    lines: list[str] = []
    async with opened(data_dir) as databases:
        for db in databases.values():
            async with transaction(db) as session:
                rows = await session.execute(select(dead_letters).order_by(dead_letters.c.died_at))
            lines += [
                f"{row.id}  {row.reader}  {row.state}  {row.died_at:%Y-%m-%dT%H:%M:%SZ}  "
                f"{row.headers.get('ce_type', 'no type')}  {row.headers.get('ce_subject', 'no subject')}  {row.error}"
                for row in rows
            ]
    return lines


async def _mark(data_dir: Path, letter: UUID, state: str) -> None:
    from services.cli.running import opened
    from shared.db import transaction
    from shared.inbox import mark_dead_letter

    async with opened(data_dir) as databases:
        for db in databases.values():
            async with transaction(db) as session:
                if await mark_dead_letter(session, letter, state):
                    return
    raise NotFound("There is no dead letter of this id that waits. See `frontdoor dead-letters list`.")
