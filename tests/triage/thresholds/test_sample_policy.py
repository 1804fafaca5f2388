"""The sample policy of the starter hub: every row of its rule table, all 66 indicators, no lint, every scenario."""

from typing import Any

import pytest

from services.triage.thresholds import Policy, Receipt, assess, lint, load_policy, load_vocabulary, run_scenarios
from tests.conftest import HUB_FOLDER

DOMAINS = {
    1: {
        "DEV": "milestones_on_track",
        "EDU": "attends_and_attains",
        "HEA": "health_checks_current",
        "PAR": "warm_steady_care",
        "ENV": "stable_home",
        "FAM": "supportive_network",
    },
    2: {
        "DEV": "mild_developmental_delay unmet_send_need",
        "HEA": "missed_health_checks persistent_minor_health_need",
        "EDU": "attendance_slipping first_suspension",
        "EMO": "low_mood_or_anxiety loss_or_separation",
        "BEH": "bullying early_antisocial_behaviour experimenting_with_substances single_missing_episode",
        "FAM": "young_carer_emerging parental_conflict parent_in_custody",
        "PAR": "inconsistent_boundaries new_or_isolated_parent parental_mental_health_mild",
        "ENV": "financial_hardship poor_housing harassment_or_isolation",
    },
    3: {
        "DEV": "marked_developmental_delay",
        "HEA": "health_need_unmet",
        "EDU": "severe_absence no_school_place",
        "EMO": "self_harm specialist_mental_health_need",
        "BEH": "repeat_offending substance_use_harming problematic_sexual_behaviour",
        "EXF": "repeat_missing exploitation_markers",
        "PAR": "parental_substance_misuse parental_illness_affecting_care low_level_neglect help_refused_need_growing",
        "FAM": "domestic_abuse_past_or_standard heavy_caring_role child_to_parent_violence private_fostering"
        " same_worry_after_closure",
        "ENV": "homelessness",
    },
    4: {
        "HRM": "unexplained_injury injury_non_mobile_child sexual_abuse serious_neglect severe_emotional_harm"
        " dangerous_adult_access unborn_at_risk fabricated_illness_or_treatment_refused fgm_forced_marriage_honour"
        " faith_linked_abuse no_safe_carer unaccompanied_asylum_seeker harm_by_another_child",
        "FAM": "domestic_abuse_high_risk",
        "EXF": "exploited_or_trafficked weapon_or_gang_violence radicalisation_imminent",
        "EMO": "suicide_attempt",
    },
}
LEVELS = {level: [code for codes in of.values() for code in codes.split()] for level, of in DOMAINS.items()}
AMBER = [
    "serious_neglect",
    "severe_emotional_harm",
    "unborn_at_risk",
    "exploited_or_trafficked",
    "weapon_or_gang_violence",
    "faith_linked_abuse",
    "radicalisation_imminent",
]
REVIEWED_LEVEL_3 = ("same_worry_after_closure", "help_refused_need_growing")
ASYLUM = "unaccompanied_asylum_seeker"
RED = [code for code in LEVELS[4] if code not in (*AMBER, ASYLUM)]

VOCABULARY = load_vocabulary(HUB_FOLDER / "facts.yaml")
POLICY = load_policy(HUB_FOLDER / "policy.yaml", VOCABULARY)
CALM: dict[str, Any] = {"immediate_danger": False, "child_age_months": 100}
AGREED: dict[str, Any] = {"agreement_position": "given", "agreement_by_holder_of_responsibility": True}

LEVEL_2 = (2, "green", "family_hub")
LEVEL_3 = (3, "amber", "targeted_early_help")
ASSESSMENT = (4, "amber", "section_17_assessment")
STRATEGY = (4, "amber", "strategy_discussion")
STRATEGY_NOW = (4, "red", "strategy_discussion")


def _assess(*indicators: str, **facts: Any) -> Receipt:
    return assess(POLICY, {**CALM, "indicators": list(indicators), **facts})


def _said(receipt: Receipt) -> tuple[int, str, str]:
    return receipt.level, receipt.priority, receipt.route


