"""Nothing that is typed on a page stops a referral while a danger is not ruled out, and nothing of it is lost."""

import pytest

from services.triage.pages.form import Form
from services.triage.pages.journey import Journey
from services.triage.pages.journey.answers import hints_of, referral_as_typed, referral_of
from services.triage.pages.refer.steps import REFER
from shared.settings.hub import Hub
from tests.triage.conftest import Front
from tests.triage.pages import test_call as calling
from tests.triage.pages.conftest import SignIn
from tests.triage.pages.referring import answer, at, begin
from tests.triage.pages.test_call import ACCEPTED, PATH
from tests.triage.pages.unreadable import TYPED, Path, form_of, value_at

WORDS = "not known - family arrived last week from abroad, awaiting"


@pytest.mark.parametrize("danger", ["yes", "not_known"])
@pytest.mark.parametrize(("journey", "field", "typed", "path", "advice"), TYPED, ids=[row[1] for row in TYPED])
def test_what_cannot_be_read_goes_as_typed(
    journey: Journey, field: str, typed: str, path: Path, advice: str, danger: str, hub: Hub
) -> None:
    """It stands at its place in what is sent, and whoever typed it is told so."""
    told = form_of(danger, field, typed)
    sent = referral_as_typed(journey, told, hub)
    [hint] = hints_of(journey, told, hub)

    assert value_at(sent, path) == typed
    assert sent["concern"]["immediate_danger"] == danger
    assert (hint.typed, advice in hint.advice) == (typed, True)


def test_what_can_be_read_is_sent_the_same(hub: Hub) -> None:
    """Dates as people write them, and with what a paste leaves unseen, are dates."""
    told = Form(
        {
            "children-0-date_of_birth": ["\u202a23/5/2018\u202c"],
            "children-1-estimated_age_years": ["7\u00a0"],
            "concern-immediate_danger": ["no"],
            "concern-what_happened": ["x"],
        }
    )
    sent = referral_as_typed(REFER, told, hub)
    assert sent == referral_of(REFER, told, hub)
    assert sent["children"][0]["date_of_birth"] == "2018-05-23"
    assert sent["children"][1]["estimated_age_years"] == 7


def test_an_age_stands_beside_a_date_that_cannot_be_read(hub: Hub) -> None:
    """The better of two answers is the one that can be read."""
    born, age = "children-0-date_of_birth", "children-0-estimated_age_years"
    told = Form({born: ["soon after Easter"], age: ["4"], "concern-immediate_danger": ["yes"]})
    [child] = referral_as_typed(REFER, told, hub)["children"]
    assert child == {
        "given_name": "not known",
        "date_of_birth": "soon after Easter",
        "estimated_age_years": 4,
    }


def test_warnings_of_the_referrals_service_are_told_too(hub: Hub) -> None:
    """A number that fails its check is named by its question, with what was typed."""
    told = Form({"children-0-nhs_number": [WORDS]})
    warnings = [{"pointer": "/children/0/nhs_number", "detail": "Look again."}, {"pointer": "", "detail": "Odd."}]
    hints = hints_of(REFER, told, hub, warnings)
    assert ("NHS number", WORDS, "Look again.") in hints
    assert ("", "", "Odd.") in hints


@pytest.mark.parametrize("danger", ["yes", "not_known"])
async def test_an_urgent_referral_is_sent_whatever_was_typed(front: Front, as_persona: SignIn, danger: str) -> None:
    """No page comes again; the page with all answers and the last one say what was not clear."""
    warning = {"pointer": "/children/0/nhs_number", "detail": "This is too long."}
    front.referrals.details[PATH] = {**ACCEPTED, "quality": {**ACCEPTED["quality"], "warnings": [warning]}}
    browser = await as_persona("referrer")
    await begin(browser, danger)
    if danger == "not_known":
        assert await answer(browser, "worries", ages="about four and six") == 200
        await answer(browser, "checked")
    born = {"children__0__date_of_birth": "May 2019", "children__0__expected_delivery_date": "never"}
    name = {"children__0__given_name": "x" * 201, "children__0__nhs_number": WORDS}
    assert await answer(browser, "child", **born, **name, another="yes") == 200
    assert await answer(browser, "child", children__1__date_of_birth="soon") == 200
    assert await answer(browser, "household", household__0__date_of_birth="1987 or so") == 200
    assert await answer(browser, "concern", concern__happened_on="last night") == 200
    while at(browser) not in ("you", "check"):
        await answer(browser, at(browser))
    await answer(browser, "you")
    assert "Send it now" in browser.text
    assert "Date of birth (May 2019): This is no date" in browser.text
    assert await answer(browser, "check") == 200
    ((document, _, _),) = front.referrals.recorded

    first, second = document["children"]
    assert (first["date_of_birth"], first["given_name"], first["nhs_number"]) == ("May 2019", "x" * 201, WORDS)
    assert first.get("estimated_age_years") == ("about four and six" if danger == "not_known" else None)
    assert second["date_of_birth"] == "soon"
    assert document["household"][0]["date_of_birth"] == "1987 or so"
    assert document["concern"]["happened_on"] == "last night"
    for words in (
        "When (last night): This is no date",
        f"NHS number ({WORDS}): This is too long.",
        "What was not clear",
    ):
        assert words in browser.text


