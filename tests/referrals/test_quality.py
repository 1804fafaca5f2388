"""What a referral leaves open becomes questions and costs score; where telling could harm, nothing is asked of it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referrals.domain import Quality, quality_of
from services.referrals.domain.questions import CHILD_QUESTIONS, QUESTIONS
from services.referrals.schemas import parse_referral
from shared.harm import TELLING_HARMS
from shared.settings.hub import Hub
from tests.conftest import EXAMPLES, ROOT
from tests.referrals.documents import RECEIVED_AT, Document, child, document, indicators, member

RECEIVED_ON = date(2026, 11, 20)
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text(encoding="utf-8"))
OPENNESS = {"/openness/parents_informed", "/openness/reason_not_informed", "/openness/agreement/position"}

COMPLETE: Document = document(
    {
        "happened_on": "2026-11-19",
        "seen_or_reported": "seen",
        "childs_words": "I like school.",
        "impact": "Tired.",
        "earlier_concerns": "None.",
        "indicators": indicators("attendance_slipping"),
        "claimed_level": 2,
    },
    household=[member(), member(name="Al", relationship="father")],
    openness={"parents_informed": "yes", "agreement": {"position": "given", "by": 0}},
    lawful_basis={"basis": "public_task"},
    help_so_far={"early_help_assessment": "no"},
    outcome_wanted="Help with mornings.",
)
EMPTY: Document = {
    "kind": "request",
    "children": [{"given_name": "not known"}],
    "concern": {"what_happened": "Alone.", "immediate_danger": "not_known"},
}


def quality(sent: Document) -> Quality:
    return quality_of(sent, RECEIVED_ON)


def asked(sent: Document) -> list[str]:
    return [question.pointer for question in quality(sent).missing]


def test_the_weights_add_up() -> None:
    """All weights make 100, so that the score runs from 0 to 100."""
    assert sum(asks.weight for asks in QUESTIONS) + sum(asks.weight for asks in CHILD_QUESTIONS) == 100


def test_every_question_is_explained() -> None:
    """docs/quality.md has each question with its weight."""
    text = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    rows = [f"| `{asks.pointer}` | {asks.weight} | {asks.ask} |" for asks in QUESTIONS]
    rows += [f"| `/children/N{asks.pointer}` | {asks.weight} | {asks.ask} |" for asks in CHILD_QUESTIONS]
    assert [row for row in rows if row not in text] == []


def test_a_complete_referral_is_asked_nothing() -> None:
    """Nothing is missing, nothing is warned of, and the score is full."""
    assert quality(COMPLETE) == Quality(100, (), ())


def test_an_almost_empty_referral_is_scored_and_asked() -> None:
    """It scores low, above or at 0, and is asked for what an urgent referral may leave out."""
    found = quality(EMPTY)
    assert 0 <= found.score < 20
    assert {"/referrer/name", "/referrer", "/concern/immediate_danger", "/children/0/family_name"} <= set(asked(EMPTY))


MISSING: list[tuple[str, str, Any]] = [
    ("concern/seen_or_reported", "/concern/seen_or_reported", None),
    ("concern/childs_words", "/concern/childs_words", ""),
    ("concern/impact", "/concern/impact", None),
    ("concern/earlier_concerns", "/concern/earlier_concerns", None),
    ("concern/happened_on", "/concern/happened_on", None),
    ("concern/indicators", "/concern/indicators", []),
    ("concern/claimed_level", "/concern/claimed_level", None),
    ("concern/immediate_danger", "/concern/immediate_danger", "not_known"),
    ("household", "/household", []),
    ("household", "/household", [member()]),
    ("openness/parents_informed", "/openness/parents_informed", "not_known"),
    ("openness/parents_informed", "/openness/reason_not_informed", "no"),
    ("openness/agreement", "/openness/agreement/position", {"position": "not_known"}),
    ("openness/agreement", "/openness/agreement/by", {"position": "given"}),
    ("lawful_basis", "/lawful_basis/basis", None),
    ("help_so_far/early_help_assessment", "/help_so_far/early_help_assessment", "not_known"),
    ("outcome_wanted", "/outcome_wanted", None),
    ("referrer/name", "/referrer/name", None),
    ("referrer/phone", "/referrer", None),
    ("children", "/children/0/date_of_birth", [child(date_of_birth=None, estimated_age_years=8)]),
    ("children", "/children/1/address/postcode", [child(), child(address=None)]),
    ("children", "/children/0/family_name", [child(family_name=None)]),
    ("children", "/children/0/family_name", [child(given_name="Not known")]),
]


@pytest.mark.parametrize(("path", "pointer", "value"), MISSING, ids=[f"{row[1]}-{n}" for n, row in enumerate(MISSING)])
def test_what_is_missing_is_asked_and_costs(path: str, pointer: str, value: Any) -> None:
    """Each thing taken from a complete referral is asked for alone, and lowers the score."""
    sent: Document = json.loads(json.dumps(COMPLETE))
    *parents, last = path.split("/")
    part = sent
    for name in parents:
        part = part[name]
    part[last] = value
    assert asked(sent) == [pointer]
    assert quality(sent).score < 100


KEPT_SILENT: list[tuple[str, Document]] = [
    *((code, {"concern": {**COMPLETE["concern"], "indicators": indicators(code)}}) for code in sorted(TELLING_HARMS)),
    (
        "alleged perpetrator at home",
        {"household": [member(role_in_concern="alleged_perpetrator")]},
    ),
    (
        "alleged perpetrator, home not known",
        {"household": [{"relationship": "father", "role_in_concern": "alleged_perpetrator"}]},
    ),
    ("must not learn of it", {"household": [member(relationship="father", must_not_learn=["referral"])]}),
]


@pytest.mark.parametrize(("_case", "said"), KEPT_SILENT, ids=[row[0] for row in KEPT_SILENT])
@pytest.mark.parametrize("openness", [None, {"parents_informed": "no"}, {"parents_informed": "not_known"}])
def test_where_telling_could_harm_nothing_is_asked_of_it(_case: str, said: Document, openness: Any) -> None:
    """Neither asked nor marked down: silence scores as well as having told."""
    silent = {**COMPLETE, **said, "openness": openness}
    assert not OPENNESS & set(asked(silent))
    told = {**silent, "openness": {"parents_informed": "yes", "agreement": {"position": "not_sought"}}}
    assert quality(silent).score == quality(told).score
    assert "/safe_contact" in asked(silent)


@pytest.mark.parametrize(
    "said",
    [
        {"concern": {**COMPLETE["concern"], "indicators": [{"code": "sexual_abuse", "status": "ruled_out"}]}},
        {"household": [member(relationship="father", role_in_concern="alleged_perpetrator", lives_with_child="no")]},
        {"household": [member(relationship="father", must_not_learn=["location"])]},
    ],
)
def test_where_telling_is_safe_it_is_asked(said: Document) -> None:
    """What is ruled out, or an alleged perpetrator who lives elsewhere, does not silence the question."""
    assert OPENNESS & set(asked({**COMPLETE, **said, "openness": None}))


FGM = {**COMPLETE["concern"], "indicators": indicators("attendance_slipping", "fgm_forced_marriage_honour")}


@pytest.mark.parametrize(
    ("source", "said", "told"),
    [
        ("2A", {}, True),
        ("3A", {}, True),
        ("3E", {}, True),
        ("6", {}, False),
        ("1A", {}, False),
        ("2A", {"children": [child(date_of_birth="2008-11-20")]}, False),
        ("2A", {"children": [child(date_of_birth="2008-11-21")]}, True),
        ("2A", {"concern": COMPLETE["concern"]}, False),
    ],
)
def test_known_fgm_must_be_reported_by_those_who_know(source: str, said: Document, told: bool) -> None:
    """Teachers and health professionals are told of their own duty for a girl under 18; nobody else is."""
    found = quality({**COMPLETE, "concern": FGM, **said, "source": source})
    duty = [question for question in found.missing if question.pointer == "/concern/indicators/1/code"]
    assert bool(duty) is told
    assert all("police" in question.ask for question in duty)


def test_an_unborn_child_is_asked_for_little() -> None:
    """No words, name or birth are asked for, and the mother's address is the child's."""
    unborn = {"given_name": "Unborn", "expected_delivery_date": "2027-02-08"}
    at_home = member(address={"postcode": "NN8 4LJ"})
    sent = {**COMPLETE, "children": [unborn], "household": [at_home, member(relationship="father")]}
    sent["concern"] = {**COMPLETE["concern"], "childs_words": None}
    assert asked(sent) == []
    assert asked({**sent, "household": [member(), member(relationship="father")]}) == ["/children/0/address/postcode"]


def test_information_sent_as_a_request_is_asked_about() -> None:
    """A request at level 1 is asked whether it is one, at no cost; information is asked for no outcome."""
    low = {**COMPLETE, "concern": {**COMPLETE["concern"], "claimed_level": 1}}
    assert asked(low) == ["/kind"]
    assert quality(low).score == 100
    assert asked({**low, "kind": "information", "outcome_wanted": None}) == []


@settings(max_examples=100, derandomize=True)
@given(lacking=st.lists(st.booleans(), min_size=1, max_size=20))
def test_each_child_counts_for_its_share(lacking: list[bool]) -> None:
    """The more children lack a birth date the lower the score, down to the whole weight."""
    children = [child(date_of_birth=None) if gone else child() for gone in lacking]
    lost = 100 - quality({**COMPLETE, "children": children}).score
    assert lost == -(-6 * sum(lacking) // len(lacking))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_warn_as_expected(path: Path, hub: Hub) -> None:
    """Each example warns of exactly the places that are known to be wrong, and twice the same."""
    sent = json.loads(path.read_text(encoding="utf-8"))
    kept = parse_referral(sent, hub, "6", RECEIVED_AT.replace(day=21)).model_dump(mode="json", exclude_none=True)
    found = quality(kept)
    assert sorted(w.pointer for w in found.warnings) == sorted(EXPECTED[path.stem].get("warnings", []))
    assert found == quality(kept)
    assert 0 <= found.score <= 100
