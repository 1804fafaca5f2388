"""What is documented is what is there: events, problems, settings, commands."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic_settings import BaseSettings

from services.front_door.settings import Patience
from services.notifications import api as notifications
from services.notifications.settings import Settings as NotificationsSettings
from services.referrals import api as referrals
from services.referrals.domain.questions import CHILD_QUESTIONS, QUESTIONS
from services.referrals.settings import Settings as ReferralsSettings
from services.triage import api as triage
from services.triage.settings import Settings as TriageSettings
from services.triage.thresholds import load_policy, load_vocabulary, run_scenarios
from services.triage.thresholds.verbs import VERBS
from shared.settings.hosts import HostSettings
from shared.settings.rates import RateSettings
from tests.conftest import HUB_FOLDER, ROOT
from tests.house import asyncapi

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
SETTINGS = [ReferralsSettings, TriageSettings, NotificationsSettings, Patience, HostSettings, RateSettings]


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
    """docs/problems.md is what `python -m tests.house.problems` prints, in a process that imported nothing else."""
    page = subprocess.run(
        [sys.executable, "-m", "tests.house.problems"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert (DOCS / "problems.md").read_text() == page.stdout


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_setting_is_explained(settings: type[BaseSettings]) -> None:
    """Each field of a service's settings stands in docs/settings.md with its default and its description."""
    text = (DOCS / "settings.md").read_text()
    for name, field in settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "required" if field.is_required() else "the starter hub" if name == "hub_dir" else f"`{default}`"
        assert f"| `FRONTDOOR_{name.upper()}` | {shown} | {field.description} |" in text


def test_every_question_is_explained() -> None:
    """docs/quality.md gives the pointer, weight and words of each question, and the weights add up to 100."""
    text = (DOCS / "quality.md").read_text()
    asked = [(q.pointer, q.weight, q.ask) for q in QUESTIONS]
    asked += [(f"/children/N{q.pointer}", q.weight, q.ask) for q in CHILD_QUESTIONS]
    assert [row for row in asked if "| `{}` | {} | {} |".format(*row) not in text] == []
    assert sum(weight for _, weight, _ in asked) == 100


def test_the_policy_language_is_explained() -> None:
    """docs/thresholds.md names every type of fact and every verb."""
    text = (DOCS / "thresholds.md").read_text()
    for kind, verbs in VERBS.items():
        assert f"`{kind}`" in text
        assert [verb for verb in verbs if not re.search(rf"`\{{?{verb}[:`]", text)] == []


def test_the_policy_in_the_documents_works(tmp_path: Path) -> None:
    """The example of docs/thresholds.md loads with the starter vocabulary, and its scenario passes."""
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "thresholds.md").read_text(), re.DOTALL)
    path = tmp_path / "policy.yaml"
    path.write_text(example)
    assert run_scenarios(load_policy(path, load_vocabulary(HUB_FOLDER / "facts.yaml"))) == []


def test_no_document_names_a_path_that_is_not_served() -> None:
    """Every /v1 path in a document is a route of one of the three services."""
    application = FastAPI()
    for service in (referrals, triage, notifications):
        application.include_router(service.router)
    served = {re.sub(r"\{\w+\}", "{}", path) for path in application.openapi()["paths"]}
    for page in PAGES:
        for path in re.findall(r"(?<!\w)/v1/[\w/{}$-]+", page.read_text()):
            plain = re.sub(r"\{\w+\}|\$\w+|[0-9a-f-]{36}", "{}", path).rstrip("/")
            assert plain in served, f"{page.name}: {path}"


def test_links_lead_somewhere() -> None:
    """Every relative link of a document leads to a file of the repository."""
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


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
