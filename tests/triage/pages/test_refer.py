"""Referring a child, by somebody of an agency without a system of its own."""

from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.triage.pages.form import Form
from services.triage.pages.journey.answers import GIVEN_BY, referral_of, without
from services.triage.pages.refer.family import HOUSEHOLD
from services.triage.pages.refer.steps import REFER
from shared.db import transaction
from shared.problems import Forbidden, IdempotencyKeyReused, Problem
from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import ISSUER, verifier
from tests.triage.conftest import Front, opened
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import REFERRING, SignIn
from tests.triage.pages.test_call import ACCEPTED, PATH

ROSA = "referrer referrer towcester-primary"


async def answer(browser: Browser, step: str, **typed: str | list[str]) -> int:
    """Fill in one page and go on; fields are written with `__` for the hyphen of their names. Returns the status."""
    named = {name.replace("__", "-"): said for name, said in typed.items()}
    return (await browser.send(f"/refer/{step}", **named)).status_code


async def begin(browser: Browser, danger: str = "no") -> None:
    await browser.open("/refer/danger")
    await answer(browser, "danger", concern__immediate_danger=danger)


async def told_of(browser: Browser, *signs: str, what: str = "Alone at night.") -> None:
    """Come to the page with all answers, with the least that has to be said where there is no danger."""
    await begin(browser)
    await answer(browser, "worries", concern__indicators=list(signs))
    for step in ("checked", "child", "household"):
        await answer(browser, step)
    await answer(browser, "concern", concern__what_happened=what)
    await answer(browser, "help")
    if at(browser) == "openness":
        await answer(browser, "openness")
    await answer(browser, "safe-contact")
    await answer(browser, "you", referrer__phone="01632 960444")
    assert at(browser) == "check"


def at(browser: Browser) -> str:
    """Return the step whose page is shown."""
    (form,) = [form for form in browser.forms if form.action.startswith("/refer/")]
    return form.action.removeprefix("/refer/")


async def test_two_siblings_are_referred_in_one_referral(front: Front, as_persona: SignIn) -> None:
    """The check comes first and is cited; each child and each person has a page; all goes for the agency, once."""
    front.referrals.details[PATH] = {**ACCEPTED, "call_now": None}
    browser = await as_persona("referrer")
    await begin(browser)
    place = {"children__0__address__postcode": "NN12 6XX"}
    await answer(browser, "worries", concern__indicators=["attendance_slipping"], ages="9 and 7", **place)
    for words in ("Level 2: family hub", "Help nearby", "Towcester", "Still worried? Refer, or call 01632 960101"):
        assert words in browser.text
    await answer(browser, "checked")
    await answer(browser, "child", children__0__given_name="Poppy", children__0__date_of_birth="23/5/2017")
    await answer(browser, "child", children__1__given_name="Finlay")
    await answer(browser, "household", household__0__name="Jo", another="yes")
    await answer(browser, "household", household__1__name="Al", household__1__relationship="father")
    await answer(browser, "concern", concern__what_happened="<b>Late</b>", concern__happened_on="2026-11-02")
    await answer(browser, "help", concern__claimed_level="2", needed_by__at="2026-11-24T15:00")
    await answer(browser, "openness", openness__agreement__position="given", openness__agreement__by="1")
    await answer(browser, "safe-contact", safe_contact__do_not="Ring at home")
    await answer(browser, "you", referrer__phone="01632 960444", agency_reference="Y5/12")
    assert "<b>Late</b>" in browser.text
    assert front.referrals.recorded == []
    await answer(browser, "check")
    ((document, key, person),) = front.referrals.recorded
    check_id = document.pop("check_id")
    assert (len(key), person) == (32, ROSA)
    assert document == {
        "children": [
            {"given_name": "Poppy", "date_of_birth": "2017-05-23", "address": {"postcode": "NN12 6XX"}},
            {"given_name": "Finlay", "estimated_age_years": 7},
        ],
        "household": [{"name": "Jo"}, {"name": "Al", "relationship": "father"}],
        "concern": {
            "immediate_danger": "no",
            "indicators": [{"code": "attendance_slipping", "status": "present"}],
            "what_happened": "<b>Late</b>",
            "happened_on": "2026-11-02",
            "claimed_level": 2,
        },
        "needed_by": {"at": "2026-11-24T15:00:00+00:00"},
        "openness": {"agreement": {"position": "given", "by": 1}},
        "safe_contact": {"do_not": "Ring at home"},
        "referrer": {"name": "Referrer", "phone": "01632 960444"},
        "agency_reference": "Y5/12",
    }
    async with transaction(front.db) as session:
        query = text("SELECT who, role, purpose FROM audit_rows WHERE record_id = :id")
        assert (await session.execute(query, {"id": UUID(check_id)})).one() == (
            "referrer",
            "referrer",
            "threshold check",
        )
    assert "FD-2611-0000-0000" in browser.text
    assert "decides by Mon 23 Nov, 17:00" in browser.text


