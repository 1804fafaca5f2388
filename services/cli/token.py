"""`frontdoor token`: an access token for curl, of an agency through `/oauth/token`, or of a demo persona."""

import os
from typing import Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir, RunningPort, hub_dir, running_issuer


def token(
    *,
    agency: Annotated[str | None, typer.Option("--agency", help="Slug of the agency.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Scopes to ask for; all where absent.")] = None,
    staff: Annotated[str | None, typer.Option("--staff", help="Persona of the demo, such as screener.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: RunningPort = None,
) -> None:
    """Print an access token of an agency, or of demo staff."""
    if (agency is None) == (staff is None):
        raise typer.BadParameter("give either --agency or --staff")
    from services.front_door.keys import existing_signing_key

    if agency is not None:
        from services.cli.partner import Partner

        key = existing_signing_key(data_dir, agency)
        with Partner(agency, key, running_issuer(data_dir, port), " ".join(scope) if scope else None) as partner:
            typer.echo(partner.token())
        return
    from services.front_door.demo import persona_token, refuse_in_production

    refuse_in_production(os.environ.get("FRONTDOOR_PROFILE", ""))
    typer.echo(persona_token(staff or "", data_dir, hub_dir(), running_issuer(data_dir, port)))
