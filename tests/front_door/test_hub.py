"""The hub's files: whatever is wrong in one is refused when it is loaded, or works wherever it is used."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from services.cli.month.habits import habits_of
from services.cli.synthetic import cast_of, load_cast
from services.referrals.schemas import people, referral
from services.triage.app import build
from services.triage.domain import PolicyUnreadable
from services.triage.settings import Settings
from services.triage.thresholds import Policy, load_policy, load_vocabulary, loading, vocabulary
from services.triage.thresholds.complaints import Source
from shared.settings.codes import CLOSED, CODE_LISTS, code_list_of, load_code_lists, load_indicators
from shared.settings.demo import Demo
from shared.settings.files import HubUnreadable, validated
from shared.settings.hub import Hub, load_hub
from tests.conftest import HUB_FOLDER
from tests.front_door.hub_in_use import (
    DEMO,
    FACTS,
    POLICY,
    complaint_of,
    live,
    refer,
    refused_or_used,
    sample,
    tree_of,
    use,
    written,
)
from tests.hubs import changed

TRIED = 80
TRIED_OF_CODES = 8
"""So many of the changes that can be made to a file, the same at each run."""


def test_no_hub_loads_and_breaks_later() -> None:
    """Every place of `hub.yaml` dropped, emptied, doubled or of another kind is refused with its file, or works."""
    indicators, path = load_indicators(HUB_FOLDER), HUB_FOLDER / "hub.yaml"
    rest = {"indicators": indicators, "code_lists": load_code_lists(HUB_FOLDER, indicators)}
    policy = load_policy(POLICY, load_vocabulary(FACTS))

    def load(tree: dict[str, Any]) -> tuple[Hub, Policy]:
        return validated(Hub, {**tree, **rest}, path), policy

    changes = sample(tree_of(path), TRIED)
    complaints = [(place, refused_or_used(partial(load, tree))) for place, tree in changes]
    assert all("hub.yaml: " in complaint for _, complaint in complaints if complaint)
    assert all(str(place[0]) in complaint for place, complaint in complaints if complaint)
    assert sum(bool(complaint) for _, complaint in complaints) > len(complaints) / 2


@pytest.mark.parametrize("file", ["policy.yaml", "facts.yaml"])
def test_no_policy_loads_and_breaks_later(hub: Hub, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """A policy or a vocabulary with one change is refused with its file, or judges every example."""
    trees = {path.name: tree_of(path) for path in (POLICY, FACTS)}

    def load(tree: dict[str, Any]) -> tuple[Hub, Policy]:
        trees[file] = tree
        return hub, load_policy(POLICY, load_vocabulary(FACTS))

    for module in (loading, vocabulary):
        monkeypatch.setattr(module, "read", lambda path: Source(path.name, trees[path.name], {}))
    complaints = [refused_or_used(partial(load, tree)) for _, tree in sample(trees[file], TRIED)]
    assert all(".yaml:" in complaint for complaint in complaints if complaint)
    assert any(complaints)


@pytest.mark.parametrize("name", sorted(CODE_LISTS))
def test_no_code_list_loads_and_breaks_later(hub: Hub, name: str) -> None:
    """A code list with one change is refused with its file, or has codes that are taken and named."""
    path, policy = HUB_FOLDER / "codes" / f"{name}.yaml", load_policy(POLICY, load_vocabulary(FACTS))

    def load(tree: dict[str, Any]) -> None:
        changed_list = code_list_of(tree, path)
        assert all(changed_list.takes(code) for code in changed_list.codes)
        use(hub.model_copy(update={"code_lists": {**hub.code_lists, name: changed_list}}), policy)

    complaints = [complaint_of(partial(load, tree)) for _, tree in sample(tree_of(path), TRIED_OF_CODES)]
    assert all(complaint.startswith(f"{path}: ") for complaint in complaints if complaint)
    assert any(complaints)


def test_closed_lists_have_the_codes_that_are_taken(hub: Hub) -> None:
    """Where the form of a referral names the codes itself, the hub's list has these and no others."""
    read: dict[str, Any] = {
        "agreement_position": referral.Agreement.model_fields["position"].annotation,
        "early_help_assessment": referral.HelpSoFar.model_fields["early_help_assessment"].annotation,
        "indicator_status": referral.Indicated.model_fields["status"].annotation,
        "kind": referral.ReferralIn.model_fields["kind"].annotation,
        "lawful_basis": referral.LawfulBasis.model_fields["basis"].annotation,
        "must_not_learn": people.Withheld,
        "seen_or_reported": referral.Concern.model_fields["seen_or_reported"].annotation,
        "yes_no_not_known": people.Answer,
    }
    assert read.keys() == CLOSED
    for name, form in read.items():
        literal = next((part for part in get_args(form) if get_args(part)), form)
        assert set(get_args(literal)) == {*CODE_LISTS[name].split()} == {*hub.code_lists[name].codes}, name


