"""`frontdoor staff`: who is in the register of a running front door, and who has left."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir, hub_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.triage.models import StaffMember

app = typer.Typer(help="People of the register.", rich_markup_mode=None)

Subject = Annotated[str, typer.Argument(help="Account of the person, as `list` shows it.")]


@app.command("list")
def list_staff(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Show everybody of the register: account, roles, agency, issuer and name."""
    for member in asyncio.run(_people(data_dir)):
        roles = ",".join(member.roles)
        typer.echo(f"{member.subject}  {roles}  {member.agency}  {member.issuer}  {member.name}")


@app.command()
def leave(subject: Subject, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Sign a person out for good; their open cases are on the queue again, and their tokens refused within a minute."""
    returned = asyncio.run(_leave(data_dir, subject))
    typer.echo(f"{subject}  left, {returned} cases back on the queue")


@app.command()
def add(
    subject: Subject,
    name: Annotated[str | None, typer.Option("--name", help="Their name, for people.")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="What they work as; repeat the option.")] = None,
    provider: Annotated[str | None, typer.Option("--issuer", help="Who says who they are.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Take somebody into the register before they first sign in, or again after they had left."""
    asyncio.run(_add(data_dir, subject, issuer=provider, name=name, roles=role or []))
    typer.echo(f"{subject}  in the register")


async def _people(data_dir: Path) -> "Sequence[StaffMember]":
    from services.cli.running import opened
    from services.triage.queries.staff import people
    from shared.db import transaction

    async with opened(data_dir) as databases, transaction(databases["triage"]) as session:
        return await people(session)


async def _leave(data_dir: Path, subject: str) -> int:
    """Take the person out, then give their work back: as two transactions, so that no assignment falls between."""
    from services.cli.running import opened
    from services.triage.actions.register import leave_register, return_duties, return_work
    from shared.db import transaction
    from shared.settings.hub import load_hub

    hub = load_hub(hub_dir())

    async with opened(data_dir) as databases:
        async with transaction(databases["triage"]) as session:
            await leave_register(session, subject)
        total, returned = 0, 1
        while returned:
            async with transaction(databases["triage"]) as session:
                cases = await return_work(session)
                returned = cases + await return_duties(session, hub)
            total += cases
        return total


async def _add(data_dir: Path, subject: str, *, issuer: str | None, name: str | None, roles: list[str]) -> None:
    from services.cli.running import opened
    from services.triage.actions.register import add_person
    from shared.db import transaction
    from shared.problems import BadRequest
    from shared.settings.hub import load_hub

    if subject in load_hub(hub_dir()).teams:
        raise BadRequest(f"{subject} is a team of the hub; give a person's account.")
    async with opened(data_dir) as databases, transaction(databases["triage"]) as session:
        await add_person(session, subject, issuer=issuer, name=name, roles=roles)
