"""A document that must not be refused is read as far as it can be, and the rest is kept as given."""

import json
import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.referrals.domain import quality_of
from services.referrals.schemas import read_referral
from shared.http.lenient import Document as Body
from shared.http.lenient import tells_of_a_child
from shared.http.mending import mend_json
from shared.not_understood import BEGINNING
from shared.problems import BadRequest
from shared.settings.hub import Hub
from tests.referrals.documents import RECEIVED_AT, child, document, member
from tests.referrals.odd import body_of, danger_of, must_be_taken, odd_document
from tests.referrals.reading import WRONG, in_danger, read, unclear

PROOF = bool(os.environ.get("PROOF"))
EXAMPLES = 20_000 if PROOF else 400


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_kept_as_given(name: str, hub: Hub) -> None:
    """The least that does not fit is taken out, and kept with its place in the sender's document."""
    sent, kept = WRONG[name]

    stored = read(sent, hub)

    assert unclear(stored) == kept
    assert stored["concern"]["immediate_danger"] == "yes"
    assert all(one["detail"] for one in stored["not_understood"])


def test_what_fits_stays(hub: Hub) -> None:
    """Beside what is taken out everything else stands as it was sent, and others keep their numbers."""
    sent = in_danger(
        {"indicators": [{"code": "self_harm", "status": "present", "child": 1}, {"code": "??"}, {"code": "bullying"}]},
        children=["Robin", child(given_name="Ash")],
        household=[7, member(name="Jo")],
        openness={"agreement": {"position": "given", "by": 1}},
    )

    stored = read(sent, hub)

    assert [one["given_name"] for one in stored["children"]] == ["not known", "Ash"]
    assert [one.get("name") for one in stored["household"]] == [None, "Jo"]
    assert stored["openness"]["agreement"]["by"] == 1
    assert [(one["code"], one.get("child")) for one in stored["concern"]["indicators"]] == [
        ("self_harm", 1),
        ("bullying", None),
    ]
    assert unclear(stored) == {"/children/0": "Robin", "/household/0": 7, "/concern/indicators/1": {"code": "??"}}


def test_what_protects_is_never_lost(hub: Hub) -> None:
    """Where it can't be read whether something is to be withheld, it is withheld; null says nothing."""
    sent = in_danger(
        children=[child(location_protected="yes"), child(location_protected=None)],
        household=[member(must_not_learn=["adress"]), member(must_not_learn="location")],
        restricted=1,
    )

    stored = read(sent, hub)

    assert [one["location_protected"] for one in stored["children"]] == [True, False]
    assert [len(one["must_not_learn"]) for one in stored["household"]] == [4, 4]
    assert stored["restricted"] is True


@pytest.mark.parametrize("danger", [None, "YES", True, ["yes"], "", 1])
def test_a_danger_that_cannot_be_read_is_not_known(danger: Any, hub: Hub) -> None:
    """What is no answer counts as not known, and is kept."""
    stored = read(document({"immediate_danger": danger}), hub)

    assert stored["concern"]["immediate_danger"] == "not_known"
    assert unclear(stored) == {"/concern/immediate_danger": danger}


def test_a_story_is_read_whatever_its_shape(hub: Hub) -> None:
    """A story that is too long stands as far as it fits, the rest beside it; one in another shape stands as text."""
    long = read(in_danger({"what_happened": "a" * 20_000 + "b" * 9}), hub)
    listed = read(in_danger({"what_happened": ["She ran.", "He followed."]}), hub)
    absent = read({"children": [{"family_name": "Testling"}]}, hub)

    assert long["concern"]["what_happened"] == "a" * 20_000
    assert unclear(long) == {"/concern/what_happened": "b" * 9}
    assert listed["concern"]["what_happened"] == '["She ran.","He followed."]'
    assert absent["concern"] == {"what_happened": "not known", "immediate_danger": "not_known", "indicators": []}
    assert absent["children"][0]["given_name"] == "not known"


def test_nothing_is_lost_where_much_is_named(hub: Hub) -> None:
    """A hundred values are named, each up to 2 kB, and the rest are counted; the whole stands beside them."""
    sent = {**in_danger(), **{f"field_{number}": "é" * 3000 for number in range(130)}}

    stored = read(sent, hub)

    assert (len(stored["not_understood"]), stored["not_understood_more"]) == (100, 30)
    assert {len(one["value"].encode()) for one in stored["not_understood"]} == {2048}
    assert {one["detail"] for one in stored["not_understood"]} == {f"There is no such field. {BEGINNING}"}
    assert json.loads(stored["as_sent"]) == sent
    assert "as_sent" not in read(in_danger(), hub)


def test_too_many_are_read_as_far_as_there_is_room(hub: Hub) -> None:
    """Of 22 children the first 20 are read, and the others kept beside them."""
    stored = read(in_danger(children=[child(given_name=f"No {number}") for number in range(22)]), hub)

    assert [one["given_name"] for one in stored["children"]] == [f"No {number}" for number in range(20)]
    assert [unclear(stored)[f"/children/{number}"]["given_name"] for number in (20, 21)] == ["No 20", "No 21"]


def test_characters_and_numbers_that_others_choke_on(hub: Hub) -> None:
    """NUL and lone surrogates become U+FFFD with a warning; a number beyond bounds is kept as it was written."""
    body = (
        b'{"children": [{"given_name": "Ro\\u0000bin", "estimated_age_years": 1e999, "\\ud800": 1, "\\ud801": 2}],'
        b' "concern": {"what_happened": "\\udc00 hurt \\ud83d\\ude00", "immediate_danger": "yes", "claimed_level": '
        + b"9" * 5000
        + b"}}"
    )
    mended = mend_json(body, BadRequest())
    parsed = Body(mended.document, replaced=mended.replaced)

    stored = read_referral(parsed, hub, "2A", RECEIVED_AT).document()

    assert stored["children"][0]["given_name"] == "Ro\ufffdbin"
    assert stored["concern"]["what_happened"] == "\ufffd hurt \U0001f600"
    assert stored["characters_replaced"] == ["/children/0/given_name", "/concern/what_happened"]
    assert [(one["pointer"], one["value"]) for one in stored["not_understood"]] == [
        ("/children/0/estimated_age_years", "1e999"),
        ("/concern/claimed_level", "9" * 2048),
        ("/children/0/\ufffd", 1),
        ("/children/0/\ufffd3", 2),
    ]
    warned = quality_of(stored, RECEIVED_AT.date()).warnings
    assert {"/children/0/given_name", "/concern/what_happened"} <= {one.pointer for one in warned}


@settings(max_examples=EXAMPLES, derandomize=not PROOF, deadline=None, suppress_health_check=[*HealthCheck])
@given(drawn=st.randoms(use_true_random=False))
def test_whatever_tells_of_a_child_is_read(drawn: random.Random, hub: Hub) -> None:
    """Whatever stands in a document, a valid referral is left, and a danger that can be read stands in it."""
    sent = odd_document(drawn)
    if must_be_taken(sent):
        assert tells_of_a_child(mend_json(body_of(sent), BadRequest()).document)
        assert read(sent, hub)["concern"]["immediate_danger"] == danger_of(sent)
