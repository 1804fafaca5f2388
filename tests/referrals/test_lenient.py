"""A child in danger is never refused: what the sender is told, and what stays refused all the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.referrals.conftest import SCHOOL, TRIAGE, Front
from tests.referrals.documents import Document, child, document
from tests.referrals.reading import WRONG, in_danger, unclear

ASKED = {**SCHOOL, "Prefer": "handling=lenient"}
INPUTS = Path(__file__).parent / "inputs"


async def test_a_child_in_danger_is_never_refused(front: Front, subtests: pytest.Subtests) -> None:
    """What was refused before is taken, warned about and asked again, sealed, and never repeated in the answer."""
    for name, (sent, kept) in WRONG.items():
        with subtests.test(name):
            accepted = await front.submit(sent, {**SCHOOL, "Idempotency-Key": name})
            detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()

            assert unclear(detail["referral"]) == kept
            assert set(kept) <= {one["pointer"] for one in accepted["quality"]["warnings"]}
            assert set(kept) <= {one["pointer"] for one in accepted["quality"]["missing"]}
            assert detail["quality"] == accepted["quality"]
            assert accepted["call_now"] is not None


async def test_no_answer_repeats_what_was_not_understood(front: Front) -> None:
    """Neither a value nor a field name that may be the sender's own words stands in the answer."""
    reply = await front.post(
        {**in_danger(children=[child(sex="Quillfeather")]), "Quillfeather was here": "Quillfeather"}
    )

    assert reply.status_code == 202
    assert "Quillfeather" not in reply.text
    assert {one["pointer"] for one in reply.json()["quality"]["warnings"]} == {"", "/children/0/sex"}


async def test_lenient_reading_may_be_preferred(front: Front) -> None:
    """Without danger what does not fit is 422, unless the sender prefers it kept, which the answer then says."""
    sent = document({"claimed_level": 9}, referrer=None)

    strictly, leniently = await front.post(sent), await front.post(sent, ASKED)
    good = await front.post(document(), ASKED)

    assert (strictly.status_code, "Preference-Applied" in strictly.headers) == (422, False)
    assert (leniently.status_code, leniently.headers["Preference-Applied"]) == (202, "handling=lenient")
    assert good.headers["Preference-Applied"] == "handling=lenient"
    assert (await front.post(document())).headers.get("Preference-Applied") is None


async def test_a_story_alone_is_enough(front: Front) -> None:
    """Also where it stands on the first level, beside a danger that nobody looks for there."""
    accepted = await front.submit({"what_happened": "He is hurt.", "immediate_danger": "yes"})
    detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()

    assert unclear(detail["referral"]) == {"/what_happened": "He is hurt.", "/immediate_danger": "yes"}
    assert detail["referral"]["concern"]["immediate_danger"] == "not_known"


@pytest.mark.parametrize("concern", ["He is hurt.", ["He is hurt."], [{"what_happened": "He is hurt."}]])
async def test_a_story_in_place_of_the_concern_is_enough(concern: Any, front: Front) -> None:
    """A story without a child is taken whatever the shape that it stands in, and kept as it was given."""
    accepted = await front.submit({"concern": concern})
    detail = (await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)).json()

    assert unclear(detail["referral"]) == {"/concern": concern}
    assert "He is hurt." in detail["referral"]["concern"]["what_happened"]
    assert detail["referral"]["concern"]["immediate_danger"] == "not_known"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"children": []},
        {"children": [{}]},
        {"children": [{"given_name": " "}]},
        {"concern": {"what_happened": ""}},
        {"concern": " "},
        {"concern": [{"immediate_danger": "yes"}]},
    ],
)
async def test_what_tells_of_no_child_is_refused(sent: Document, front: Front) -> None:
    """Less than a child with any content or a story is 422, in danger and where lenient reading is preferred."""
    assert (await front.post(sent, ASKED)).status_code == 422


async def test_malformed_json_is_refused_in_danger_too(front: Front, subtests: pytest.Subtests) -> None:
    """Duplicate keys, NaN, depth and cut bodies stay 400; NUL and surrogates do where no child is in danger."""
    start = b'{"children": [{"given_name": "Robin"}], "concern": {"what_happened": "x", "immediate_danger": "yes"'
    bodies = {
        "duplicate key": start + b'}, "kind": 1, "kind": 2}',
        "NaN": start + b', "impact": NaN}}',
        "deep": start + b', "impact": ' + b"[" * 30 + b"]" * 30 + b"}}",
        "cut": start,
        "latin-1": start + b', "impact": "\xe9"}}',
        "NUL, no danger": (start + b', "impact": "\\u0000"}}').replace(b'"yes"', b'"no"'),
        "surrogate, no danger": (start + b', "impact": "\\ud800"}}').replace(b'"yes"', b'"no"'),
    }
    for name, body in bodies.items():
        with subtests.test(name):
            reply = await front.http.post("/v1/referrals", content=body, headers={**SCHOOL, "Idempotency-Key": name})
            assert reply.status_code == 400
    odd = start + b', "impact": "\\u0000\\ud800", "claimed_level": 1e999}}'
    taken = await front.http.post("/v1/referrals", content=odd, headers={**SCHOOL, "Idempotency-Key": "odd"})
    assert taken.status_code == 202
    for digits in (17, 309, 4300, 4301):
        long = start + b', "claimed_level": ' + b"9" * digits + b"}}"
        taken = await front.http.post("/v1/referrals", content=long, headers={**SCHOOL, "Idempotency-Key": f"{digits}"})
        assert taken.status_code == 202


@pytest.mark.parametrize("name", ["invisible-in-phone", "words-in-place-of-a-number"])
async def test_documents_that_were_refused(name: str, front: Front) -> None:
    """A pasted telephone number and words in a number's field refuse no child in danger."""
    accepted = await front.submit(json.loads((INPUTS / f"{name}.json").read_text(encoding="utf-8")))

    assert accepted["call_now"]["because"] == "You say that a child is in danger now."