async def test_an_urgent_call_is_recorded_whatever_was_typed(front: Front, as_persona: SignIn) -> None:
    """Whoever takes the call is not held up, and reads at the end what was not clear."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("screener")
    await browser.open("/desk/call")
    await calling.answer(browser, "danger", concern__immediate_danger="not_known")
    await calling.answer(browser, "caller", source="a neighbour")
    await calling.answer(browser, "child", children__0__date_of_birth="about 2019", children__0__given_name="Robin")
    await calling.answer(browser, "concern")
    await calling.answer(browser, "openness")
    assert "Send it now" in browser.text
    await browser.send("/desk/call/check")
    ((document, _, _),) = front.referrals.recorded
    assert document == {
        "source": "a neighbour",
        "children": [{"given_name": "Robin", "date_of_birth": "about 2019"}],
        "concern": {"immediate_danger": "not_known"},
    }
    for words in ("The call is recorded", "Date of birth (about 2019): This is no date", "Who they are (a neighbour)"):
        assert words in browser.text


async def test_what_is_none_of_the_answers_stays_typed(as_persona: SignIn) -> None:
    """Codes that no list has, of every kind of question, come again as they were typed, and so does a British date."""
    browser = await as_persona("referrer")
    await begin(browser, "not_known")
    typed: dict[str, dict[str, str | list[str]]] = {
        "worries": {"concern__indicators": ["moon_sickness", "bullying"]},
        "child": {"children__0__sex": "Q", "children__0__date_of_birth": "23/5/2019"},
        "household": {
            "household__0__name": "Jo",
            "household__0__lives_with_child": "perhaps",
            "household__0__must_not_learn": ["shoes", "location"],
        },
        "concern": {"concern__seen_or_reported": "dreamt", "concern__childs_words": "A\ufffdB " * 5000 + "end"},
        "help": {"concern__claimed_level": "9", "needed_by__at": "2026-11-20T15:00"},
    }
    for step, fields in typed.items():
        assert await answer(browser, step, **fields) == 200
        if step == "worries":
            await answer(browser, "checked")
    while at(browser) != "check":
        await answer(browser, at(browser))

    for step, fields in typed.items():
        await browser.send("/refer/check", to=f"{step} 0")
        [form] = [form for form in browser.forms if form.action == f"/refer/{step}"]
        for name, said in fields.items():
            shown = [one.strip() for one in form.fields[name.replace("__", "-")]]
            assert sorted(shown) == sorted([said] if isinstance(said, str) else said)
        await answer(browser, step)
        assert at(browser) in ("check", "checked")
        if at(browser) == "checked":
            await answer(browser, "checked")


async def test_characters_that_are_no_text_stop_no_page(as_persona: SignIn) -> None:
    """U+FFFD stands where somebody pasted a NUL."""
    browser = await as_persona("referrer")
    await begin(browser, "yes")
    assert await answer(browser, "child", children__0__given_name="Ro\x00bin") == 200
    await browser.send("/refer/household", back="yes")
    [form] = [form for form in browser.forms if form.action == "/refer/child"]
    assert form.fields["children-0-given_name"] == ["Ro\ufffdbin"]


async def test_nothing_at_all_is_no_referral(as_persona: SignIn) -> None:
    """Where neither a child nor a story was told of, one of them is asked for."""
    browser = await as_persona("referrer")
    await begin(browser, "yes")
    await answer(browser, "child")
    await answer(browser, "household")
    assert await answer(browser, "concern") == 422
    assert "one sentence is enough" in browser.text


async def test_a_date_that_cannot_be_read_stays_typed(as_persona: SignIn) -> None:
    """Its field comes again as text, so that a browser shows what was typed."""
    browser = await as_persona("referrer")
    await begin(browser, "no")
    await answer(browser, "worries")
    await answer(browser, "checked")
    assert await answer(browser, "child", children__0__date_of_birth="May 2019") == 422
    assert 'name="children-0-date_of_birth" type="text" value="May 2019"' in browser.page.text
