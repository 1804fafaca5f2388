"""A referral document is a referral, or every reason why it is none; nothing else, and never an echo."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.referrals.schemas import ReferralIn, parse_referral
from services.referrals.schemas.referral import EXAMPLE
from shared.problems import Invalid
from shared.settings.hub import Hub
from tests.conftest import EXAMPLES
from tests.referrals.documents import RECEIVED_AT, Document, child, document, indicators, member

CANARY = "Zzyzx Canarywharf"


def parse(sent: Any, hub: Hub, source: str | None = "2A") -> ReferralIn:
    return parse_referral(sent, hub, source, RECEIVED_AT)


def errors_of(sent: Any, hub: Hub) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        parse(sent, hub)
    return {error.pointer: error.detail for error in refused.value.errors}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_every_example_is_a_referral(path: Any, hub: Hub) -> None:
    """Each example validates, and what is kept of it says all that was sent."""
    sent = json.loads(path.read_text(encoding="utf-8"))
    kept = parse_referral(sent, hub, "6", RECEIVED_AT.replace(day=21)).model_dump(mode="json", exclude_none=True)
    assert _covers(kept, sent)


def _covers(kept: Any, sent: Any) -> bool:
    if isinstance(sent, dict):
        return all(name in kept and _covers(kept[name], value) for name, value in sent.items())
    if isinstance(sent, list):
        return len(kept) == len(sent) and all(map(_covers, kept, sent))
    return bool(kept == sent)


def test_the_documented_example_is_a_referral(hub: Hub) -> None:
    """What OpenAPI shows as an example is taken."""
    assert parse(EXAMPLE, hub).source == "2A"


def test_the_source_comes_from_the_registration(hub: Hub) -> None:
    """The registration's source stands in for one that is not sent, and never replaces one that is."""
    silent = document()
    del silent["source"]
    assert parse(silent, hub, "3E").source == "3E"
    assert parse({**silent, "source": None}, hub, "3E").source == "3E"
    assert parse(document(source="3B"), hub, "3E").source == "3B"


def test_a_referral_may_cite_the_threshold_check_before_it(hub: Hub) -> None:
    """The id of a check is kept with the referral; what is no id is refused where it stands."""
    check_id = "01a20203-2562-706f-b354-e21d3f1e405c"
    assert parse(document(check_id=check_id), hub).model_dump(mode="json")["check_id"] == check_id
    assert list(errors_of(document(check_id="the last one"), hub)) == ["/check_id"]


def test_an_urgent_referral_gets_through_almost_empty(hub: Hub) -> None:
    """A child who may be in danger needs a name, or `not known`, and what happened."""
    sent = {
        "children": [{"given_name": "not known"}],
        "concern": {"what_happened": "Found alone.", "immediate_danger": "not_known"},
    }
    assert parse(sent, hub).referrer is None


