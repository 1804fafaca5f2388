"""A simulated month through the real services: who is helped, who waits, and whether anybody or anything is lost."""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog

from services.cli.month.figures import Month
from services.cli.month.simulation import simulate
from services.cli.month.table import lines_of
from tests.conftest import HUB_FOLDER

PROOF = bool(os.environ.get("PROOF"))
CONTACTS = 4_000 if PROOF else 120
SHORT = 12
ANSWERED = (
    "help started or closed with a result",
    "a person's decision",
    "a person's decision, no service free or fitting",
    "still running inside its time",
)


def _lived(contacts: int, seed: int) -> Month:
    return simulate(contacts, seed, HUB_FOLDER, lambda _: None)


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Leave out thousands of lines about requests."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def month() -> Month:
    return _lived(CONTACTS, 1)


def test_everybody_and_everything_is_accounted_for(month: Month, capsys: pytest.CaptureFixture[str]) -> None:
    """Each accepted contact is stored once and is one case in sight, and no clock ran out in silence."""
    with capsys.disabled():
        print(*(["", *lines_of(month)] if PROOF else []), sep="\n")  # noqa: T201 - the table of a long run
    assert month.broken == {}
    assert month.contacts == CONTACTS
    assert sum(figure.count for figure in month.sections["Contacts by status"]) == CONTACTS


def test_families_below_the_threshold_are_answered(month: Month) -> None:
    """At least 99 in 100 have help that started, a person's decision, or a clock that still runs."""
    figures = month.sections["Below-threshold families"]
    answered = sum(figure.count for figure in figures if figure.name in ANSWERED)
    assert answered >= 0.99 * sum(figure.count for figure in figures) > 0


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("Routes", "automatic, confirmed by a person"),
        ("Offers by state", "started"),
        ("Offers by state", "bounced"),
        ("Offers by state", "declined"),
        ("Unmet need of children", "full"),
        ("Of all contacts", "re-referral of a known family"),
        ("Of all contacts", "reopened"),
        ("Of all contacts", "a partner was asked"),
        ("Below-threshold families", ANSWERED[0]),
    ],
)
def test_the_month_has_what_a_month_has(month: Month, section: str, name: str) -> None:
    """Routes, silence, refusals, full services and families that come back all happen, or the rest shows nothing."""
    assert month.figure(section, name).count > 0


def test_the_same_seed_gives_the_same_month() -> None:
    """Two months of one seed end with the same figures, every one of them."""
    assert _lived(SHORT, 7).sections == _lived(SHORT, 7).sections


def test_a_silent_clock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clocks run out and warn nobody, the month says that a promise is broken."""

    async def say_nothing(*_: object) -> None:
        return

    monkeypatch.setattr("services.triage.actions.take_steps._warn_staff", say_nothing)
    assert "clocks that ran out and said nothing" in _lived(2 * SHORT, 1).broken
