"""`frontdoor serve`: one service, or a part of it, in a process of its own, with PostgreSQL and Kafka."""

import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from services.front_door.parts import Part, ServiceName

if TYPE_CHECKING:
    from pydantic import ValidationError

PORTS = {ServiceName.REFERRALS: 8001, ServiceName.TRIAGE: 8002, ServiceName.NOTIFICATIONS: 8003}


def serve(
    service: Annotated[ServiceName, typer.Argument(help="Which of the three.")],
    *,
    only: Annotated[list[Part] | None, typer.Option("--only", help="A part of it; all where absent.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", envvar="FRONTDOOR_PORT", help="8001, 8002 or 8003 where absent.")
    ] = None,
) -> None:
    """Serve one service; SIGTERM lets it finish what is in flight."""
    from pydantic import ValidationError

    from services.front_door.installation import read_settings
    from services.front_door.microservice import build
    from services.front_door.server import serve as serve_application
    from services.front_door.server import taken_socket
    from services.front_door.settings import Patience, ServeSettings
    from shared.telemetry import configure_logging

    configure_logging()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    read_settings()
    parts = list(only or Part)
    chosen = PORTS[service] if port is None else port
    try:
        settings, patience = ServeSettings(), Patience()
        instance = settings.instance or f"{socket.gethostname()}-{chosen}"
        application = build(service, parts, settings, instance)
    except ValidationError as error:
        raise typer.BadParameter(_complaint(error)) from None
    ready = f"{service} is open at http://{settings.host}:{chosen} ({', '.join(parts)})."
    with taken_socket(chosen, settings.host) as bound:
        served = serve_application(
            application, bound, lambda: typer.echo(ready), patience, drain_seconds=settings.drain_seconds
        )
    if not served:
        raise typer.Exit(1)


def _complaint(error: "ValidationError") -> str:
    """Say which settings are missing or wrong, without their values."""
    faults = error.errors(include_input=False, include_url=False)
    named = [f"FRONTDOOR_{str(fault['loc'][0]).upper()} ({fault['msg']})" for fault in faults if fault["loc"]]
    general = [fault["msg"] for fault in faults if not fault["loc"]]
    return f"set {'; '.join([*named, *general])}. See docs/settings.md."
