"""The twelve example referrals, assessed, placed and routed as their table says, without any service running."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from services.triage.domain import History, council_of, facts_of, highest
from services.triage.routing import choose, seeker_of
from services.triage.thresholds import assess, load_policy, load_vocabulary
from tests.conftest import EXAMPLES, HUB_FOLDER
from tests.triage.directory import starter_directory

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text(encoding="utf-8"))
POLICY = load_policy(HUB_FOLDER / "policy.yaml", load_vocabulary(HUB_FOLDER / "facts.yaml"))
DIRECTORY = starter_directory()
DISTRICTS: dict[str, list[str]] = yaml.safe_load((HUB_FOLDER / "hub.yaml").read_text(encoding="utf-8"))["districts"]
RECEIVED_AT = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def _document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_bytes())
    return document


def _receipts(document: dict[str, Any], history: History) -> list[dict[str, Any]]:
    return [
        assess(POLICY, facts_of(document, child, RECEIVED_AT, history)).model_dump(mode="json")
        for child in range(len(document["children"]))
    ]


def _offers(document: dict[str, Any], receipts: list[dict[str, Any]]) -> list[str]:
    if not all(receipt["auto_route"] for receipt in receipts):
        return []
    councils = [council_of(document, child, DISTRICTS) for child in range(len(receipts))]
    seekers = [seeker_of(document, child, councils[child], receipt) for child, receipt in enumerate(receipts)]
    return [choice.service.provider for choice in choose(DIRECTORY, seekers) if choice.service]


def test_all_twelve_are_expected() -> None:
    """Every example has its row, and every row its example."""
    assert {path.stem for path in EXAMPLES.glob("*.json")} == EXPECTED.keys()
    assert len(EXPECTED) == 12


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_example_is_assessed_as_expected(name: str) -> None:
    """Level, priority, route, automatic route, review, offers and council."""
    expected, document = EXPECTED[name], _document(name)
    receipts = _receipts(document, History())
    case = highest(receipts)
    for part in ("level", "priority", "route", "auto_route"):
        assert case[part] == expected[part], part
    councils = (council_of(document, child, DISTRICTS) for child in range(len(receipts)))
    assert next((council for council in councils if council), None) == expected["council"]
    assert _offers(document, receipts) == ([expected["offer"]] if "offer" in expected else [])
    reviews = case["review_required"]
    assert [name for name in reviews if name == "immediate_danger_unknown"] == [*filter(None, [expected.get("review")])]


def test_the_third_notice_after_two_is_level_4() -> None:
    """With two contacts in 90 days the marked need leads to an assessment."""
    (receipt,) = _receipts(_document("07-third-notice-in-two-months"), History(previous_contacts_90_days=2))
    assert (receipt["level"], receipt["route"]) == (4, "section_17_assessment")
    assert "CONT-02" in receipt["review_required"]
