"""What is documented is what is there: events, problems, settings, commands."""

import copy
import re
import subprocess

import pytest

from services.notifications.settings import Settings as NotificationsSettings
from services.referrals.settings import Settings as ReferralsSettings
from services.triage.settings import Settings as TriageSettings
from shared.http.rendering import problems_page
from tests.conftest import ROOT
from tests.house import asyncapi

DOCS = ROOT / "docs"
SETTINGS = [ReferralsSettings, TriageSettings, NotificationsSettings]


def test_asyncapi_is_generated_from_the_events() -> None:
    """docs/asyncapi.json and the schemas are what `python -m tests.house.asyncapi` writes."""
    assert asyncapi.ASYNCAPI.read_text() == asyncapi.as_text(asyncapi.document())
    committed = {path.stem: path.read_text() for path in asyncapi.SCHEMAS.glob("*.json")}
    assert committed == {name: asyncapi.as_text(schema) for name, schema in asyncapi.schemas().items()}


def test_a_published_event_may_only_gain_optional_fields() -> None:
    """A field that goes, changes or becomes required breaks a version; an optional one does not."""
    published = next(iter(asyncapi.schemas().values()))
    gone, changed, required, gained = (copy.deepcopy(published) for _ in range(4))
    del gone["properties"]["reference"]
    changed["properties"]["reference"]["type"] = "integer"
    required["properties"]["more"] = {"type": "string"}
    required["required"].append("more")
    gained["properties"]["more"] = {"type": "string"}
    assert asyncapi.breaks(published, gone) == ["reference is gone"]
    assert asyncapi.breaks(published, changed) == ["reference changed"]
    assert asyncapi.breaks(published, required) == ["more is newly required"]
    assert asyncapi.breaks(published, gained) == []


def test_every_event_is_explained() -> None:
    """docs/events.md names every event type."""
    text = (DOCS / "events.md").read_text()
    assert [name for name in asyncapi.schemas() if f"`{name}`" not in text] == []


def test_every_problem_is_explained() -> None:
    """docs/problems.md is the page that the running system serves."""
    assert (DOCS / "problems.md").read_text() == problems_page()


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_setting_is_explained(settings: type[ReferralsSettings]) -> None:
    """Each field of a service's settings stands in docs/settings.md with its description."""
    text = (DOCS / "settings.md").read_text()
    for name, field in settings.model_fields.items():
        assert f"`FRONTDOOR_{name.upper()}`" in text
        assert field.description
        assert field.description in text


def test_no_variable_is_read_that_is_not_explained() -> None:
    """Every FRONTDOOR_* name in code, Makefile and documents stands in docs/settings.md."""
    listed = set(re.findall(r"`(FRONTDOOR_[A-Z_]+)`", (DOCS / "settings.md").read_text()))
    named: set[str] = set()
    for path in [
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
        *(ROOT / "services").rglob("*.py"),
        *(ROOT / "shared").rglob("*.py"),
    ]:
        named |= set(re.findall(r"FRONTDOOR_[A-Z_]*[A-Z]", path.read_text()))
    assert named - listed == set()


def test_adrs_are_short_and_complete() -> None:
    """An ADR has at most 40 lines and says context, decision, consequences and alternatives."""
    adrs = sorted((DOCS / "adr").glob("*.md"))
    assert len(adrs) >= 7
    for adr in adrs:
        lines = adr.read_text().splitlines()
        assert len(lines) <= 40
        headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"]


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    return listed.stdout.splitlines()


def test_no_file_names_a_registry_or_a_machine() -> None:
    """No committed file holds a registry's host or a path of somebody's machine."""
    here = __file__.rpartition("/")[2]
    telling = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|repo1?\.maven|/(?:root|home)/[a-z]|/work/[a-z]")
    found = [
        name
        for name in _tracked()
        if not name.endswith(here) and telling.search((ROOT / name).read_text(errors="replace"))
    ]
    assert found == []


def test_fixtures_use_synthetic_nhs_numbers_only() -> None:
    """Every NHS number in an example begins with 9, the range kept for tests."""
    for path in (ROOT / "deploy").rglob("*.json"):
        for number in re.findall(r'"nhs_number":\s*"(\d+)"', path.read_text()):
            assert number.startswith("9"), path.name
