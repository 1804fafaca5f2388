"""`frontdoor hub`: a hub's files, and what a running front door learns: its directory, and where postcodes lie."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir, hub_dir
from shared.problems import BadRequest, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.triage.actions.directory import Import

app = typer.Typer(help="The hub's files, its directory of early help, and its postcodes.", rich_markup_mode=None)
directory = typer.Typer(help="Services of early help and their places.", rich_markup_mode=None)
app.add_typer(directory, name="directory")

T = TypeVar("T")
Slug = Annotated[str, typer.Argument(help="Slug of the service, as `show` prints it.")]


@directory.command("import")
def import_directory(
    file: Annotated[Path, typer.Argument(help="Services of Open Referral UK 3.0, whole, as JSON.")],
    partial: Annotated[
        bool, typer.Option("--partial", help="These are not all services: withdraw none of the others.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Say what would be done, and change nothing.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make this the directory: what it does not hold is withdrawn, what it changes is changed."""
    from services.triage.actions import directory as actions
    from services.triage.domain import DirectoryUnreadable
    from shared.settings.hub import load_hub

    document, indicators = _bytes_of(file), frozenset(load_hub(hub_dir()).code_lists["indicators"].codes)
    act = actions.plan_import if check else actions.import_directory
    with actions.naming(file):
        done = _with_session(data_dir, lambda session: act(session, document, partial=partial, indicators=indicators))
    for remark in (*done.remarks, *_offers_to_nobody(data_dir, done)):
        typer.echo(remark)
    if done.objection:
        raise DirectoryUnreadable(f"{file}: {done.objection}")
    for name in done.withdrawn:
        typer.echo(f"{name}: {'would be ' if check else ''}withdrawn")
    counts = f"{done.offered} of them offered  {len(done.withdrawn)} others withdrawn"
    typer.echo(f"{len(done.listings)} services  {'would be ' if check else ''}imported  {counts}")


@directory.command()
def show(
    service: Annotated[str | None, typer.Argument(help="Slug of a service, for its last twelve months.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show each service with its level, its area and its places; or one service, week by week."""
    from services.triage.queries import directory as queries

    if service is None:
        services, free = _with_session(data_dir, queries.load_directory)
        for one in services:
            where = ",".join(sorted(one.areas | one.councils))
            places = "  ".join(f"{band.key} free {free.get((one.slug, band.key), '-')}" for band in one.age_bands)
            typer.echo(f"{one.slug}  level {one.level}  {where}  {places}")
        for slug in _with_session(data_dir, queries.listed_only):
            typer.echo(f"{slug}  listed, never offered")
        return
    for week in _with_session(data_dir, lambda session: queries.capacity_history(session, service)):
        typer.echo(f"{week.week:%G-W%V}  {week.band}  places {week.places}  taken {week.taken}")


@directory.command()
def capacity(
    service: Slug,
    band: Annotated[str, typer.Argument(help="Band of ages in months, such as unborn-71.")],
    places: Annotated[int, typer.Argument(help="How many children it holds at once.", min=0, max=100_000)],
    week: Annotated[str | None, typer.Option("--week", help="From this week on, as 2026-W48; else from now.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Say how many children of an age band a service holds at once."""
    from services.triage.actions import directory as actions
    from services.triage.queries.directory import this_week

    monday = this_week() if week is None else _monday(week)
    _with_session(data_dir, lambda session: actions.set_capacity(session, service, band, places, monday))
    typer.echo(f"{service}  {band}  {places} places from {monday:%G-W%V}")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of a hub's files; else of the hub's own.")] = None,
) -> None:
    """Say what would keep a front door from starting with these files; the exit status is 0 only where nothing would.

    A front door that runs reads none of them again: what is written there counts from its next start.
    """
    from services.cli.hub_files import complaints_about

    folder = folder or hub_dir()
    complaints = complaints_about(folder)
    for complaint in complaints:
        typer.echo(complaint, err=True)
    if complaints:
        raise typer.Exit(1)
    typer.echo(f"{folder}  is in order")


@app.command("import-postcodes")
def import_postcodes(
    file: Annotated[Path, typer.Argument(help="The ONS Postcode Directory, as CSV or as the ZIP file it comes in.")],
    check: Annotated[bool, typer.Option("--check", help="Say what would be learned, and change nothing.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Learn which council each postcode belongs to, of all districts that reach into the hub's councils."""
    from services.triage.actions import postcodes
    from shared.settings.hub import load_hub

    councils = frozenset(load_hub(hub_dir()).councils)
    if check:
        typer.echo(f"{len(postcodes.read_postcodes(file, councils))} postcodes  would be imported")
        return
    count = _with_session(data_dir, lambda session: postcodes.import_postcodes(session, file, councils))
    typer.echo(f"{count} postcodes  imported")


def _offers_to_nobody(data_dir: Path, done: "Import") -> list[str]:
    """Return a line for each service whose offers no agency could answer, with who may be meant."""
    from services.referrals.queries import list_agencies
    from services.triage.domain.staff import who_is_meant
    from services.triage.routing.open_referral import provider_of, why_never_offered

    agencies = _with_session(data_dir, list_agencies, "referrals")
    names = {
        agency.slug: agency.name
        for agency in agencies
        if agency.disabled_at is None and "early-help:respond" in agency.scopes
    }
    offered = [one.listed for one in done.listings.values() if not why_never_offered(one.listed)]
    providers = {one.name: provider_of(one.organization) for one in offered if one.organization}
    return [
        f"{service}: no agency {provider} answers its offers.{who_is_meant(provider, names)}"
        for service, provider in providers.items()
        if provider not in names
    ]


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read. Give a JSON file.") from error


def _monday(week: str) -> date:
    year, _, number = week.partition("-W")
    try:
        return date.fromisocalendar(int(year), int(number), 1)
    except ValueError:
        raise BadRequest("Write a week as 2026-W48.") from None


def _with_session(data_dir: Path, work: Callable[["AsyncSession"], Awaitable[T]], service: str = "triage") -> T:
    """Return what `work` returns, committed; raises `Unavailable` where the database is away."""
    from shared.db import is_away

    async def run() -> T:
        from services.cli.running import opened
        from shared.db import transaction

        async with opened(data_dir) as databases, transaction(databases[service]) as session:
            return await work(session)

    try:
        return asyncio.run(run())
    except Exception as error:
        if not is_away(error):
            raise
        raise Unavailable("The database of the front door does not answer. Start it, and try again.") from error