def test_no_demo_loads_and_breaks_later() -> None:
    """A demo with one change is refused with its file, or has agencies and people."""

    def load(tree: dict[str, Any]) -> None:
        demo = validated(Demo, tree, DEMO)
        assert all(demo.agencies[agency].scopes for agency in demo.referrers.values())

    complaints = [complaint_of(partial(load, tree)) for _, tree in sample(tree_of(DEMO), TRIED)]
    assert all(complaint.startswith(f"{DEMO}: ") for complaint in complaints if complaint)
    assert any(complaints)


def test_no_cast_loads_and_breaks_later(hub: Hub) -> None:
    """What synthetic referrals are made of is refused with its file after one change, or makes referrals."""
    path = HUB_FOLDER / "synthetic.yaml"

    def load(tree: dict[str, Any]) -> None:
        refer(cast_of(tree, path, hub), hub)

    complaints = [complaint_of(partial(load, tree)) for _, tree in sample(tree_of(path), TRIED)]
    assert all(complaint.startswith(f"{path}: ") for complaint in complaints if complaint)
    assert any(complaints)


def test_no_month_loads_and_breaks_later(hub: Hub) -> None:
    """How people behave in a month is refused with its file after one change, or gives a month of contacts."""
    path, cast = HUB_FOLDER / "month.yaml", load_cast(HUB_FOLDER)

    def load(tree: dict[str, Any]) -> None:
        live(habits_of(tree, path, hub, cast), cast, hub)

    complaints = [complaint_of(partial(load, tree)) for _, tree in sample(tree_of(path), TRIED)]
    assert all(complaint.startswith(f"{path}: ") for complaint in complaints if complaint)
    assert any(complaints)


