"""What a screener may code, and what is refused with its place."""

from typing import Any

import pytest

from services.triage.domain import check_coding
from services.triage.thresholds import load_vocabulary
from shared.problems import Invalid
from tests.conftest import HUB_FOLDER

VOCABULARY = load_vocabulary(HUB_FOLDER / "facts.yaml")


def _pointers(indicators: list[dict[str, Any]], facts: dict[str, object], children: int) -> list[str]:
    with pytest.raises(Invalid) as refused:
        check_coding(VOCABULARY, indicators, facts, children=children)
    return [error.pointer for error in refused.value.errors]


def test_a_good_coding_passes() -> None:
    """Codes of the list, children of the case, facts of the vocabulary."""
    indicators: list[dict[str, Any]] = [
        {"code": "self_harm", "status": "present", "child": 1},
        {"code": "bullying", "status": "ruled_out"},
        {"code": "low_mood_or_anxiety", "status": "present", "child": None},
    ]
    check_coding(VOCABULARY, indicators, {"immediate_danger": False, "previous_contacts_90_days": 2}, children=2)
    check_coding(VOCABULARY, [], {"child_age_months": 30, "unborn": False}, children=1)


@pytest.mark.parametrize(
    ("indicators", "facts", "pointers"),
    [
        ([{"code": "self_ham", "status": "present"}], {}, ["/indicators/0/code"]),
        (
            [{"code": "bullying", "status": "present"}, {"code": "bullying", "status": "present", "child": 2}],
            {},
            ["/indicators/1/child"],
        ),
        ([], {"weather": True}, ["/facts/weather"]),
        ([], {"a/b~c": True}, ["/facts/a~1b~0c"]),
        ([], {"immediate_danger": "no"}, ["/facts/immediate_danger"]),
        ([], {"previous_contacts_90_days": -1}, ["/facts/previous_contacts_90_days"]),
        ([], {"indicators": ["self_harm"]}, ["/facts/indicators"]),
        ([], {"concerns": True}, ["/facts/concerns"]),
        ([], {"unborn": False, "child_age_months": 30}, ["/facts/child_age_months", "/facts/unborn"]),
    ],
)
def test_each_misfit_is_named(indicators: list[dict[str, Any]], facts: dict[str, object], pointers: list[str]) -> None:
    """Of a case with two children, age and birth cannot be coded for both."""
    assert _pointers(indicators, facts, 2) == pointers


def test_everything_is_named_at_once_and_nothing_repeated() -> None:
    """The words of a refusal hold nothing of what was sent."""
    with pytest.raises(Invalid) as refused:
        check_coding(
            VOCABULARY, [{"code": "canary", "status": "present"}], {"agreement_position": "canary"}, children=1
        )
    assert len(refused.value.errors) == 2
    assert all("canary" not in error.detail for error in refused.value.errors)
