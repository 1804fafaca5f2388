"""`frontdoor policy check`: one line for each thing that is wrong, and status 0 only where there is none."""

import json
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from services.cli.policy import app
from tests.conftest import HUB_FOLDER
from tests.triage.thresholds.policies import VOCABULARY, policy_tree, rule

SOUND = rule("HURT", {"indicators": {"any_of": ["hurt"]}}, 4)


def _check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "facts.yaml").write_text(json.dumps(VOCABULARY), encoding="utf-8")
    return tmp_path


def _policy(folder: Path, *rules: dict[str, Any], **rest: Any) -> Path:
    path = folder / "policy.yaml"
    path.write_text(json.dumps(policy_tree(*rules, **rest), indent=1), encoding="utf-8")
    return path


def test_the_sample_policy_is_in_order() -> None:
    """The starter hub's own policy passes, with the vocabulary beside it."""
    result = _check(HUB_FOLDER / "policy.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "is in order" in result.stdout


def test_a_policy_away_from_home_is_read_with_the_hub_s_vocabulary(tmp_path: Path) -> None:
    """Without facts.yaml beside it, the hub's serves; --facts names another."""
    copy(HUB_FOLDER / "policy.yaml", tmp_path / "draft.yaml")
    assert _check(tmp_path / "draft.yaml").exit_code == 0
    (tmp_path / "other.yaml").write_text(json.dumps(VOCABULARY), encoding="utf-8")
    assert _check(tmp_path / "draft.yaml", "--facts", tmp_path / "other.yaml").exit_code == 1


def test_a_route_that_the_hub_cannot_word_is_named(tmp_path: Path) -> None:
    """A policy is held against the hub beside whose vocabulary it is checked, as at the start."""
    tree = yaml.safe_load((HUB_FOLDER / "policy.yaml").read_text(encoding="utf-8"))
    tree["route_order"].insert(0, "existing_case")
    (tmp_path / "draft.yaml").write_text(json.dumps(tree), encoding="utf-8")
    result = _check(tmp_path / "draft.yaml", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["ok"], report["errors"]) == (1, False, [])
    assert report["misfits"] == [
        f"hub.yaml: {name}: say what the referrer reads for existing_case, a route of the policy."
        for name in ("feedback", "next_step")
    ]


@pytest.mark.parametrize(
    ("rules", "rest", "words"),
    [
        ([{**SOUND, "titel": "x"}], {}, '"titel" is not a name that belongs here.'),
        ([SOUND, rule("R", {"age": {"above": 6}}, 3)], {}, "R can never fire"),
        (
            [SOUND],
            {"scenarios": [{"name": "one", "facts": {}, "expect": {"level": 2}}]},
            'Scenario "one" fails: It expects level 2',
        ),
    ],
)
def test_each_mistake_is_a_line_and_a_failure(folder: Path, rules: Any, rest: Any, words: str) -> None:
    """Errors, lints and scenarios each fail the check with one line that says what to do."""
    result = _check(_policy(folder, *rules, **rest))
    (line,) = result.stderr.splitlines()
    assert result.exit_code == 1
    assert line.startswith("policy.yaml:")
    assert words in line


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """A wrong path ends without a traceback."""
    result = _check(tmp_path / "nowhere.yaml")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)


def test_json_carries_the_same(folder: Path) -> None:
    """With --json everything is one object, and the status is the same."""
    wrong = _check(_policy(folder, rule("R", {"age": {"above": 6}}, 3)), "--json")
    report = json.loads(wrong.stdout)
    assert (wrong.exit_code, report["ok"], report["policy"]["id"]) == (1, False, "small")
    assert {finding["lint"] for finding in report["findings"]} == {"never_fires", "indicator_without_rule"}
    right = _check(_policy(folder, SOUND), "--json")
    assert (right.exit_code, json.loads(right.stdout)["ok"]) == (0, True)
    broken = json.loads(_check(_policy(folder, {**SOUND, "id": 7}), "--json").stdout)
    assert (broken["policy"], broken["errors"][0]["file"]) == (None, "policy.yaml")