@pytest.mark.parametrize(
    ("place", "change", "complaint"),
    [
        (("opening_hours", "mon"), [510, 1020], "opening_hours.mon.0: write a time in quotation marks"),
        (("opening_hours", "mon"), ["08:30Z", "17:00Z"], "opening_hours.mon.0"),
        (("clocks", "handover_at"), "09:00+01:00", "clocks.handover_at"),
        (("phones", "in_hours"), {"who": "Duty"}, "hub.yaml: phones.in_hours.phone: it must be there"),
        (("phones", "at_night"), {}, "hub.yaml: phones.at_night: nothing of this name belongs here; correct it, or"),
        (("opening_hours",), {}, "hub.yaml: opening_hours: name at least one weekday"),
        (("opening_hours",), {"wed": ["08:30", "08:31"]}, "so few that clocks.new_information.amber would take longer"),
        (("early_help", "start"), {"working_days": 366}, "so few that early_help.start would take longer"),
        (("clocks", "colour", "red"), {"hours": 10**9}, "clocks.colour.red.hours"),
        (("clocks", "colour", "red"), {"hours": True}, "clocks.colour.red.hours"),
        (("clocks", "duty", 0, "email"), "duty@door.example\nBcc: x@y.example", "clocks.duty.0.email"),
        (("closed_days",), [20261224], "write a day as 2026-12-25"),
        (("districts", "E06000061"), ["NN8", "NN12"], "districts: NN12 stands twice"),
        (("districts", "E06000061"), ["nn8"], "districts.E06000061.0: this is not how it is written;"),
        (("parallel_routes", "lado", "indicators"), ["boredom"], "facts.yaml has no indicator boredom"),
        (("parallel_routes", "lado", "owner"), "ladoo", "parallel_routes: nobody under teams or staff is ladoo"),
        (("teams",), {}, "nobody under teams or staff is first-responder, lado, marac-coordinator, prevent-lead, priv"),
        (("feedback", "family_hub"), " ", "feedback.family_hub"),
        (("phones", "in_hours", "phone"), "", "phones.in_hours.phone"),
    ],
)  # fmt: skip
def test_what_would_break_later_is_named(tmp_path: Path, place: Any, change: Any, complaint: str) -> None:
    """Each of these loads as YAML, and is refused with file and place."""
    shutil.copytree(HUB_FOLDER, tmp_path, dirs_exist_ok=True)
    path = written(tmp_path / "hub.yaml", changed(tree_of(HUB_FOLDER / "hub.yaml"), place, change))
    with pytest.raises(HubUnreadable) as refused:
        load_hub(tmp_path)
    assert refused.value.detail.startswith(f"{path}: ")
    assert complaint in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("hub.yaml", None, "No such file"),
        ("hub.yaml", b"- a", "a mapping is expected"),
        ("hub.yaml", b"name: \xff", "utf-8"),
        ("hub.yaml", b"name: A\nname: B\n", "name stands here twice"),
        ("hub.yaml", b"[" * 500, "hub.yaml"),
        ("facts.yaml", b"indicators: null", "indicators"),
        ("facts.yaml", b"indicators: []", "indicators"),
        ("codes/advice.yaml", None, "advice.yaml must be there"),
        ("codes/sex.yaml", b"name: sax\ntitle: Sex\nitems: [{code: F, label: Female}]\n", "name"),
        ("codes/sex.yaml", b"name: sex\ntitle: Sex\nitems: [{code: no, label: No}]\n", "items.0.code"),
        ("codes/sex.yaml", b"name: sex\ntitle: Sex\npattern: '['\nitems: [{code: F, label: Female}]\n", "pattern"),
        (
            "codes/sex.yaml",
            b"name: sex\ntitle: Sex\nitems: [{code: F, label: A}, {code: F, label: B}]\n",
            "F stands twice",
        ),
    ],
)
def test_a_file_that_is_no_file_of_the_hub_is_named(
    tmp_path: Path, file: str, content: bytes | None, complaint: str
) -> None:
    """A file that is missing, is no YAML, says things twice or is of another kind stops the start, in one line."""
    shutil.copytree(HUB_FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / file).unlink() if content is None else (tmp_path / file).write_bytes(content)
    with pytest.raises(HubUnreadable) as refused:
        load_hub(tmp_path)
    assert refused.value.detail.startswith(str(tmp_path / Path(file).parent))
    assert complaint in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("file", "place", "change", "complaint"),
    [
        ("hub.yaml", ("feedback",), {}, "hub.yaml: feedback: say what the referrer reads for universal_advice"),
        ("policy.yaml", ("route_order",), ["family_centre"], "policy.yaml"),
        ("facts.yaml", ("facts", "child_age_months", "bounds"), [0, 299], "child_age_months must allow 0, 300"),
        ("facts.yaml", ("facts", "unborn", "type"), "number", "facts.yaml"),
    ],
)
def test_files_that_do_not_fit_each_other_stop_the_start(
    tmp_path: Path, file: str, place: Any, change: Any, complaint: str
) -> None:
    """Triage does not start with a route without words, a route that is no outcome, or a fact that it can't give."""
    shutil.copytree(HUB_FOLDER, tmp_path, dirs_exist_ok=True)
    written(tmp_path / file, changed(tree_of(HUB_FOLDER / file), place, change))
    key = SecretStr("A" * 43 + "=")
    settings = Settings(database_url=SecretStr("postgresql://x@x/x"), vault_key=key, index_key=key, hub_dir=tmp_path)
    with pytest.raises(PolicyUnreadable) as refused:
        build(settings, None, None)  # type: ignore[arg-type] # nobody is asked
    assert complaint in refused.value.detail


def test_every_route_is_an_outcome_that_can_be_worded(hub: Hub) -> None:
    """The starter hub's own files fit each other."""
    assert refused_or_used(lambda: (hub, load_policy(POLICY, load_vocabulary(FACTS)))) == ""
