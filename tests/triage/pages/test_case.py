"""One case on the staff pages: what it shows, and its forms without JavaScript."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import text

from shared.db import transaction
from shared.events import AmendmentFact
from tests.triage.conftest import SCREENER_2, SOCIAL_WORKER, Front, example
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn
from tests.triage.test_amendments import amendment

MARKUP = "<script>alert(1)</script><b onmouseover=x>&lt;"


async def opened(front: Front, browser: Browser, document: dict[str, Any]) -> str:
    """Submit a referral and open its case; returns the path of the case."""
    case = await front.case_of(await front.submit(document))
    path = f"/desk/cases/{case['id']}"
    await browser.open(path)
    return path


async def test_a_case_shows_why_and_what_is_protected(front: Front, as_persona: SignIn) -> None:
    """Rules with their paragraphs, what would change it, and from whom things are kept stand on the page."""
    browser = await as_persona("screener")
    await opened(front, browser, example("02"))
    words = browser.text
    assert "Dean Hollis (father) must not learn where the child is, that there is a referral, who referred" in words
    assert "must not learn where Mason Tarrant and Ivy Tarrant are" in words
    assert "Paragraph 4.17" in words
    assert "Decide" not in words.split("What was said")[0]
    await opened(front, browser, example("09"))
    assert "What would change it" in browser.text


async def test_what_was_written_stays_text(front: Front, as_persona: SignIn) -> None:
    """Markup, ten thousand characters, right-to-left words and emoji are shown as they were typed, and do nothing."""
    document = example("05")
    document["concern"]["what_happened"] = f"{MARKUP} שלום 👧🏽 {'x' * 10_000}"
    document["children"][0]["given_name"] = "<img src=x>"
    browser = await as_persona("screener")
    await opened(front, browser, document)
    assert MARKUP in browser.text
    assert "שלום 👧🏽" in browser.text
    assert "x" * 10_000 in browser.text
    assert "<script>alert" not in browser.page.text
    assert "<img" not in browser.page.text
    await browser.open("/desk?queue=all")
    assert "<img" not in browser.page.text


async def test_what_was_not_understood_stands_first(front: Front, as_persona: SignIn) -> None:
    """Values that did not fit are shown as they were sent, before all else, on the case and where it is coded."""
    document = example("05")
    document["not_understood"] = [
        {"pointer": "/children/0/sex", "value": {MARKUP: [MARKUP, 7]}, "detail": "Must be one of F, M."},
        {"pointer": "/concern/indicators/2", "value": "moon sickness", "detail": "An object is needed."},
    ]
    document["not_understood_more"] = 12
    document["as_sent"] = f'{{"the last of them": "{MARKUP}"}}'
    browser = await as_persona("screener")
    path = await opened(front, browser, document)

    for page in (path, f"{path}/facts"):
        await browser.open(page)
        first = browser.text.index("Not understood: read this first")
        assert "Children 1, sex" in browser.text
        assert "Concern, indicators 3" in browser.text
        assert "moon sickness" in browser.text
        assert MARKUP in browser.text
        assert "12 more stand only in the whole" in browser.text
        assert "the last of them" in browser.text
        assert "<script>alert" not in browser.page.text
        assert "What was said" not in browser.text[:first]
    await browser.open(path)
    assert "Something of what was sent could not be understood" in browser.text


async def test_what_was_not_understood_of_news_stands_first_in_it(front: Front, as_persona: SignIn) -> None:
    """It stands above what was understood, once, with the whole of what was sent."""
    browser = await as_persona("screener")
    path = await opened(front, browser, example("05"))
    referral_id = UUID((await front.case_of_path(path))["referral_id"])
    announced = amendment(front, referral_id)
    fact = cast(AmendmentFact, announced.fact)
    front.referrals.details[f"/internal/referrals/{referral_id}/amendments/{fact.amendment_id}"] |= {
        "not_understood": [{"pointer": "/indicators/0", "value": "moon sickness", "detail": "An object is needed."}],
        "as_sent": '{"indicators": ["moon sickness"]}',
    }
    await front.consume(announced)
    await browser.open(path)
    news = browser.text[browser.text.index("New since it was opened") :]
    places = [news.index(words) for words in ("Not understood", "Indicators 1", '{"indicators"', "A new bruise.")]
    assert places == sorted(places)
    assert news.count("moon sickness") == 2


async def test_reading_a_case_is_audited(front: Front, as_persona: SignIn) -> None:
    """Each reading leaves a row before the page leaves; a case that is not there leaves none and is 404."""
    browser = await as_persona("screener")
    path = await opened(front, browser, example("05"))
    await browser.open(path)
    async with transaction(front.db) as session:
        query = text("SELECT count(*) FROM audit_rows WHERE action = 'read' AND who = 'screener'")
        assert await session.scalar(query) == 3
    assert (await browser.open("/desk/cases/00000000-0000-0000-0000-000000000000")).status_code == 404
    assert (await browser.open("/desk/cases/canary")).status_code == 404


async def test_coding_assesses_again(front: Front, as_persona: SignIn) -> None:
    """What a screener codes beside the text takes the case up; the timeline says so."""
    browser = await as_persona("screener")
    path = await opened(front, browser, example("03"))
    await browser.open(f"{path}/facts")
    await browser.send(f"{path}/facts", **{"status-self_harm": "present", "source": "a call to the school nurse"})
    assert "assessed again" in browser.text
    assert "Level 3" in browser.text
    assert "Narrative coded" in browser.text


async def test_a_form_that_lacks_something_keeps_the_typing(front: Front, as_persona: SignIn) -> None:
    """Each mistake is named once, linked to its field, and everything typed is still there."""
    browser = await as_persona("social-worker")
    path = await opened(front, browser, example("10"))
    await browser.open(f"{path}/decision")
    typed = {"children-0-level": "3", "children-0-outcome": "no_further_action", "rationale": "Half a thought"}
    reply = await browser.send(f"{path}/decision", **typed)
    assert reply.status_code == 422
    for field in ("children-1-level", "children-1-outcome", "feedback_to_referrer"):
        assert f'href="#{field}"' in reply.text
        assert f'id="{field}"' in reply.text
    assert "Half a thought" in reply.text
    assert "<title>Error: " in reply.text


async def test_two_siblings_are_decided_differently(front: Front, as_persona: SignIn) -> None:
    """Level and outcome are given for each child; the referrer's words are kept apart from the rationale."""
    browser = await as_persona("social-worker")
    path = await opened(front, browser, example("10"))
    await browser.open(f"{path}/decision")
    typed = {
        "children-0-level": "3",
        "children-0-outcome": "targeted_early_help",
        "children-1-level": "2",
        "children-1-outcome": "family_hub",
        "rationale": "Each needs something else.",
        "feedback_to_referrer": "Thank you. Both children will have help.",
        "override_reason": "Finlay's needs are lighter.",
    }
    await browser.send(f"{path}/decision", **typed)
    assert browser.page.url.path == path
    assert "Poppy Whitlock: level 3, targeted early help" in browser.text
    assert "Finlay Whitlock: level 2, family hub" in browser.text
    assert "Reopen the case" in browser.text


