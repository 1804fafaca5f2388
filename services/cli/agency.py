"""`frontdoor agency`: which agencies may speak to a running front door, and by which keys."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir, hub_dir
from shared.allowances import Allowance, Rate
from shared.problems import BadRequest

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

app = typer.Typer(help="Agencies and their keys.", rich_markup_mode=None)

Slug = Annotated[str, typer.Argument(help="Slug of the agency, such as towcester-primary.")]


@app.command("list")
def list_agencies(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Show every agency: slug, state, source, scopes, the ids of its keys, rates of its own, and its name."""
    from services.referrals import queries

    for agency in _with_session(data_dir, queries.list_agencies):
        state = "disabled" if agency.disabled_at else "enabled"
        scopes, kids = (",".join(listed) or "-" for listed in (agency.scopes, agency.kids))
        rates = " ".join(f"{name}={rate}" for name, rate in sorted(agency.rates.items())) or "-"
        typer.echo(f"{agency.slug}  {state}  {agency.source or '-'}  {scopes}  {kids}  {rates}  {agency.name}")


@app.command()
def register(
    slug: Slug,
    name: Annotated[str, typer.Option("--name", help="Its name, for people.")],
    source: Annotated[str | None, typer.Option("--source", help="DfE code of what it refers, such as 2A.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="What it may ask for; repeat the option.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make an agency known, or change what is known of it."""
    from services.referrals.actions import agencies
    from shared.settings.hub import load_hub

    sources = load_hub(hub_dir()).code_lists["referral_source"]
    if source is not None and not sources.takes(source):
        raise BadRequest(f"The hub has no source {source}. Give one of: {', '.join(sources.codes)}.")
    _with_session(data_dir, lambda s: agencies.register_agency(s, slug, name, source=source, scopes=scope or ()))
    typer.echo(f"{slug}  registered")


@app.command("add-key")
def add_key(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="Its public key, a JWK in a file.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Let an agency prove itself by this key too; its two newest keys are live."""
    from services.referrals.actions import agencies

    try:
        jwk = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadRequest(f"{file} is no JWK that can be read. Give a JSON file with one public key.") from error
    kid = _with_session(data_dir, lambda session: agencies.add_agency_key(session, slug, jwk))
    typer.echo(f"{slug}  {kid}")


@app.command()
def limit(
    slug: Slug,
    allowance: Annotated[Allowance, typer.Argument(help="What is limited.")],
    rate: Annotated[
        str | None, typer.Argument(help="A burst, and how many a second after it: 1000,50. None: as everybody.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Let an agency ask for more, or less, than others in the same time; it holds within a quarter of a minute."""
    from services.referrals.actions import agencies

    try:
        own = rate and Rate.parse(rate)
    except ValueError as error:
        raise BadRequest("Give a burst and how many a second after it, such as 1000,50.") from error
    _with_session(data_dir, lambda session: agencies.limit_agency(session, slug, allowance, own or None))
    typer.echo(f"{slug}  {allowance}  {own or 'as everybody'}")


@app.command()
def disable(slug: Slug, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Shut an agency out: no new tokens, and those it has stop working within a minute."""
    from services.referrals.actions import agencies

    _with_session(data_dir, lambda session: agencies.disable_agency(session, slug))
    typer.echo(f"{slug}  disabled")


@app.command()
def enable(slug: Slug, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Take a disabled agency's keys again."""
    from services.referrals.actions import agencies

    _with_session(data_dir, lambda session: agencies.enable_agency(session, slug))
    typer.echo(f"{slug}  enabled")


def _with_session(data_dir: Path, work: Callable[["AsyncSession"], Awaitable[Any]]) -> Any:
    """Return what `work` returns, committed."""

    async def run() -> Any:
        from services.cli.running import opened
        from shared.db import transaction

        async with opened(data_dir) as databases, transaction(databases["referrals"]) as session:
            return await work(session)

    return asyncio.run(run())