async def test_a_danger_needs_almost_nothing(front: Front, as_persona: SignIn) -> None:
    """Neither the check nor the family's openness is asked; two answers are enough, and whom to ring stands first."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("referrer")
    await begin(browser, "yes")
    assert "ring 999 before you go on" in browser.text
    await answer(browser, "child")
    await answer(browser, "household")
    await answer(browser, "concern", concern__what_happened="Screaming next door.")
    await answer(browser, "you", referrer__name="")
    await answer(browser, "check")
    assert [document for document, _, _ in front.referrals.recorded] == [
        {
            "children": [{"given_name": "not known"}],
            "concern": {"immediate_danger": "yes", "what_happened": "Screaming next door."},
        }
    ]
    assert browser.text.index("Ring now: Duty team, 01632 960202") < browser.text.index("FD-2611-0000-0000")


@pytest.mark.parametrize(
    ("step", "field", "typed", "words"),
    [
        ("worries", "ages", "four", "Write ages as numbers"),
        ("child", "children__0__date_of_birth", "31/2/2019", "This is no date"),
        ("child", "children__0__date_of_birth", "1/1/2199", "still to come"),
        ("child", "children__0__estimated_age_years", "-3", "Write the age as a number"),
        ("child", "children__0__sex", "Q", "Choose one of the answers"),
        ("concern", "concern__what_happened", "  ", "one sentence is enough"),
        ("help", "needed_by__at", "soon", "no day and time"),
        ("openness", "openness__agreement__by", "7", "Choose one of the answers"),
        ("you", "referrer__phone", "", "Give a telephone number"),
    ],
)
async def test_an_answer_that_cannot_be_read(as_persona: SignIn, step: str, field: str, typed: str, words: str) -> None:
    """The page comes again with what is wrong and what was typed, here and after going back and on."""
    browser = await as_persona("referrer")
    await told_of(browser)
    await answer(browser, "check", to=step)
    assert await answer(browser, step, **{field: typed}) == 422
    assert words in browser.text
    (form,) = [form for form in browser.forms if form.action == f"/refer/{step}"]
    name = field.replace("__", "-")
    assert form.fields.get(name, [""])[0].strip() in (typed.strip(), "")
    assert f'href="#{name}"' in browser.page.text
    await answer(browser, step, back="yes")
    assert at(browser) == "check"


async def test_what_cannot_be_read_is_not_sent(front: Front, as_persona: SignIn) -> None:
    """A mistake that somebody went back from is named where everything is checked, with a way to it."""
    browser = await as_persona("referrer")
    await told_of(browser)
    await answer(browser, "check", to="child")
    await answer(browser, "child", children__0__date_of_birth="soon", back="yes")
    assert await answer(browser, "check") == 422
    assert "Who is the child?: This is no date" in browser.text
    assert 'href="#change-child-0"' in browser.page.text
    assert front.referrals.recorded == []


@pytest.mark.parametrize(
    "harm",
    [
        {"concern__indicators": ["sexual_abuse"]},
        {"household__0__role_in_concern": "alleged_perpetrator", "household__0__lives_with_child": "yes"},
        {"household__0__must_not_learn": ["referral"]},
    ],
    ids=["a sign", "a perpetrator at home", "somebody who must not learn of it"],
)
async def test_nobody_is_asked_to_tell_where_telling_harms(as_persona: SignIn, harm: dict[str, Any]) -> None:
    """The page about openness is passed by, and the page with all answers does not offer it."""
    browser = await as_persona("referrer")
    await begin(browser)
    await answer(browser, "worries", **{name: said for name, said in harm.items() if name.startswith("concern")})
    await answer(browser, "checked")
    await answer(browser, "child")
    await answer(browser, "household", **{name: said for name, said in harm.items() if name.startswith("house")})
    await answer(browser, "concern", concern__what_happened="x")
    await answer(browser, "help")
    assert at(browser) == "safe-contact"
    await answer(browser, "safe-contact")
    await answer(browser, "you", referrer__phone="1")
    assert "What does the family know?" not in browser.text


async def test_the_duty_to_report_is_said(as_persona: SignIn) -> None:
    """Whoever ticks female genital mutilation reads who has to ring the police themselves."""
    browser = await as_persona("referrer")
    await begin(browser)
    await answer(browser, "worries", concern__indicators=["fgm_forced_marriage_honour"])
    assert "report it to the police themselves" in browser.text


async def test_answers_are_changed_from_the_page_with_all(front: Front, as_persona: SignIn) -> None:
    """Changing one answer comes back; changing the worries comes by what the thresholds say; a child is removed."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("referrer")
    await told_of(browser)
    await answer(browser, "check", to="child 0")
    await answer(browser, "child", children__0__given_name="Poppy", another="yes")
    await answer(browser, "child", children__1__given_name="Finlay")
    assert at(browser) == "check"
    assert "Who is the child? 2" in browser.text
    await answer(browser, "check", to="child 0")
    await answer(browser, "child", remove="yes")
    assert ("Poppy" in browser.text, "Finlay" in browser.text) == (False, True)
    await answer(browser, "check", to="worries")
    await answer(browser, "worries", concern__indicators=["self_harm"])
    assert "Level 3" in browser.text
    await answer(browser, "checked")
    await answer(browser, "check")
    document = front.referrals.recorded[0][0]
    assert document["children"] == [{"given_name": "Finlay"}]
    assert document["concern"]["indicators"] == [{"code": "self_harm", "status": "present"}]