def _reviews_by_rule(receipt: Receipt) -> bool:
    return any(fired.then.review for fired in receipt.fired)


def test_it_is_in_order() -> None:
    """No lint finds anything, and every scenario passes."""
    assert lint(POLICY) == []
    assert run_scenarios(POLICY) == []


def test_every_rule_has_a_scenario_that_fires_it() -> None:
    """A rule nobody tried is not published."""
    expected = {rule for scenario in POLICY.document.scenarios for rule in scenario.expect.fired}
    assert {rule.id for rule in (*POLICY.document.rules, *POLICY.document.safety_overrides)} == expected


def test_all_66_indicators_with_level_and_domain() -> None:
    """The vocabulary holds exactly the starter set."""
    wanted = {
        code: (level, domain) for level, of in DOMAINS.items() for domain, codes in of.items() for code in codes.split()
    }
    assert {one.code: (one.level, one.domain) for one in VOCABULARY.indicators} == wanted
    assert len(wanted) == 66


@pytest.mark.parametrize("code", LEVELS[1])
def test_a_strength_alone_is_level_1(code: str) -> None:
    """Nothing of levels 2 to 4: blue once coded, amber and for a person before."""
    assert _said(_assess(code, narrative_coded=True)) == (1, "blue", "universal_advice")
    uncoded = _assess(code)
    assert _said(uncoded) == (1, "amber", "universal_advice")
    assert uncoded.review_required == ("narrative_not_coded",)


@pytest.mark.parametrize("code", LEVELS[2])
def test_any_level_2_indicator(code: str) -> None:
    """Green, to a family hub; only two kinds are never offered at once."""
    receipt = _assess(code, **AGREED)
    assert _said(receipt) == LEVEL_2
    assert receipt.auto_route is (code not in ("single_missing_episode", "parent_in_custody"))


def test_four_level_2_indicators_on_one_child() -> None:
    """Four are level 3, whichever they are; three are not, and strengths do not count."""
    assert _said(_assess(*LEVELS[2][:4])) == _said(_assess(*LEVELS[2][-4:])) == LEVEL_3
    assert _said(_assess(*LEVELS[2][:3], *LEVELS[1])) == LEVEL_2


@pytest.mark.parametrize("code", LEVELS[3])
def test_any_level_3_indicator(code: str) -> None:
    """Amber, to targeted early help, never at once; a person looks where help had ended or is refused."""
    receipt = _assess(code, **AGREED)
    assert _said(receipt) == LEVEL_3
    assert not receipt.auto_route
    assert _reviews_by_rule(receipt) is (code in REVIEWED_LEVEL_3)


@pytest.mark.parametrize(("code", "said"), [*((c, STRATEGY) for c in AMBER), *((c, STRATEGY_NOW) for c in RED)])
def test_any_level_4_indicator(code: str, said: tuple[int, str, str]) -> None:
    """Each leads to a strategy discussion, red or amber, and to a person."""
    receipt = _assess(code, **AGREED)
    assert _said(receipt) == said
    assert _reviews_by_rule(receipt)
    assert not receipt.auto_route


def test_the_level_4_rows_hold_what_they_should() -> None:
    """Ten are red, seven amber, and one goes to an assessment."""
    assert (len(RED), len(AMBER)) == (10, 7)
    receipt = _assess(ASYLUM)
    assert (_said(receipt), _reviews_by_rule(receipt)) == (ASSESSMENT, True)


@pytest.mark.parametrize(("months", "said"), [(191, LEVEL_3), (192, ASSESSMENT), (215, ASSESSMENT), (216, LEVEL_3)])
def test_homeless_at_16_or_17(months: int, said: tuple[int, str, str]) -> None:
    """From the 16th birthday to the 18th; before and after it is targeted early help."""
    assert _said(_assess("homelessness", child_age_months=months)) == said


def test_homeless_at_an_age_not_known_could_reach_level_4() -> None:
    """The age is what is asked."""
    receipt = assess(POLICY, {"immediate_danger": False, "indicators": ["homelessness"]})
    assert (receipt.level, receipt.could_reach.level, receipt.could_reach.via) == (3, 4, ("HOME-02",))
    assert [question.fact for question in receipt.missing_that_matters] == ["child_age_months"]


