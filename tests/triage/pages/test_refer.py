"""Referring a child, by somebody of an agency without a system of its own."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.db import transaction
from tests.triage.conftest import Front
from tests.triage.pages.conftest import SignIn
from tests.triage.pages.referring import ROSA, answer, at, begin, told_of
from tests.triage.pages.test_call import ACCEPTED, PATH

SIBLINGS: dict[str, Any] = {
    "children": [
        {"given_name": "Poppy", "date_of_birth": "2017-05-23", "address": {"postcode": "NN12 6XX"}},
        {"given_name": "Finlay", "estimated_age_years": 7, "address": {"postcode": "NN12 6XX"}},
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
    assert document.pop("check_id")
    assert (len(key), person) == (32, ROSA)
    assert document == SIBLINGS
    assert "FD-2611-0000-0000" in browser.text
    assert "decides by Mon 23 Nov, 17:00" in browser.text


async def test_the_check_is_audited_and_cited(front: Front, as_persona: SignIn) -> None:
    """What was shown before the referral has a row under the person's account, and the referral names it."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("referrer")
    await told_of(browser)
    await answer(browser, "check")
    cited = UUID(front.referrals.recorded[0][0]["check_id"])
    async with transaction(front.db) as session:
        query = text("SELECT who, role, purpose FROM audit_rows WHERE record_id = :id")
        row = (await session.execute(query, {"id": cited})).one()
    assert tuple(row) == ("referrer", "referrer", "threshold check")


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


async def test_strange_text_stays_text(as_persona: SignIn) -> None:
    """Markup, ten thousand characters, right-to-left text and emoji are shown as they were typed."""
    strange = "<script>alert(1)</script> مرحبا 🧒 " + "x" * 10_000
    browser = await as_persona("referrer")
    await told_of(browser, what=strange)
    assert strange in browser.text
    assert "<script>alert" not in browser.page.text


async def test_everybody_begins_at_their_own_place(as_persona: SignIn) -> None:
    """The first address leads a referrer to referring, and staff to the queue."""
    for persona, place in (("referrer", "/refer"), ("screener", "/desk")):
        browser = await as_persona(persona)
        begun = await browser.open("/")
        assert (begun.status_code, begun.url.path) == (200, place)
