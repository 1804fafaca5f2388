"""`frontdoor hub`: what it prints, and that its exit status is 0 only where something was done or could be."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.__main__ import main
from services.cli import running
from services.referrals.actions.agencies import register_agency
from shared.db import transaction
from shared.settings.demo import load_demo
from tests.conftest import HUB_FOLDER, OpenDatabase
from tests.triage.directory import LISTINGS

RHYME_TIME = {
    "id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a01",
    "name": "Library rhyme time",
    "status": "active",
    "organization": {"id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a02", "name": "Sample Library"},
}
NEVER = (
    "Library rhyme time: listed and never offered: it has no level of need from 2 to 3; "
    "it names no postcode district and no council; it names no age that a child can have"
)


class Hub:
    """The command beside a database of triage, as somebody types it; returns the exit status and what was printed."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch

    async def __call__(self, *words: str) -> tuple[Any, list[str]]:
        self._monkeypatch.setattr("sys.argv", ["frontdoor", "hub", *words, "--data-dir", str(self._folder)])
        # What tests before this one left running in the background logs to the same output.
        with capture_logs():
            self._capsys.readouterr()
            with pytest.raises(SystemExit) as exited:
                await asyncio.to_thread(main)
        printed = self._capsys.readouterr()
        return exited.value.code, [*printed.out.splitlines(), *printed.err.splitlines()]

    def file(self, content: Any) -> str:
        path = self._folder / "services.json"
        path.write_text(json.dumps(content))
        return str(path)


@pytest.fixture
async def hub(
    tmp_path: Path, open_service: OpenDatabase, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Hub:
    databases = {name: await open_service(name) for name in ("triage", "referrals")}
    ways = {
        name: SimpleNamespace(app=db.engine.url.render_as_string(hide_password=False)) for name, db in databases.items()
    }
    monkeypatch.setattr(running, "database_urls", lambda _: ways)
    async with transaction(databases["referrals"]) as session:
        for slug, agency in load_demo(HUB_FOLDER).agencies.items():
            await register_agency(session, slug, agency.name, source=agency.source, scopes=agency.scopes)
    return Hub(tmp_path, capsys, monkeypatch)


async def test_an_import_says_what_it_does(hub: Hub) -> None:
    """A check changes nothing; an import names what is never offered and what it withdraws, and `show` shows both."""
    whole = hub.file([*LISTINGS, RHYME_TIME])
    counts = "5 of them offered  0 others withdrawn"

    assert await hub("directory", "import", whole, "--check") == (
        0,
        [NEVER, f"6 services  would be imported  {counts}"],
    )
    assert await hub("directory", "show") == (0, [])
    assert await hub("directory", "import", whole) == (0, [NEVER, f"6 services  imported  {counts}"])
    status, shown = await hub("directory", "show")
    assert (status, len(shown), shown[-1]) == (0, 6, "library-rhyme-time  listed, never offered")
    assert await hub("directory", "import", hub.file(LISTINGS)) == (
        0,
        ["Library rhyme time: withdrawn", "5 services  imported  5 of them offered  1 others withdrawn"],
    )


async def test_an_import_says_whose_offers_nobody_answers(hub: Hub) -> None:
    """A service that would be offered by an agency that is not known, with the agency that may be meant."""
    service = {**LISTINGS[0], "organization": {**LISTINGS[0]["organization"], "name": "Towcester Familly Hub"}}
    service["organization"].pop("organization_identifiers", None)
    near = "towcester-family-hub or kettering-family-hub or wellingborough-family-hub"
    line = f"no agency towcester-familly-hub answers its offers. Is it {near}?"

    _, printed = await hub("directory", "import", hub.file([service, *LISTINGS[1:]]))
    assert [one for one in printed if "answers its offers" in one] == [f"{service['name']}: {line}"]


async def test_a_page_of_many_is_refused(hub: Hub) -> None:
    """Also by a check, with what would be withdrawn; as a part it is imported."""
    await hub("directory", "import", str(HUB_FOLDER / "directory.json"))
    page = hub.file({"total_items": 9, "total_pages": 3, "page_number": 1, "size": 1, "contents": [RHYME_TIME]})
    refusal = (
        f"frontdoor: {page}: This is page 1 of 3, with 1 of 9 services. It would withdraw 5: Kettering Family Hub, "
        "Northampton Family Hub, Towcester Family Hub, Trust Targeted Support, Wellingborough Family Hub. "
        "Give the whole directory, or say --partial, which withdraws nothing."
    )

    assert await hub("directory", "import", page) == (refusal, [])
    assert await hub("directory", "import", page, "--check") == (refusal, [NEVER])
    assert (await hub("directory", "import", page, "--partial"))[0] == 0
    assert len((await hub("directory", "show"))[1]) == 6


@pytest.mark.parametrize("content", [{}, "services", [1], [{}], [{**RHYME_TIME, "id": 7}]])
async def test_what_is_no_directory_is_refused_in_one_line(hub: Hub, content: Any) -> None:
    """The complaint names the file and nothing is imported."""
    file = hub.file(content)
    status, printed = await hub("directory", "import", file)
    assert status.startswith(f"frontdoor: {file}: ")
    assert "\n" not in status
    assert printed == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("towcester-family-hub", "unborn-71", "9999999999"), "less than or equal to 100000"),
        (("towcester-family-hub", "unborn-71", "-1"), "-1"),
        (("towcester-family-hub", "unborn-71", "3", "--week", "2026-W54"), "Write a week as 2026-W48."),
        (("towcester-family-hub", "0-1", "3"), "Name one of unborn-71, 72-239."),
        (("nowhere", "unborn-71", "3"), "Name a service as `frontdoor hub directory show` does."),
    ],
)
async def test_places_that_cannot_be_are_refused_in_one_line(hub: Hub, words: Any, complaint: str) -> None:
    """A number beyond all children, a week that no year has, a band or a service that is not there."""
    await hub("directory", "import", str(HUB_FOLDER / "directory.json"))
    status, _ = await hub("directory", "capacity", *words)
    assert complaint in status
    assert "\n" not in status


async def test_postcodes_are_counted_before_they_are_learned(hub: Hub, tmp_path: Path) -> None:
    """A check of the postcodes says how many; without the columns it says which were looked for."""
    file = tmp_path / "ons.csv"
    file.write_text("pcds,lad25cd,doterm\nNN6 7AA,E06000062,\n")

    assert await hub("import-postcodes", str(file), "--check") == (0, ["1 postcodes  would be imported"])
    assert await hub("import-postcodes", str(file)) == (0, ["1 postcodes  imported"])
    file.write_text("pcds\n")
    status, printed = await hub("import-postcodes", str(file))
    assert status.startswith(f"frontdoor: {file} lacks a column: oslaua")
    assert printed == []
