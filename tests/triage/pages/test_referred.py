"""What is sent from the pages by which partners refer, and what they read of it."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.pages.form import Form
from services.triage.pages.journey.answers import GIVEN_BY, referral_of, without
from services.triage.pages.refer.family import HOUSEHOLD
from services.triage.pages.refer.steps import REFER
from shared.problems import Forbidden, IdempotencyKeyReused, Problem
from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import ISSUER, verifier
from tests.triage.conftest import Front, opened
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import REFERRING, SignIn
from tests.triage.pages.referring import ROSA, answer, told_of
from tests.triage.pages.test_call import ACCEPTED, PATH


async def test_a_second_press_sends_the_same_once(front: Front, as_persona: SignIn) -> None:
    """The key stands in the page, so that the other service knows the second for the first."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("referrer")
    await told_of(browser)
    (form,) = [form for form in browser.forms if form.action == "/refer/check"]
    for _ in range(2):
        assert (await browser.post("/refer/check", form.fields)).status_code == 200
    assert front.referrals.recorded[0] == front.referrals.recorded[1]


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (Forbidden("no"), 403, "your agency may not refer at present"),
        (IdempotencyKeyReused("no"), 422, "was sent already"),
    ],
)
async def test_a_referral_that_is_refused_whole(
    front: Front, as_persona: SignIn, refusal: Problem, status: int, words: str
) -> None:
    """An agency that may not refer any more, or a page that was sent with other answers before, is told so."""
    browser = await as_persona("referrer")
    await told_of(browser)
    with patch.object(front.referrals, "record", side_effect=refusal):
        assert await answer(browser, "check") == status
    assert words in browser.text


async def test_what_was_sent_is_read_for_the_agency(front: Front, as_persona: SignIn) -> None:
    """Reference, status, advice and feedback, asked for under the account that looks."""
    item = {
        "reference": "FD-1",
        "agency_reference": "<i>Y5</i>",
        "status": "decided",
        "received_at": "2026-11-20T10:00:00Z",
        "decision_due_at": "2026-11-23T10:00:00Z",
        "acknowledged_at": "2026-11-20T11:00:00Z",
        "advice": ["keep_in_school"],
        "feedback": "A family hub was asked.",
        "next_step": "Stay in touch.",
        "decided_at": "2026-11-20T12:00:00Z",
    }
    waiting = {**item, "status": "received", "feedback": None, "next_step": None, "acknowledged_at": None}
    front.referrals.details[f"{PATH}?limit=20"] = {"items": [item, waiting], "next_cursor": "abc"}
    browser = await as_persona("referrer")
    await browser.open("/refer/sent")
    for words in (
        "<i>Y5</i>",
        "A family hub was asked.",
        "Stay in touch.",
        "Keep the child in school",
        "nobody has read",
    ):
        assert words in browser.text
    assert "/refer/sent?cursor=abc" in browser.page.text
    assert front.referrals.shown_to == [ROSA]
    front.referrals.away = True
    assert (await browser.open("/refer/sent")).status_code == 503


async def test_an_agency_that_is_disabled_is_out(open_service: OpenDatabase, hub: Hub) -> None:
    """Its people's sessions end with its tokens."""
    known = verifier()
    with patch("tests.triage.conftest.verifier", lambda: known):
        async with opened(open_service, hub, profile=Profile.DEMO) as front:
            front.referrals.details[REFERRING] = {"agencies": {"towcester-primary": "Towcester Primary"}}
            browser = Browser(front.http, ISSUER)
            await browser.sign_in("referrer")
            assert (await browser.open("/refer")).url.path == "/refer"
            known.disabled.add("towcester-primary")
            assert (await browser.open("/refer")).url.path == "/desk/sign-in"


NAMES = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5)


@given(NAMES, st.data())
def test_whoever_agreed_stays_who_they_were(names: list[str], data: st.DataObject) -> None:
    """Taking one person out moves the others up, and the agreement with them; that of who is taken out goes too."""
    by, out = (data.draw(st.integers(0, len(names) - 1)) for _ in range(2))
    told = Form({f"household-{index}-name": [name] for index, name in enumerate(names)} | {GIVEN_BY: [str(by)]})
    left = without(told, HOUSEHOLD, out)
    kept = [name for index, name in enumerate(names) if index != out]
    assert [left.text(f"household-{index}-name") for index in range(HOUSEHOLD.count(left))] == kept
    agreed = left.text(GIVEN_BY)
    assert agreed is None if by == out else kept[int(agreed or "")] == names[by]


def test_a_baby_to_come_is_dated_not_aged(hub: Hub) -> None:
    """Of two ways to say how old a child is the surer is sent."""
    told = Form({"children-0-expected_delivery_date": ["2027-02-01"], "children-0-estimated_age_years": ["0"]})
    (child,) = referral_of(REFER, told, hub)["children"]
    assert child == {"given_name": "not known", "expected_delivery_date": "2027-02-01"}
