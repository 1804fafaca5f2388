"""The `frontdoor` command: what it knows, and how it tells an error in one line."""

import sys

import typer

from services.cli import agency, dead_letters, hub, policy, staff
from services.cli.demo import demo
from services.cli.migrate import migrate
from services.cli.serve import serve
from services.cli.submit import submit
from services.cli.token import token
from services.cli.trace import trace
from services.cli.up import up
from shared.problems import Problem

app = typer.Typer(
    name="frontdoor",
    help="The front door of children's social care: referrals in, thresholds applied, early help offered.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (up, serve, token, submit, demo, trace, migrate):
    app.command()(command)
for name, commands in (
    ("agency", agency.app),
    ("dead-letters", dead_letters.app),
    ("hub", hub.app),
    ("policy", policy.app),
    ("staff", staff.app),
):
    app.add_typer(commands, name=name)


def main() -> None:
    """Run a command; the exit status is 0 only on success."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="frontdoor", standalone_mode=False) or 0)
    except Problem as problem:
        complaint = problem.detail or problem.title
    except typer.TyperException as error:
        complaint = error.format_message()
    sys.exit(f"frontdoor: {complaint}")


if __name__ == "__main__":
    main()