REFUSED: list[tuple[str, Document, str]] = [
    ("unknown field", document(colour="red"), "/colour"),
    ("unknown field deep down", document(children=[child(address={"town": "Towcester"})]), "/children/0/address/town"),
    ("no children", document(children=[]), "/children"),
    ("too many children", document(children=[child()] * 21), "/children"),
    ("too large a household", document(household=[member()] * 31), "/household"),
    ("null for a list", document(household=None), "/household"),
    ("blank name", document(children=[child(given_name="  ")]), "/children/0/given_name"),
    ("blank narrative", document({"what_happened": "\n"}), "/concern/what_happened"),
    ("too long a narrative", document({"what_happened": "x" * 20_001}), "/concern/what_happened"),
    ("too long a name", document(children=[child(family_name="x" * 201)]), "/children/0/family_name"),
    ("number for a text", document(children=[child(upn=12)]), "/children/0/upn"),
    ("text for a number", document({"claimed_level": "2"}), "/concern/claimed_level"),
    ("fraction for a number", document({"claimed_level": 2.0}), "/concern/claimed_level"),
    ("truth for a number", document({"claimed_level": True}), "/concern/claimed_level"),
    ("text for a truth", document(restricted="false"), "/restricted"),
    ("level 5", document({"claimed_level": 5}), "/concern/claimed_level"),
    ("kind", document(kind="complaint"), "/kind"),
    ("danger", document({"immediate_danger": "maybe"}), "/concern/immediate_danger"),
    ("danger not said", document({"immediate_danger": None}), "/concern/immediate_danger"),
    ("source", document(source="2C"), "/source"),
    ("sex", document(children=[child(sex="X")]), "/children/0/sex"),
    ("disability", document(children=[child(disabilities=["AUT", "OLD"])]), "/children/0/disabilities/1"),
    ("NONE among others", document(children=[child(disabilities=["NONE", "AUT"])]), "/children/0/disabilities"),
    ("language", document(children=[child(first_language="Polish")]), "/children/0/first_language"),
    ("relationship", document(household=[member(relationship="lodger")]), "/household/0/relationship"),
    ("role", document(household=[member(role_in_concern="suspect")]), "/household/0/role_in_concern"),
    ("withheld", document(household=[member(must_not_learn=["all"])]), "/household/0/must_not_learn/0"),
    ("indicator", document({"indicators": indicators("tired")}), "/concern/indicators/0/code"),
    ("day of no calendar", document({"happened_on": "2026-02-30"}), "/concern/happened_on"),
    ("day in another form", document({"happened_on": "20/11/2026"}), "/concern/happened_on"),
    ("day in compact form", document({"happened_on": "20261120"}), "/concern/happened_on"),
    ("day with other digits", document({"happened_on": "٢٠٢٦-11-20"}), "/concern/happened_on"),
    ("day as a number", document({"happened_on": 20261120}), "/concern/happened_on"),
    ("day two days ahead", document({"happened_on": "2026-11-22"}), "/concern/happened_on"),
    ("day before 1900", document({"happened_on": "1066-10-14"}), "/concern/happened_on"),
    ("birth ahead", document(children=[child(date_of_birth="2026-12-24")]), "/children/0/date_of_birth"),
    ("adult's birth ahead", document(household=[member(date_of_birth="2027-01-01")]), "/household/0/date_of_birth"),
    ("agreement ahead", document(openness={"agreement": {"on": "2027-01-01"}}), "/openness/agreement/on"),
    (
        "call ahead",
        document(referrer={"name": "A", "phone": "1", "earlier_call": {"at": "2026-11-21T10:00:01Z"}}),
        "/referrer/earlier_call/at",
    ),
    ("time without offset", document(needed_by={"at": "2026-11-23T15:00:00"}), "/needed_by/at"),
    ("time out of range", document(needed_by={"at": "9999-12-31T23:59:59-10:00"}), "/needed_by/at"),
    ("hour 25", document(needed_by={"at": "2026-11-23T25:00:00Z"}), "/needed_by/at"),
    ("two ages", document(children=[child(estimated_age_years=8)]), "/children/0/estimated_age_years"),
    (
        "born and unborn",
        document(children=[child(expected_delivery_date="2027-01-01")]),
        "/children/0/expected_delivery_date",
    ),
    (
        "indicator of no child",
        document({"indicators": [{"code": "self_harm", "child": 1}]}),
        "/concern/indicators/0/child",
    ),
    (
        "indicator of a child before the first",
        document({"indicators": [{"code": "self_harm", "child": -1}]}),
        "/concern/indicators/0/child",
    ),
    ("agreement by nobody", document(openness={"agreement": {"by": 0}}), "/openness/agreement/by"),
    ("NUL in a name", document(children=[child(family_name="a\x00b")]), "/children/0/family_name"),
    ("a name of nothing to see", document(children=[child(given_name="\u200b\u2060")]), "/children/0/given_name"),
    ("NUL in a narrative", document({"impact": "a\x00b"}), "/concern/impact"),
    ("lone surrogate", document({"impact": "a\ud800b"}), "/concern/impact"),
    ("no referrer", document(referrer=None), "/referrer"),
    ("referrer without a name", document(referrer={"phone": "1"}), "/referrer/name"),
    ("referrer with a blank name", document(referrer={"name": " ", "phone": "1"}), "/referrer/name"),
    ("referrer with a name that nobody sees", document(referrer={"name": "\u200b", "phone": "1"}), "/referrer/name"),
    ("referrer who cannot be reached", document(referrer={"name": "A", "role": "GP"}), "/referrer"),
]


