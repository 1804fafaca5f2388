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
    checked: Policy | None = None
    try:
        checked = load_policy(file, load_vocabulary(facts or _vocabulary_for(file)))
        findings, failures = lint(checked), run_scenarios(checked)
    except PolicyError as error:
        complaints = error.complaints
    wrong = [*complaints, *findings, *failures]
    if as_json:
        typer.echo(json.dumps(_report(checked, complaints, findings, failures), ensure_ascii=False))
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


def _report(
    checked: "Policy | None",
    complaints: "tuple[Complaint, ...]",
    findings: "list[Finding]",
    failures: "list[Failure]",
) -> dict[str, object]:
    return {
        "ok": not (complaints or findings or failures),
        "policy": checked.stamp.model_dump() if checked else None,
        "errors": [asdict(one) for one in complaints],
        "findings": [asdict(one) for one in findings],
        "failures": [asdict(one) for one in failures],
    }


def _summary(checked: "Policy") -> str:
    document = checked.document
    return (
        f"{document.policy} version {document.version} is in order: {len(document.rules)} rules, "
        f"{len(document.safety_overrides)} safety overrides, {len(document.scenarios)} scenarios pass."
    )
