"""The forms of a case beside deciding, each as a person without scripts sends it."""

from shared.events import CaseAcknowledged, CaseAdviceGiven, InformationRequested
from tests.triage.conftest import Front, example
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn


async def taken(front: Front, browser: Browser, number: str = "10") -> str:
    """Submit an example, open its case and take it; returns its path."""
    case = await front.case_of(await front.submit(example(number)))
    path = f"/desk/cases/{case['id']}"
    await browser.open(path)
    await browser.send(f"{path}/claim")
    return path


async def test_the_referrer_is_told_with_advice(front: Front, as_persona: SignIn) -> None:
    """The acknowledgement and its advice go out, and the page says when."""
    browser = await as_persona("screener")
    path = await taken(front, browser)
    await browser.open(f"{path}/acknowledgement")
    await browser.send(f"{path}/acknowledgement", advice=["keep_in_school", "share_with_gp"])
    assert "The referrer is told" in browser.text
    assert "Referrer told" in browser.text
    types = [event.type for event in await front.events()]
    assert {CaseAcknowledged.type, CaseAdviceGiven.type} <= set(types)


async def test_an_agency_is_asked(front: Front, as_persona: SignIn) -> None:
    """One question a line, about the children that are ticked; what is missing is named, and keeps the typing."""
    front.referrals.details["/internal/agencies/answering"] = {"agencies": {"a-hospital": "3E"}}
    browser = await as_persona("screener")
    path = await taken(front, browser)
    await browser.open(f"{path}/information-request")
    reply = await browser.send(f"{path}/information-request", questions="Who?\n\nSince when?", children=["1"])
    assert reply.status_code == 422
    for field in ("agency", "purpose", "lawful_basis"):
        assert f'href="#{field}"' in reply.text
    assert "What you need the answer for: This is required." in browser.text
    typed = {"agency": "a-hospital", "purpose": "To see how it goes.", "lawful_basis": "public_task"}
    await browser.send(f"{path}/information-request", children=["1"], **typed)
    assert "Since when?" in browser.text
    assert InformationRequested.type in [event.type for event in await front.events()]
    case = (await front.case_of_path(path))["information_requests"][0]
    assert (case["questions"], case["children"]) == (["Who?", "Since when?"], [1])


async def test_no_agency_can_be_asked_while_they_are_not_known(front: Front, as_persona: SignIn) -> None:
    """Where the other service is away the page says so, and what to do."""
    browser = await as_persona("screener")
    path = await taken(front, browser)
    front.referrals.away = True
    assert (await browser.open(f"{path}/information-request")).status_code == 503
    assert "ring the agency" in browser.text


async def test_colour_note_and_parallel_route(front: Front, as_persona: SignIn) -> None:
    """Each is carried out with its reason, shown on the case, and completed where it can be."""
    browser = await as_persona("screener")
    path = await taken(front, browser)
    for form, typed in {
        "priority": {"priority": "red", "reason": "The father is back."},
        "note": {"text": "Rang the school at noon."},
        "parallel-route": {"route": "lado", "owner": "lado", "child": "0"},
    }.items():
        await browser.open(f"{path}/{form}")
        await browser.send(f"{path}/{form}", **typed)
        assert browser.page.url.path == path, browser.text
    for words in (
        "The father is back.",
        "Rang the school at noon.",
        "LADO",
        "Designated officer for allegations",
        "Red",
    ):
        assert words in browser.text
    await browser.send(f"{path}/completion", result="Seen to.")
    assert "Seen to." in browser.text


async def test_a_case_changes_hands(front: Front, as_persona: SignIn) -> None:
    """It is handed to a colleague who has signed in, and given back by them."""
    browser, colleague = await as_persona("screener"), await as_persona("screener-2")
    path = await taken(front, browser)
    await browser.open(f"{path}/assignment")
    await browser.send(f"{path}/assignment", to="screener-2", reason="Knows the family.")
    assert "Taken by Screener 2" in browser.text
    await colleague.open("/desk")
    assert "Poppy Whitlock" in colleague.text
    await colleague.open(f"{path}/release")
    await colleague.send(f"{path}/release")
    assert "Nobody has it" in colleague.text


async def test_a_decided_case_is_opened_again(front: Front, as_persona: SignIn) -> None:
    """The decision is set aside with a reason; without one nothing happens."""
    browser = await as_persona("manager")
    path = await taken(front, browser, "03")
    await browser.open(f"{path}/decision")
    typed = {"children-0-level": "2", "children-0-outcome": "family_hub", "rationale": "x", "feedback_to_referrer": "y"}
    await browser.send(f"{path}/decision", **typed)
    assert browser.page.url.path == path, browser.text
    await browser.open(f"{path}/reopening")
    assert (await browser.send(f"{path}/reopening")).status_code == 422
    await browser.send(f"{path}/reopening", reason="Gran rang.")
    assert "Set aside" in browser.text
    assert "Gran rang." in browser.text


async def test_early_help_is_stepped_up(front: Front, as_persona: SignIn) -> None:
    """Where an offer is under way the case can be taken back with a reason, by anybody who works on it."""
    case = await front.case_of(await front.submit(example("03")))
    browser, path = await as_persona("screener"), f"/desk/cases/{case['id']}"
    await browser.open(path)
    assert "Step up: early help is not enough" in browser.text
    await browser.open(f"{path}/step-up")
    assert "Towcester family hub, offered" in browser.text
    assert (await browser.send(f"{path}/step-up")).status_code == 422
    await browser.send(f"{path}/step-up", reason="Gran rang.")
    assert "The case is back with a person" in browser.text
    assert "Gran rang." in browser.text
    assert "Step up:" not in browser.text
