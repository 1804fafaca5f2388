"""`frontdoor up`: the whole front door in one process on one port."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DEFAULT_PORT, DataDir, Port, hub_dir, issuer

if TYPE_CHECKING:
    from fastapi import FastAPI


def up(
    *,
    port: Port = DEFAULT_PORT,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    demo: Annotated[bool, typer.Option("--demo", help="Known agencies and staff, for trying it out.")] = False,
) -> None:
    """Serve the whole front door; Ctrl-C stops it."""
    from services.front_door.demo import refuse_in_production
    from services.front_door.folder import held, running_server
    from services.front_door.server import serve, taken_socket
    from services.front_door.settings import Patience
    from shared.telemetry import configure_logging

    if demo:
        refuse_in_production(os.environ.get("FRONTDOOR_PROFILE", ""))
    configure_logging()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    with held(data_dir, port), taken_socket(port) as bound, running_server(data_dir) as admin_url:
        application = _application(data_dir, admin_url, issuer(port), demo=demo)
        served = serve(application, bound, lambda: typer.echo(_ready(port, demo=demo)), Patience())
    if not served:
        raise typer.Exit(1)


def _application(data_dir: Path, admin_url: str, issuer_url: str, *, demo: bool) -> "FastAPI":
    from services.front_door.app import build
    from services.front_door.clients import register_clients
    from services.front_door.folder import migrated
    from services.front_door.installation import make_topics
    from shared.settings.demo import load_demo

    places = migrated(data_dir, admin_url)
    make_topics()
    asyncio.run(register_clients(places["referrals"], data_dir, load_demo(hub_dir()) if demo else None))
    return build(places, data_dir, issuer_url, demo=demo, kafka=os.environ.get("FRONTDOOR_KAFKA"))


def _ready(port: int, *, demo: bool) -> str:
    ready = f"The front door is open at http://localhost:{port} (documentation: /docs)."
    warning = " DEMO: known keys, sign-in without a password, and webhooks to this machine are allowed."
    return ready + warning if demo else ready
