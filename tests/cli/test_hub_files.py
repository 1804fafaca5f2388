"""`frontdoor hub check`: one line for each file that would keep a front door from starting, and status 0 for none."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.hub import app
from tests.conftest import HUB_FOLDER
from tests.front_door.hub_in_use import tree_of, written
from tests.hubs import Path as Place
from tests.hubs import changed

OF_THE_DEMO = frozenset({"demo.yaml", "synthetic.yaml", "month.yaml"})


def leave_out(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink()


def _check(folder: Path) -> Result:
    return CliRunner().invoke(app, ["check", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HUB_FOLDER, tmp_path / "hub"))


def test_the_starter_hub_is_in_order() -> None:
    """Every file of the starter hub loads, and fits the others."""
    result = _check(HUB_FOLDER)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{HUB_FOLDER}  is in order\n"


def test_a_hub_without_a_demo_is_in_order(folder: Path) -> None:
    """What only the demo reads need not be there."""
    leave_out(folder, OF_THE_DEMO)
    assert _check(folder).exit_code == 0


@pytest.mark.parametrize(
    ("file", "place", "change", "complaint"),
    [
        ("hub.yaml", ("phones", "emergency"), None, "hub.yaml: phones.emergency: "),
        ("facts.yaml", ("indicators", 0, "factors"), ["99Z"], "indicators: factors: assessment_factor.yaml has no"),
        ("codes/kind.yaml", ("items", 0, "code"), "wish", "kind.yaml: items: request must be there, as in every hub;"),
        ("codes/kind.yaml", ("pattern",), "[a-z]+", "kind.yaml: pattern: this list has no codes but its items"),
        ("policy.yaml", ("route_order", 0), "universal", "policy.yaml:1: "),
        ("demo.yaml", ("agencies", "towcester-primary", "source"), "2Z", "source: referral_source.yaml has no code 2Z"),
        ("demo.yaml", ("agencies", "towcester-primary", "scopes"), ["all"], "agencies: towcester-primary: Its scopes"),
        ("demo.yaml", ("agencies", "towcester_primary"), {}, "demo.yaml: agencies.towcester_primary"),
        ("demo.yaml", ("personas", "referrer"), ["auditor"], "referrers: referrer stands under personas too"),
        ("demo.yaml", ("personas", "screener"), ["referrer"], "people with the role referrer stand under referrers"),
        ("synthetic.yaml", ("languages", 0), "english", "synthetic.yaml: languages: the hub has no code english"),
        ("synthetic.yaml", ("stories", 0, "codes"), ["boredom"], "stories: codes: the hub has no code boredom"),
        ("synthetic.yaml", ("stories", 0, "agency"), "nobody", "synthetic.yaml: referrers: name who"),
        ("synthetic.yaml", ("stories", 0, "text"), "{child}", "write {name} for the child's name"),
        ("synthetic.yaml", ("stories", 0, "ages"), [9, 4], "stories.0.ages: write the lower age first"),
        ("month.yaml", ("arrivals",), {}, "month.yaml: arrivals: say when northampton-general, northants-police,"),
        ("month.yaml", ("staff", "codings"), [["boredom"]], "month.yaml: staff: codings: facts.yaml has no indicator"),
        ("month.yaml", ("staff", "asks"), 1.5, "month.yaml: staff.asks: "),
        ("month.yaml", ("arrivals", "towcester-primary", "hours"), [9, 25], "a day has 24 hours"),
        ("month.yaml", ("providers", "those"), {"x": {"naps": 0.1}}, "those: a provider has no naps"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(folder: Path, file: str, place: Place, change: object, complaint: str) -> None:
    """One line says which file, where in it, and what is wrong or what to write."""
    leave_out(folder, OF_THE_DEMO - {file, "synthetic.yaml" if file == "month.yaml" else file})
    written(folder / file, changed(json.loads(json.dumps(tree_of(folder / file), default=str)), place, change))
    result = _check(folder)
    assert result.exit_code == 1
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_every_file_is_looked_at(folder: Path) -> None:
    """A wrong policy hides neither a wrong directory nor a wrong demo."""
    leave_out(folder, ("synthetic.yaml", "month.yaml"))
    for name in ("policy.yaml", "directory.json", "demo.yaml"):
        (folder / name).write_text("{}")
    lines = _check(folder).stderr.splitlines()
    assert [next(name for name in ("policy", "directory", "demo") if f"{name}." in line) for line in lines] == [
        "policy", "directory", "demo",
    ]  # fmt: skip
    (folder / "directory.json").unlink()
    assert f"{folder / 'directory.json'} cannot be read. A hub without services" in _check(folder).stderr
