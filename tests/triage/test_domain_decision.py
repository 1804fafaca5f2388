"""What a decision must hold, and when another manager has to countersign."""

from typing import Any

import pytest

from services.triage.domain import Outcome, check_decision, highest
from services.triage.domain.case import (
    CaseAlreadyDecided,
    CaseClaimedByAnother,
    CaseNotRouted,
    CountersignatureAwaited,
    CountersignatureNotAwaited,
    CountersignerMustDiffer,
    DetailsPending,
)
from shared.problems import Invalid, Problem

ROUTES = {1: "universal_advice", 2: "family_hub", 3: "targeted_early_help", 4: "strategy_discussion"}
DISCUSSION = {"held_at": "2026-11-21T10:00:00Z", "present": ["health", "police", "social_care", "school"]}

TRANSFER = {"authority": "Elsewhere", "acknowledged_by": "Their duty", "acknowledged_at": "2026-11-21T10:00:00Z"}


def _receipt(level: int, route: str | None = None, *, floor: int | None = None, priority: str = "amber") -> Any:
    fired = [{"id": "RULE", "then": {"level": level, "route": route, "floor": False}}]
    if floor:
        fired.append({"id": "SAFE", "then": {"level": floor, "route": ROUTES[floor], "floor": True}})
    return {"level": level, "priority": priority, "route": route or ROUTES[level], "fired": fired}


def _decided(level: int, outcome: str, child: int = 0) -> dict[str, Any]:
    return {"child": child, "level": level, "outcome": outcome}


def _check(receipts: list[Any], *children: dict[str, Any], reason: str | None = "Seen and heard.",
           discussion: Any = DISCUSSION) -> bool:  # fmt: skip
    return check_decision(receipts, children, override_reason=reason, strategy_discussion=discussion, transfer=TRANSFER)


