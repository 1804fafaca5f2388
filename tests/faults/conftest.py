"""The figures of the fault runs: a line when each is known, and a table of all at the end of `make proof`."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.faults.receiver import Receiver, receiving

PROOF = bool(os.environ.get("PROOF"))
"""Whether the long figures are wanted, rather than the smoke of them."""

Report = Callable[[str, object], None]
FIGURES = pytest.StashKey[dict[str, str]]()


@pytest.fixture
def report(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Report:
    """Lend a function that keeps a figure by its name, the last one told, and shows each at once in a long run."""
    figures = request.config.stash.setdefault(FIGURES, {})

    def keep(name: str, measured: object) -> None:
        figures[name] = str(measured)
        if PROOF:
            with capsys.disabled():
                print(f"{name}: {measured}", flush=True)  # noqa: T201 - a line of progress in a run of hours

    return keep


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, {})
    if PROOF and figures:
        terminalreporter.section("figures")
        width = max(map(len, figures))
        for name, measured in figures.items():
            terminalreporter.write_line(f"{name:<{width}}  {measured}")
