"""Pictures of the pages for the documents, taken by the tests: with PICTURES=1 they replace those in docs/pictures."""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import Open, example, submitted
from tests.conftest import ROOT
from tests.journeys.conftest import World

PLACE = ROOT / "docs" / "pictures"
PATHS = {"queue": "/desk?queue=all", "case": "", "coding": "/facts", "decision": "/decision"}


def test_pictures_of_the_pages(world: World, open_as: Open, tmp_path: Path) -> None:
    """Queue, case, coding and decision are drawn; the documents have a picture of each."""
    place = PLACE if os.environ.get("PICTURES") else tmp_path
    for number in ("10", "03", "05"):
        submitted(world, example(number))
    case = submitted(world, example("02"))
    page = open_as("manager")
    for name, path in PATHS.items():
        page.goto(path if path.startswith("/desk") else f"{case}{path}")
        page.screenshot(path=place / f"{name}.png", animations="disabled")
        assert (place / f"{name}.png").stat().st_size > 20_000
    assert {picture.stem for picture in PLACE.glob("*.png")} == set(PATHS)


@pytest.mark.parametrize("name", PATHS)
def test_every_picture_is_shown(name: str) -> None:
    """A picture that no document shows would grow old unseen."""
    shown = (ROOT / "docs" / "pages.md").read_text() + (ROOT / "README.md").read_text()
    assert f"pictures/{name}.png" in shown
