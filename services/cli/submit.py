"""`frontdoor submit`: sends referral documents as an agency, each as it is, and prints what became of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.options import DEFAULT_DATA_DIR, Agency, DataDir, RunningPort, progress, running_issuer
from shared.problems import Problem


def submit(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="JSON documents, one referral each.")],
    agency: Agency,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: RunningPort = None,
) -> None:
    """Submit referral documents, one from each file."""
    from services.cli.partner import Partner
    from services.front_door.keys import existing_signing_key

    refused = 0
    with (
        Partner(agency, existing_signing_key(data_dir, agency), running_issuer(data_dir, port)) as partner,
        progress("Submitting", len(files)) as step,
    ):
        for file in files:
            try:
                receipt = partner.submit(_body(file))
            except Problem as problem:
                refused += 1
                step(f"{file}  not submitted  {problem.detail}")
                if problem.slug == "unavailable":
                    break
            else:
                step("\n".join(_lines(file, receipt)))
    if refused:
        raise typer.Exit(1)


def _body(file: Path) -> bytes:
    """Return what is in the file; whether it is a referral, the front door says."""
    from shared.problems import BadRequest

    try:
        return file.read_bytes()
    except OSError as error:
        raise BadRequest(error.strerror or "It cannot be read.") from error


def _lines(file: Path, receipt: dict[str, Any]) -> Iterator[str]:
    call = receipt.get("call_now")
    ring = f"  CALL NOW {call['who']} {call['phone']}" if call else ""
    yield f"{file}  {receipt['reference']}  {receipt['status']}{ring}"
    for warning in receipt["quality"]["warnings"]:
        yield f"{file}  {warning['pointer'] or '/'}: {warning['detail']}"
