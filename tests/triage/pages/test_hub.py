"""A hub as poor as one may be, and files that change under a front door that runs."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from services.triage.app import build
from services.triage.domain import PolicyUnreadable
from services.triage.settings import Settings
from shared.settings.codes import CODE_LISTS
from shared.settings.environment import Profile
from shared.settings.files import HubUnreadable
from shared.settings.hub import load_hub
from tests.conftest import EXAMPLES, HUB_FOLDER, OpenDatabase
from tests.fakes import ISSUER, as_partner
from tests.front_door.hub_in_use import tree_of, written
from tests.triage.conftest import SOCIAL_WORKER, Front, example, opened
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn
from tests.triage.test_decisions import decision

CHECKER = as_partner("towcester-primary", "thresholds:check")
OPTIONAL = ("closed_days", "open_days", "no_cases", "webhooks")
UNCODED = {"children": [{}], "concern": {"immediate_danger": "yes"}}
PATHS = ("/desk", "/desk/oversight", "/desk/handover", "/desk/policy", "/desk/early-help", "/desk/partners")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HUB_FOLDER, tmp_path / "hub"))


@pytest.fixture
async def front(open_service: OpenDatabase, folder: Path) -> AsyncIterator[Front]:
    """Give triage with a hub that says no more than it must."""
    impoverish(folder)
    async with opened(open_service, load_hub(folder), hub_dir=folder, profile=Profile.DEMO) as front:
        front.referrals.details["/internal/agencies/referring"] = {"agencies": {}}
        yield front


def impoverish(folder: Path) -> None:
    """Leave out of a hub's files all that need not be there."""
    hub = {name: part for name, part in tree_of(folder / "hub.yaml").items() if name not in OPTIONAL}
    hub["clocks"].pop("soon_before")
    hub |= {
        "opening_hours": {"wed": ["00:00", "01:00"]},
        "districts": {},
        "parallel_routes": {route: {"owner": duty["owner"]} for route, duty in hub["parallel_routes"].items()},
        "challenge": {"stages": hub["challenge"]["stages"][:1]},
        "kept_for_known_worker_minutes": 0,
        **{name: {"section_17_assessment": "Read."} for name in ("feedback", "next_step")},
    }
    written(folder / "hub.yaml", hub)
    written(folder / "policy.yaml", poorest_policy(tree_of(folder / "policy.yaml")))
    facts = tree_of(folder / "facts.yaml")
    written(folder / "facts.yaml", facts | {"indicators": [{**facts["indicators"][0], "factors": []}]})
    demo = tree_of(folder / "demo.yaml")
    written(folder / "demo.yaml", {"agencies": {}, "personas": demo["personas"]})
    written(folder / "directory.json", [])
    for name, known in CODE_LISTS.items():
        codes = tree_of(folder / "codes" / f"{name}.yaml")
        kept = [item for item in codes["items"] if item["code"] in known.split()] or codes["items"][:1]
        written(folder / "codes" / f"{name}.yaml", {"name": name, "title": name, "items": kept})


def poorest_policy(policy: dict[str, Any]) -> dict[str, Any]:
    kept = ("policy", "version", "vocabulary", "effective_from", "threshold_document", "priority_order")
    only = "section_17_assessment"
    default = {"level": 1, "priority": "blue", "route": only}
    return {name: policy[name] for name in kept} | {"route_order": [only], "default": default, "rules": []}


async def test_the_poorest_hub_takes_all_examples_to_an_outcome(front: Front, as_persona: SignIn) -> None:
    """Signs that it does not know are left to people; every case opens, is shown and can be decided."""
    browser = await as_persona("manager")
    for path in sorted(EXAMPLES.glob("*.json")):
        case = await front.case_of(await front.submit(example(path.stem[:2])))
        page = await browser.open(f"/desk/cases/{case['id']}")
        said = decision(
            *((child["child"], 1, "no_further_action") for child in case["children"]),
            override_reason="Advice was given.",
        )
        reply = await front.post(case, "decision", said, SOCIAL_WORKER)
        assert (path.stem, page.status_code, reply.status_code) == (path.stem, 200, 200), reply.text
        assert case["status"] == "unassigned"
        assert case["details_pending"] is False
    assert {path: (await browser.open(path)).status_code for path in PATHS} == dict.fromkeys(PATHS, 200)


async def test_files_that_change_count_from_the_next_start(front: Front, folder: Path) -> None:
    """The policy and the hub with which a front door started stay in force; the next start names what is wrong."""
    before = (await front.http.post("/v1/threshold-checks", json=UNCODED, headers=CHECKER)).json()
    (folder / "policy.yaml").write_text("rules: [", encoding="utf-8")
    after = (await front.http.post("/v1/threshold-checks", json=UNCODED, headers=CHECKER)).json()
    case = await front.case_of(await front.submit(example("03")))
    key = SecretStr("A" * 43 + "=")
    settings = Settings(database_url=SecretStr("postgresql://x@x/x"), vault_key=key, index_key=key, hub_dir=folder)

    assert {**after, "check_id": before["check_id"]} == before
    assert case["receipt"]["policy"]["id"] == "northamptonshire-sample"
    with pytest.raises(PolicyUnreadable) as refused:
        build(settings, None, None)  # type: ignore[arg-type] # nobody is asked
    assert refused.value.detail.startswith("policy.yaml:1: This is not YAML")
    (folder / "hub.yaml").unlink()
    with pytest.raises(HubUnreadable) as refused_hub:
        build(settings, None, None)  # type: ignore[arg-type] # nobody is asked
    assert refused_hub.value.detail.startswith(f"{folder / 'hub.yaml'}: ")


async def test_a_route_of_an_earlier_policy_is_decided(
    open_service: OpenDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that waits for its confirmation while the hub takes the route's words away goes to a person's decision."""
    folder = Path(shutil.copytree(HUB_FOLDER, tmp_path / "whole"))
    async with opened(open_service, load_hub(folder), hub_dir=folder, profile=Profile.DEMO) as front:
        browser = Browser(front.http, ISSUER)
        await browser.sign_in("social-worker")
        case = await front.case_of(await front.submit(example("03")))
        feedback = front.service.resources.hub.feedback
        monkeypatch.delitem(cast("dict[str, str]", feedback), case["receipt"]["route"])
        page = await browser.open(f"/desk/cases/{case['id']}/confirmation")
        confirmed = await front.post(case, "confirmation", {}, SOCIAL_WORKER)
        said = decision((0, 2, "family_hub"))
        decided = await front.post(case, "decision", said, SOCIAL_WORKER)

    assert (page.status_code, "no longer says what the referrer reads" in page.text) == (200, True)
    assert (confirmed.status_code, confirmed.json()["type"].rsplit("#")[-1]) == (409, "case-not-routed")
    assert (decided.status_code, decided.json()["status"]) == (200, "decided")