def _refused(receipts: list[Any], *children: dict[str, Any], **rest: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        _check(receipts, *children, **rest)
    return [error.pointer for error in refused.value.errors]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_decision_as_the_receipt_says_needs_nothing(level: int) -> None:
    """Same level and same route: no reason, no countersignature."""
    decision = _decided(level, ROUTES[level])
    assert not _check([_receipt(level)], decision, reason=None, discussion=None)


@pytest.mark.parametrize(
    ("receipt", "decision"),
    [
        (_receipt(2), _decided(2, "targeted_early_help")),
        (_receipt(2), _decided(3, "family_hub")),
        (_receipt(2), _decided(1, "universal_advice")),
        (_receipt(4), _decided(4, "section_47")),
        (_receipt(4), _decided(4, "existing_case")),
    ],
)
def test_a_decision_that_differs_needs_a_reason(receipt: Any, decision: dict[str, Any]) -> None:
    """Up or down, in level or in outcome; with the reason it stands."""
    assert _refused([receipt], decision, reason=None) == ["/override_reason"]
    assert _refused([receipt], decision, reason="") == ["/override_reason"]
    assert not _check([receipt], decision)


@pytest.mark.parametrize(
    ("discussion", "pointer"),
    [
        (None, "/strategy_discussion"),
        ({**DISCUSSION, "present": []}, "/strategy_discussion/present"),
        ({**DISCUSSION, "present": ["social_care", "police"]}, "/strategy_discussion/present"),
        ({**DISCUSSION, "present": ["social_care", "health"]}, "/strategy_discussion/present"),
        ({**DISCUSSION, "present": ["police", "health", "school"]}, "/strategy_discussion/present"),
    ],
)
def test_section_47_needs_the_three(discussion: Any, pointer: str) -> None:
    """A strategy discussion with social care, police and health must be on record."""
    assert _refused([_receipt(4)], _decided(4, "section_47"), discussion=discussion) == [pointer]


@pytest.mark.parametrize(
    ("children", "pointers"),
    [
        ([], ["/children"]),
        ([_decided(2, "family_hub", 0)], ["/children"]),
        ([_decided(2, "family_hub", 0), _decided(2, "family_hub", 0)], ["/children/1/child", "/children"]),
        (
            [_decided(2, "family_hub", 1), _decided(2, "family_hub", 0), _decided(2, "family_hub", 2)],
            ["/children/2/child"],
        ),
    ],
)
def test_each_child_is_decided_once(children: list[dict[str, Any]], pointers: list[str]) -> None:
    """None left out, none twice, none that is not there."""
    assert _refused([_receipt(2), _receipt(2)], *children) == pointers


def test_children_may_come_in_any_order() -> None:
    """Each decision is held against the receipt of its own child."""
    receipts = [_receipt(4), _receipt(2)]
    assert not _check(receipts, _decided(2, ROUTES[2], 1), _decided(4, ROUTES[4], 0), reason=None)
    assert _check(receipts, _decided(2, ROUTES[2], 0), _decided(4, ROUTES[4], 1))


def test_everything_lacking_is_told_at_once() -> None:
    """Children, discussion and reason are named together."""
    pointers = _refused([_receipt(2), _receipt(2)], _decided(4, "section_47"), reason=None, discussion=None)
    assert pointers == ["/children", "/strategy_discussion", "/override_reason"]


@pytest.mark.parametrize(
    ("receipt", "decision", "needed"),
    [
        (_receipt(4), _decided(3, "targeted_early_help"), True),
        (_receipt(4), _decided(3, "section_17_assessment"), True),
        (_receipt(4), _decided(4, "targeted_early_help"), True),
        (_receipt(4), _decided(4, "no_further_action"), True),
        (_receipt(4), _decided(1, "existing_case"), True),
        (_receipt(4), _decided(4, "section_17_assessment"), False),
        (_receipt(4), _decided(4, "section_47"), False),
        (_receipt(4), _decided(4, "immediate_protection"), False),
        (_receipt(4), _decided(4, "existing_case"), False),
        (_receipt(4), _decided(4, "transferred_to_authority"), False),
        (_receipt(3), _decided(1, "no_further_action"), False),
        (_receipt(4, floor=4), _decided(4, "strategy_discussion"), False),
        (_receipt(4, floor=4), _decided(4, "immediate_protection"), False),
        (_receipt(4, floor=4), _decided(4, "section_17_assessment"), True),
        (_receipt(3, floor=3), _decided(2, "family_hub"), True),
        (_receipt(3, floor=3), _decided(2, "targeted_early_help"), True),
        (_receipt(3, floor=3), _decided(2, "existing_case"), True),
        (_receipt(3, floor=3), _decided(3, "universal_advice"), True),
        (_receipt(3, floor=2), _decided(2, "family_hub"), False),
    ],
)
def test_when_another_manager_countersigns(receipt: Any, decision: dict[str, Any], *, needed: bool) -> None:
    """A level 4 lowered in number or in deed, and a floor overridden; raising never."""
    assert _check([receipt], decision) is needed


def test_one_child_lowered_is_enough() -> None:
    """The countersignature is for the whole decision."""
    assert _check([_receipt(2), _receipt(4)], _decided(2, ROUTES[2], 0), _decided(3, ROUTES[3], 1))


def test_the_highest_receipt() -> None:
    """Level first, then priority, then the first child."""
    low, high = _receipt(3, priority="red"), _receipt(4, priority="amber")
    red, other = _receipt(4, priority="red"), _receipt(4, "section_17_assessment", priority="red")
    assert highest([low, high]) is high
    assert highest([high, low, red, other]) is red


def test_every_outcome_is_decidable() -> None:
    """No outcome of the list breaks the check."""
    for outcome in Outcome:
        assert isinstance(_check([_receipt(4, floor=4)], _decided(4, outcome)), bool)


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (CaseClaimedByAnother, 409),
        (CaseAlreadyDecided, 409),
        (CaseNotRouted, 409),
        (CountersignatureAwaited, 409),
        (CountersignatureNotAwaited, 409),
        (DetailsPending, 409),
        (CountersignerMustDiffer, 403),
    ],
)
def test_problems_of_state_are_409_and_of_person_403(problem: type[Problem], status: int) -> None:
    """State is a conflict; the wrong person is refused."""
    assert problem().status == status