@pytest.mark.parametrize(("_case", "sent", "pointer"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_named_by_its_place(_case: str, sent: Document, pointer: str, hub: Hub) -> None:
    """One thing is wrong, and one place is named, save that an absent referrer lacks two things."""
    named = set(errors_of(sent, hub))
    assert named - {"/referrer/name"} == {pointer} - {"/referrer/name"}
    assert pointer in named


TAKEN: list[tuple[str, Document]] = [
    ("anonymous", document(source="9", referrer=None)),
    ("danger", document({"immediate_danger": "yes"}, referrer=None)),
    ("danger not known", document({"immediate_danger": "not_known"}, referrer={"role": "neighbour"})),
    ("email alone", document(referrer={"name": "A", "email": "a@school.example"})),
    ("tomorrow, somewhere", document({"happened_on": "2026-11-21"})),
    ("a delivery to come", document(children=[{"given_name": "Unborn", "expected_delivery_date": "2027-02-01"}])),
    ("override in a narrative", document({"impact": "said \u202b\u05e9\u05dc\u202c"})),
    ("lines in a narrative", document({"impact": "one\r\n\ttwo"})),
    ("the longest narrative", document({"impact": "x" * 20_000})),
    ("twenty children", document(children=[child()] * 20)),
    ("wrong identifiers", document(children=[child(nhs_number="1", upn="2", address={"postcode": "?"})])),
    ("an unlisted language", document(children=[child(first_language="xnr")])),
    ("null for what is not known", document(children=[child(sex=None, upn=None)], openness=None)),
    ("indicator of the last child", document({"indicators": [{"code": "self_harm", "child": 0}]})),
    ("agreement by the last person", document(household=[member()], openness={"agreement": {"by": 0}})),
]


@pytest.mark.parametrize(("_case", "sent"), TAKEN, ids=[row[0] for row in TAKEN])
def test_near_misses_are_taken(_case: str, sent: Document, hub: Hub) -> None:
    """What looks odd but is allowed is a referral."""
    assert parse(sent, hub).children


def test_every_error_is_told_at_once(hub: Hub) -> None:
    """Wrong codes, wrong types, broken rules and unknown fields come back together."""
    sent = document(
        {"indicators": [{"code": "tired", "child": 4}], "claimed_level": "2"},
        referrer=None,
        children=[child(sex="X", estimated_age_years=3)],
        colour="red",
    )
    assert set(errors_of(sent, hub)) == {
        "/concern/indicators/0/code",
        "/concern/indicators/0/child",
        "/concern/claimed_level",
        "/referrer",
        "/referrer/name",
        "/children/0/sex",
        "/children/0/estimated_age_years",
        "/colour",
    }


def test_a_wrong_code_names_the_allowed_ones(hub: Hub) -> None:
    """A short list is told whole, a long one by its beginning and its address."""
    errors = errors_of(
        document({"indicators": indicators("tired")}, children=[child(sex="X", first_language="Polish")]), hub
    )
    assert errors["/children/0/sex"] == "Must be one of M, F, U."
    assert "GET /v1/code-lists/indicators" in errors["/concern/indicators/0/code"]
    assert "such as eng" in errors["/children/0/first_language"]


def test_a_flood_of_errors_is_cut(hub: Hub) -> None:
    """Thousands of unknown fields do not come back as thousands of errors."""
    assert len(errors_of({**document(), **{f"field_{n}": n for n in range(5_000)}}, hub)) == 100


@pytest.mark.parametrize("sent", [None, [], "text", 7, {}, {"children": 1, "concern": []}, {"concern": {}}])
def test_what_is_no_document_is_invalid(sent: Any, hub: Hub) -> None:
    """Anything that JSON can say and that is no referral is refused in the same way."""
    assert errors_of(sent, hub)


CLEANED: list[tuple[str, Document, str]] = [
    (
        "a number pasted from a telephone",
        document(referrer={"name": "A", "phone": "\u202a01632 960001\u202c"}),
        "phone",
    ),
    ("override in a number", document(referrer={"name": "A", "phone": "01632\u202e 960001"}), "phone"),
    ("no-break space", document(referrer={"name": "A", "phone": "01632\u00a0960001"}), "phone"),
    ("line break", document(referrer={"name": "A", "phone": "01632\r\n960001"}), "phone"),
    (
        "more that is unseen than a number is long",
        document(referrer={"name": "A", "phone": "01632 " + "\u200b" * 60 + "960001"}),
        "phone",
    ),
    ("escape in a name", document(referrer={"name": "01632\x1b 960001", "phone": "1"}), "name"),
]


@pytest.mark.parametrize(("_case", "sent", "name"), CLEANED, ids=[row[0] for row in CLEANED])
def test_what_is_unseen_is_taken_out(_case: str, sent: Document, name: str, hub: Hub) -> None:
    """Nothing is refused for signs that nobody sees and for spaces of another kind."""
    referrer = parse(sent, hub).referrer
    assert getattr(referrer, name) == "01632 960001"


def test_codes_answers_and_dates_are_lines_too(hub: Hub) -> None:
    """A danger is not missed for a space that a spreadsheet left behind."""
    sent = document(
        {"immediate_danger": "yes\u00a0", "happened_on": "\ufeff2026-11-19"},
        children=[child(sex="F ", date_of_birth="2018-05-23\u200b")],
        needed_by={"at": "2026-11-23T15:00:00Z\u00a0"},
    )
    referral = parse(sent, hub).model_dump(mode="json")
    assert referral["concern"]["immediate_danger"] == "yes"
    assert referral["concern"]["happened_on"] == "2026-11-19"
    assert (referral["children"][0]["sex"], referral["children"][0]["date_of_birth"]) == ("F", "2018-05-23")
    assert referral["needed_by"]["at"] == "2026-11-23T15:00:00Z"


def test_texts_are_normalised(hub: Hub) -> None:
    """Letters with combining accents become one character, and space around a text goes."""
    referral = parse(document(children=[child(given_name=" Zoe\u0308 ")]), hub)
    assert referral.children[0].given_name == "Zoë"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-11-23T15:00:00Z", "2026-11-23T15:00:00Z"),
        ("2026-11-23t16:00:00+01:00", "2026-11-23T15:00:00Z"),
        ("2026-11-23T15:00:00.123456789Z", "2026-11-23T15:00:00.123456Z"),
    ],
)
def test_times_are_kept_in_utc(sent: str, kept: str, hub: Hub) -> None:
    """A time with any offset is kept in UTC."""
    referral = parse(document(needed_by={"at": sent}), hub)
    assert referral.model_dump(mode="json")["needed_by"]["at"] == kept


def test_fixed_answers_are_the_code_lists(hub: Hub) -> None:
    """The answers that the code itself knows are those of the published code lists."""
    schema = TypeAdapter(ReferralIn).json_schema()
    defs = schema["$defs"]
    listed = {
        "kind": schema["properties"]["kind"],
        "seen_or_reported": defs["Concern"]["properties"]["seen_or_reported"],
        "yes_no_not_known": defs["Concern"]["properties"]["immediate_danger"],
        "indicator_status": defs["Indicated"]["properties"]["status"],
        "agreement_position": defs["Agreement"]["properties"]["position"],
        "lawful_basis": defs["LawfulBasis"]["properties"]["basis"],
        "early_help_assessment": defs["HelpSoFar"]["properties"]["early_help_assessment"],
        "must_not_learn": defs["Member"]["properties"]["must_not_learn"]["items"],
    }
    for name, field in listed.items():
        answers = field.get("enum") or field["anyOf"][0]["enum"]
        assert set(answers) == set(hub.code_lists[name].codes)
