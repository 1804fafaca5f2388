"""`frontdoor policy`: holds a threshold policy against its vocabulary, the lints and its own scenarios."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import hub_dir

if TYPE_CHECKING:
    from services.triage.thresholds import Complaint, Failure, Finding, Policy

app = typer.Typer(help="Threshold policies.", rich_markup_mode=None)


@app.callback()
def policy() -> None:
    """Threshold policies."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The policy, a YAML file.")],
    facts: Annotated[
        Path | None, typer.Option("--facts", help="The vocabulary; else facts.yaml beside the policy, or the hub's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Say everything that is wrong with a policy; the exit status is 0 only where there is nothing."""
    from services.triage.thresholds import PolicyError, lint, load_policy, load_vocabulary, run_scenarios

    complaints: tuple[Complaint, ...] = ()
    findings: list[Finding] = []
    failures: list[Failure] = []
    misfits: list[str] = []
    checked: Policy | None = None
    facts = facts or _vocabulary_for(file)
    try:
        checked = load_policy(file, load_vocabulary(facts))
        findings, failures, misfits = lint(checked), run_scenarios(checked), _misfits(checked, facts.parent)
    except PolicyError as error:
        complaints = error.complaints
    wrong = [*complaints, *findings, *failures, *misfits]
    if as_json:
        typer.echo(json.dumps(_report(checked, complaints, findings, failures, misfits), ensure_ascii=False))
    else:
        for one in wrong:
            typer.echo(str(one), err=True)
        if checked is not None and not wrong:
            typer.echo(_summary(checked))
    if wrong:
        raise typer.Exit(1)


def _vocabulary_for(file: Path) -> Path:
    beside = file.parent / "facts.yaml"
    return beside if beside.is_file() else hub_dir() / "facts.yaml"


def _misfits(checked: "Policy", folder: Path) -> list[str]:
    """Return what does not fit the hub in whose folder the vocabulary lies, nothing where none does."""
    from services.triage.domain import misfits_of
    from shared.settings.hub import load_hub

    return list(misfits_of(checked, load_hub(folder))) if (folder / "hub.yaml").is_file() else []


def _report(
    checked: "Policy | None",
    complaints: "tuple[Complaint, ...]",
    findings: "list[Finding]",
    failures: "list[Failure]",
    misfits: list[str],
) -> dict[str, object]:
    return {
        "ok": not (complaints or findings or failures or misfits),
        "policy": checked.stamp.model_dump() if checked else None,
        "errors": [asdict(one) for one in complaints],
        "findings": [asdict(one) for one in findings],
        "failures": [asdict(one) for one in failures],
        "misfits": misfits,
    }


def _summary(checked: "Policy") -> str:
    document = checked.document
    return (
        f"{document.policy} version {document.version} is in order: {len(document.rules)} rules, "
        f"{len(document.safety_overrides)} safety overrides, {len(document.scenarios)} scenarios pass."
    )
