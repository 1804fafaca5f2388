"""The facts of a child: from the referral, from triage's records, and from what screeners coded."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.triage.domain import History, facts_of

RECEIVED_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NO_HISTORY = History()


def _document(child: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """Write a referral of one child; `indicators` and `danger` go into its concern."""
    concern = {
        "what_happened": "As told.",
        "immediate_danger": parts.pop("danger", "no"),
        "indicators": parts.pop("indicators", []),
    }
    return {"children": [child or {"given_name": "not known"}], "concern": concern, **parts}


def _facts(document: dict[str, Any], child: int = 0, history: History = NO_HISTORY) -> dict[str, Any]:
    return facts_of(document, child, RECEIVED_AT, history)


@pytest.mark.parametrize(("said", "fact"), [("yes", True), ("no", False), ("not_known", None)])
def test_danger_not_known_is_left_out(said: str, fact: bool | None) -> None:
    """Not known is no fact, so the policy takes it as unknown."""
    assert _facts(_document(danger=said)).get("immediate_danger") is fact


@pytest.mark.parametrize(
    ("born", "months"),
    [
        ("2026-11-21", 0),
        ("2026-11-22", 0),
        ("2026-10-22", 0),
        ("2026-10-21", 1),
        ("2026-07-02", 4),
        ("2010-11-21", 192),
        ("2010-11-22", 191),
        ("2008-02-29", 224),
        ("2001-11-21", 300),
        ("2001-10-21", None),
    ],
)
def test_age_in_full_months_on_the_day_of_receipt(born: str, months: int | None) -> None:
    """A month counts on its day; more than 300 months is no child's age and left unknown."""
    facts = _facts(_document({"given_name": "A", "date_of_birth": born}))
    assert (facts.get("child_age_months"), facts["unborn"]) == (months, False)


def test_the_day_of_receipt_is_london_s() -> None:
    """Half past midnight in summer is still the day before in UTC, and already the birthday in London."""
    document = _document({"given_name": "A", "date_of_birth": "2010-07-15"})
    received_at = datetime(2026, 7, 14, 23, 30, tzinfo=UTC)
    assert facts_of(document, 0, received_at, NO_HISTORY)["child_age_months"] == 192


@pytest.mark.parametrize(
    ("years", "months"), [(0, 0), (6, 72), (14, 168), (15, None), (16, None), (17, 204), (25, 300), (26, None)]
)
def test_an_estimated_age_that_could_cross_16_is_unknown(years: int, months: int | None) -> None:
    """A year more or less must not decide: 15 and 16 are left for someone to ask."""
    assert _facts(_document({"given_name": "A", "estimated_age_years": years})).get("child_age_months") == months


def test_an_unborn_child_has_age_0() -> None:
    """An expected delivery date makes the child unborn, at any distance."""
    facts = _facts(_document({"given_name": "Unborn", "expected_delivery_date": "2026-11-01"}))
    assert (facts["unborn"], facts["child_age_months"]) == (True, 0)


def test_a_child_of_whom_nothing_is_said_has_no_age() -> None:
    """Neither born nor unborn is claimed."""
    facts = _facts(_document())
    assert "child_age_months" not in facts
    assert "unborn" not in facts


@pytest.mark.parametrize("position", ["given", "refused", "not_sought"])
def test_the_position_on_agreement(position: str) -> None:
    """Each position is a fact."""
    facts = _facts(_document(openness={"agreement": {"position": position}}))
    assert facts["agreement_position"] == position
    assert "agreement_by_holder_of_responsibility" not in facts


@pytest.mark.parametrize("openness", [None, {}, {"agreement": None}, {"agreement": {"position": "not_known"}}])
def test_agreement_not_known_is_left_out(openness: dict[str, Any] | None) -> None:
    """Silence and not known are the same."""
    assert "agreement_position" not in _facts(_document(openness=openness))


@pytest.mark.parametrize(
    ("person", "holder"),
    [
        ({"parental_responsibility": "yes"}, True),
        ({"parental_responsibility": "yes", "role_in_concern": "none"}, True),
        ({"parental_responsibility": "yes", "role_in_concern": "victim"}, True),
        ({"parental_responsibility": "yes", "role_in_concern": "protective"}, True),
        ({"parental_responsibility": "yes", "role_in_concern": None}, True),
        ({"parental_responsibility": "yes", "role_in_concern": "not_known"}, None),
        ({"parental_responsibility": "yes", "role_in_concern": "alleged_perpetrator"}, False),
        ({"parental_responsibility": "no"}, False),
        ({"parental_responsibility": "no", "role_in_concern": "not_known"}, False),
        ({"parental_responsibility": "not_known"}, None),
        ({"parental_responsibility": "not_known", "role_in_concern": "alleged_perpetrator"}, False),
        ({}, None),
    ],
)
def test_who_may_agree(person: dict[str, Any], holder: bool | None) -> None:
    """Responsibility held, and not said to have done the harm; what is not known stays unknown."""
    openness = {"agreement": {"position": "given", "by": 1}}
    household = [{"parental_responsibility": "no"}, person]
    facts = _facts(_document(openness=openness, household=household))
    assert facts.get("agreement_by_holder_of_responsibility") is holder


def test_an_index_beyond_the_household_is_nobody() -> None:
    """An agreement by somebody who is not listed is of a holder not known."""
    openness = {"agreement": {"position": "given", "by": 3}}
    assert "agreement_by_holder_of_responsibility" not in _facts(_document(openness=openness, household=[{}]))