async def test_back_keeps_what_was_typed(as_persona: SignIn) -> None:
    """Back leads to the page before, over the pages of each child, and nothing is lost on the way."""
    browser = await as_persona("referrer")
    await begin(browser)
    await answer(browser, "worries", ages="4, 6")
    await answer(browser, "checked")
    await answer(browser, "child", children__0__given_name="Poppy")
    await answer(browser, "child", children__1__given_name="Fin", back="yes")
    (form,) = [form for form in browser.forms if form.action == "/refer/child"]
    assert form.fields["children-0-given_name"] == ["Poppy"]
    await answer(browser, "child", back="yes")
    await answer(browser, "checked", back="yes")
    assert at(browser) == "worries"
    await answer(browser, "worries")
    await answer(browser, "checked")
    await answer(browser, "child")
    (form,) = [form for form in browser.forms if form.action == "/refer/child"]
    assert form.fields["children-1-given_name"] == ["Fin"]
    assert (await browser.open("/refer/child")).url.path == "/refer/danger"


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


async def test_strange_text_stays_text(as_persona: SignIn) -> None:
    """Markup, ten thousand characters, right-to-left text and emoji are shown as they were typed."""
    strange = "<script>alert(1)</script> مرحبا 🧒 " + "x" * 10_000
    browser = await as_persona("referrer")
    await told_of(browser, what=strange)
    assert strange in browser.text
    assert "<script>alert" not in browser.page.text


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
