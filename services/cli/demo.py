"""`frontdoor demo`: streams synthetic referrals into a running front door, or lives through a month of its own."""

import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir, RunningPort, hub_dir, progress, running_issuer


def demo(
    rate: Annotated[float, typer.Option("--rate", help="Referrals a second.", min=0.01, max=100)] = 2,
    minutes: Annotated[float, typer.Option("--minutes", help="For how long.", min=0.01)] = 5,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same referrals.")] = 1,
    month: Annotated[
        bool, typer.Option("--month", help="Live through a month instead, on a database of its own.")
    ] = False,
    contacts: Annotated[int, typer.Option("--contacts", help="How many, in a month.", min=1)] = 4000,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: RunningPort = None,
) -> None:
    """Stream synthetic referrals into a running front door, or with --month show what became of a month of them."""
    if month:
        _live_through_month(contacts, seed)
    else:
        _stream(rate, minutes, seed, data_dir, port)


def _live_through_month(contacts: int, seed: int) -> None:
    from services.cli.month.contacts import days_of
    from services.cli.month.habits import load_habits
    from services.cli.month.simulation import simulate
    from services.cli.month.table import lines_of
    from shared.problems import Problem
    from shared.telemetry import configure_logging

    configure_logging(logging.ERROR)
    days = days_of(load_habits(hub_dir()).begins)
    with progress("Living", len(days)) as step:
        lived = simulate(contacts, seed, hub_dir(), step)
    for line in lines_of(lived):
        typer.echo(line)
    if lived.broken:
        raise Problem(f"What should not be: {', '.join(lived.broken)}.")


def _stream(rate: float, minutes: float, seed: int, data_dir: Path, port: int | None) -> None:
    from contextlib import ExitStack

    from pydantic_core import to_json

    from services.cli.partner import Partner
    from services.cli.synthetic import load_cast, synthetic_referrals
    from services.front_door.keys import existing_signing_key

    cast = load_cast(hub_dir())
    total = max(1, round(rate * minutes * 60))
    with ExitStack() as stack:
        partners = {
            slug: stack.enter_context(
                Partner(slug, existing_signing_key(data_dir, slug), running_issuer(data_dir, port))
            )
            for slug in cast.referrers
        }
        step = stack.enter_context(progress("Streaming", total))
        started = time.monotonic()
        made = synthetic_referrals(cast, seed, datetime.now(UTC).date())
        for sent, (slug, document) in zip(range(total), made, strict=False):
            time.sleep(max(0.0, started + sent / rate - time.monotonic()))
            receipt = partners[slug].submit(to_json(document))
            step(f"{receipt['reference']}  {slug}  quality {receipt['quality']['score']}")