async def test_a_stale_version_keeps_the_typing(front: Front, as_persona: SignIn) -> None:
    """Where somebody else worked on the case meanwhile, what they did is said, and a second try goes."""
    browser = await as_persona("social-worker")
    path = await opened(front, browser, example("03"))
    await browser.open(f"{path}/confirmation")
    case_id = path.rpartition("/")[2]
    version = (await front.http.get(f"/v1/cases/{case_id}", headers=SCREENER_2)).headers["ETag"]
    case = {"id": case_id, "etag": version}
    await front.post(case, "facts", {"indicators": [], "source": "the narrative"}, SCREENER_2)
    reply = await browser.send(f"{path}/confirmation", reason="I read it all.")
    assert reply.status_code == 412
    assert "I read it all." in reply.text
    assert "Screener 2, narrative coded" in browser.text
    await browser.send(f"{path}/confirmation")
    assert browser.page.url.path == path
    assert "The route is confirmed" in browser.text


async def test_a_draft_waits_for_its_writer(front: Front, as_persona: SignIn) -> None:
    """What is kept comes back to whoever typed it and to nobody else, is sealed, and goes once the form is sent."""
    writer, other = await as_persona("social-worker"), await as_persona("manager")
    path = await opened(front, writer, example("03"))
    await writer.open(f"{path}/confirmation")
    await writer.send(f"{path}/confirmation", reason="Half a thought", keep="yes")
    await writer.open(path)
    assert "Confirm the route (draft)" in writer.text
    await writer.open(f"{path}/confirmation")
    assert "Half a thought" in writer.page.text
    await other.open(f"{path}/confirmation")
    assert "Half a thought" not in other.page.text
    async with transaction(front.db) as session:
        assert b"Half" not in (await session.execute(text("SELECT details FROM drafts"))).scalar_one()
    await writer.send(f"{path}/confirmation")
    async with transaction(front.db) as session:
        assert await session.scalar(text("SELECT count(*) FROM drafts")) == 0


async def test_a_claim_by_another_is_refused(front: Front, as_persona: SignIn) -> None:
    """The second screener is told who has the case; the page offers the claim to nobody who has it."""
    first, second = await as_persona("screener"), await as_persona("screener-2")
    path = await opened(front, first, example("05"))
    await second.open(path)
    await first.send(f"{path}/claim")
    assert "Taken by Screener" in first.text
    assert f"{path}/claim" not in first.page.text
    assert (await second.send(f"{path}/claim")).status_code == 412
    await second.open(path)
    assert (await second.send(f"{path}/claim")).status_code == 409
    assert "claimed by another" in second.text


async def test_forms_are_for_their_roles(front: Front, as_persona: SignIn) -> None:
    """A screener reaches neither the page nor the sending of a decision."""
    browser = await as_persona("screener")
    path = await opened(front, browser, example("10"))
    token = browser.forms[0].fields["token"]
    assert (await browser.open(f"{path}/decision")).status_code == 403
    assert (await browser.post(f"{path}/decision", {"token": token})).status_code == 403


async def test_a_manager_countersigns(front: Front, as_persona: SignIn) -> None:
    """A lowered level 4 waits for another manager, who reads it beside the policy's word."""
    case = await front.case_of(await front.submit(example("01")))
    body = {
        "children": [{"child": 0, "level": 3, "outcome": "targeted_early_help"}],
        "rationale": "Explained by the hospital.",
        "feedback_to_referrer": "Thank you.",
        "override_reason": "A consultant explained the injury.",
    }
    assert (await front.post(case, "decision", body, SOCIAL_WORKER)).status_code == 202
    browser = await as_persona("manager")
    path = f"/desk/cases/{case['id']}"
    await browser.open(path)
    await browser.open(f"{path}/countersignature")
    assert "The policy says level 4" in browser.text
    assert "A consultant explained the injury." in browser.text
    assert (await browser.send(f"{path}/countersignature", reason="x")).status_code == 422
    await browser.send(f"{path}/countersignature", agree="yes", reason="I rang the ward.")
    assert "Your countersignature is recorded" in browser.text
    assert "countersigned by Manager" in browser.text