SAID = [
    {"code": "heavy_caring_role", "status": "present", "child": 0},
    {"code": "unmet_send_need", "status": "present", "child": 1},
    {"code": "parental_illness_affecting_care", "status": "present"},
    {"code": "self_harm", "status": "ruled_out", "child": 0},
]


def _siblings(**parts: Any) -> dict[str, Any]:
    return {**_document(**parts), "children": [{"given_name": "A"}, {"given_name": "B"}]}


def test_an_indicator_of_one_child_is_not_its_sibling_s() -> None:
    """With an index it is that child's, without one everybody's."""
    document = _siblings(indicators=SAID)
    first, second = _facts(document, 0), _facts(document, 1)
    assert first["indicators"] == ["heavy_caring_role", "parental_illness_affecting_care"]
    assert second["indicators"] == ["parental_illness_affecting_care", "unmet_send_need"]
    assert (first["indicators_ruled_out"], second["indicators_ruled_out"]) == (["self_harm"], [])


@pytest.mark.parametrize(
    ("codes", "count"),
    [
        ([], 0),
        (["domestic_abuse_high_risk", "domestic_abuse_past_or_standard"], 1),
        (["parental_mental_health_mild", "parental_illness_affecting_care"], 1),
        (["parental_substance_misuse", "parental_mental_health_mild"], 2),
        (["domestic_abuse_past_or_standard", "parental_substance_misuse", "parental_illness_affecting_care"], 3),
        (["substance_use_harming", "low_mood_or_anxiety"], 0),
    ],
)
def test_the_household_combination(codes: list[str], count: int) -> None:
    """Each kind counts once, over all children of the referral."""
    said = [{"code": code, "status": "present", "child": index % 2} for index, code in enumerate(codes)]
    document = _siblings(indicators=said)
    assert [_facts(document, child)["household_combination"] for child in (0, 1)] == [count, count]


def test_what_is_ruled_out_does_not_combine() -> None:
    """Only what is present in the household counts."""
    said = [
        {"code": "domestic_abuse_high_risk", "status": "ruled_out"},
        {"code": "parental_substance_misuse", "status": "present"},
    ]
    assert _facts(_document(indicators=said))["household_combination"] == 1


def test_the_records_of_triage_are_facts() -> None:
    """Contacts, earlier decisions, matches and coding come from history."""
    history = History(2, below_threshold_decision_12_months=True, possible_match_waiting=True, narrative_coded=True)
    facts = _facts(_document(), history=history)
    assert facts["previous_contacts_90_days"] == 2
    assert facts["below_threshold_decision_12_months"] is True
    assert facts["possible_match_waiting"] is True
    assert facts["narrative_coded"] is True


def test_coded_indicators_are_added() -> None:
    """A coding adds to one child or to all; what it rules out takes away nothing that was reported."""
    coded: list[dict[str, Any]] = [
        {"code": "self_harm", "status": "present", "child": 1},
        {"code": "low_mood_or_anxiety", "status": "present"},
        {"code": "bullying", "status": "ruled_out"},
    ]
    document = _siblings(indicators=[{"code": "bullying", "status": "present"}])
    history = History(coded_indicators=coded)
    assert _facts(document, 0, history)["indicators"] == ["bullying", "low_mood_or_anxiety"]
    assert _facts(document, 1, history)["indicators"] == ["bullying", "low_mood_or_anxiety", "self_harm"]
    assert _facts(document, 0, history)["indicators_ruled_out"] == ["bullying"]


def test_a_coded_household_combines_with_what_was_reported() -> None:
    """The combination counts reported and coded indicators together."""
    history = History(coded_indicators=[{"code": "parental_substance_misuse", "status": "present", "child": 0}])
    document = _siblings(indicators=[{"code": "parental_mental_health_mild", "status": "present", "child": 1}])
    assert _facts(document, 1, history)["household_combination"] == 2


@pytest.mark.parametrize(
    ("name", "coded", "fact"),
    [
        ("child_age_months", 30, 30),
        ("agreement_position", "refused", "refused"),
        ("agreement_by_holder_of_responsibility", False, False),
        ("previous_contacts_90_days", 3, 3),
        ("previous_contacts_90_days", 0, 1),
        ("immediate_danger", False, True),
        ("below_threshold_decision_12_months", False, True),
        ("possible_match_waiting", True, True),
        ("narrative_coded", False, True),
        ("household_combination", 2, 2),
        ("previous_contacts_90_days", "two", "two"),
        ("previous_contacts_90_days", True, True),
        ("immediate_danger", 1, 1),
    ],
)
def test_a_coded_fact_corrects_but_never_takes_back(name: str, coded: bool | int | str, fact: object) -> None:
    """Age and agreement are corrected; danger reported and what is on record may only rise.

    A value of another kind goes through, for the policy to refuse.
    """
    document = _document(
        {"given_name": "A", "date_of_birth": "2020-01-01"},
        danger="yes",
        openness={"agreement": {"position": "given", "by": 0}},
        household=[{"parental_responsibility": "yes"}],
    )
    history = History(1, below_threshold_decision_12_months=True, narrative_coded=True, coded_facts={name: coded})
    assert _facts(document, history=history)[name] is fact


def test_danger_not_known_may_be_coded_as_no() -> None:
    """What nobody reported is filled in either way."""
    history = History(coded_facts={"immediate_danger": False})
    assert _facts(_document(danger="not_known"), history=history)["immediate_danger"] is False
