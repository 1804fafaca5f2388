"""`frontdoor demo`: streams synthetic referrals into a running front door."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DEFAULT_PORT, DataDir, Port, hub_dir, issuer, progress


def demo(
    rate: Annotated[float, typer.Option("--rate", help="Referrals a second.", min=0.01, max=100)] = 2,
    minutes: Annotated[float, typer.Option("--minutes", help="For how long.", min=0.01)] = 5,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same referrals.")] = 1,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: Port = DEFAULT_PORT,
) -> None:
    """Stream synthetic referrals into a running front door."""
    from contextlib import ExitStack

    from services.cli.partner import Partner
    from services.cli.synthetic import load_cast, synthetic_referrals
    from services.front_door.keys import existing_signing_key

    cast = load_cast(hub_dir() / "synthetic.yaml")
    total = max(1, round(rate * minutes * 60))
    with ExitStack() as stack:
        partners = {
            slug: stack.enter_context(Partner(slug, existing_signing_key(data_dir, slug), issuer(port)))
            for slug in cast.referrers
        }
        step = stack.enter_context(progress("Streaming", total))
        started = time.monotonic()
        made = synthetic_referrals(cast, seed, datetime.now(UTC).date())
        for sent, (slug, document) in zip(range(total), made, strict=False):
            time.sleep(max(0.0, started + sent / rate - time.monotonic()))
            receipt = partners[slug].submit(document)
            step(f"{receipt['reference']}  {slug}  quality {receipt['quality']['score']}")