@pytest.mark.parametrize(
    ("indicators", "facts", "said", "reviewed"),
    [
        (["parental_conflict"], {"household_combination": 1}, LEVEL_2, False),
        (["parental_conflict"], {"household_combination": 2}, LEVEL_3, True),
        (["parental_conflict"], {"household_combination": 3}, LEVEL_3, True),
        (["bullying"], {"previous_contacts_90_days": 1}, LEVEL_2, False),
        (["bullying"], {"previous_contacts_90_days": 2}, LEVEL_3, True),
        ([], {"previous_contacts_90_days": 2}, LEVEL_3, True),
        (["self_harm"], {"previous_contacts_90_days": 1}, LEVEL_3, False),
        (["self_harm"], {"previous_contacts_90_days": 2}, ASSESSMENT, True),
        (["self_harm"], {"below_threshold_decision_12_months": True}, ASSESSMENT, True),
        (["bullying"], {"below_threshold_decision_12_months": True}, LEVEL_2, False),
        (["self_harm", "sexual_abuse"], {"previous_contacts_90_days": 2}, STRATEGY_NOW, True),
    ],
)
def test_what_history_and_household_add(
    indicators: list[str], facts: dict[str, Any], said: tuple[int, str, str], *, reviewed: bool
) -> None:
    """Earlier contacts, an earlier closure and combinations at home raise, each with its near miss."""
    receipt = _assess(*indicators, **facts)
    assert _said(receipt) == said
    assert _reviews_by_rule(receipt) is reviewed


def test_danger_now_is_a_floor() -> None:
    """Yes is level 4 and red with nothing else; not known is amber at least, a review, and within reach of level 4."""
    assert _said(assess(POLICY, {"immediate_danger": True})) == STRATEGY_NOW
    receipt = assess(POLICY, {"child_age_months": 100, "indicators": ["bullying"]})
    assert _said(receipt) == (2, "amber", "family_hub")
    assert receipt.review_required == ("immediate_danger_unknown",)
    assert receipt.could_reach.model_dump() == {"level": 4, "priority": "red", "via": ("SAFE-01",)}


@pytest.mark.parametrize(
    "changes",
    [
        {"agreement_position": "not_sought"},
        {"agreement_position": None},
        {"agreement_by_holder_of_responsibility": False},
        {"agreement_by_holder_of_responsibility": None},
        {"previous_contacts_90_days": 2},
        {"possible_match_waiting": True},
        {"immediate_danger": None},
    ],
)
def test_what_keeps_early_help_from_going_out_at_once(changes: dict[str, Any]) -> None:
    """Agreement by a holder of responsibility, few contacts, no match waiting, and danger known; None leaves it out."""
    facts = {**CALM, **AGREED, "indicators": ["bullying"]}
    assert assess(POLICY, facts).auto_route
    changed = {name: value for name, value in {**facts, **changes}.items() if value is not None}
    assert not assess(POLICY, changed).auto_route


def test_adding_an_indicator_never_lowers() -> None:
    """Strengths, ruled out signs and lesser needs take nothing from a greater one."""
    ranks = POLICY.ranks
    for code in LEVELS[2] + LEVELS[3] + LEVELS[4]:
        alone = _assess(code)
        beside = _assess(code, *LEVELS[1], "bullying", indicators_ruled_out=LEVELS[4])
        assert beside.level >= alone.level
        assert ranks[beside.priority] >= ranks[alone.priority]


def _texts(policy: Policy) -> list[str]:
    rules = (*policy.document.rules, *policy.document.safety_overrides)
    return [rule.reason for rule in rules] + [fact.ask for fact in policy.vocabulary.facts.values()]


def test_reasons_and_questions_are_sentences() -> None:
    """A parent can read them: whole sentences, no codes, no section numbers."""
    for text in _texts(POLICY):
        assert text[0].isupper()
        assert text.endswith((".", "?"))
        assert "_" not in text
