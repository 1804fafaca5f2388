"""The queue as staff see it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from shared.db import transaction
from tests.triage.conftest import Front, example
from tests.triage.pages.conftest import SignIn

DAY = timedelta(days=1)


async def test_the_queue_groups_by_what_is_due(front: Front, as_persona: SignIn) -> None:
    """Overdue, within the hour and later each stand under their own heading, with who, why and from where."""
    await front.submit(example("10"))
    late = await front.submit(example("05"))
    soon = await front.submit(example("02"))
    async with transaction(front.db) as session:
        for referral, ago in ((late, "-1 hour"), (soon, "30 minutes")):
            moved = text("UPDATE cases SET due_at = now() + CAST(:ago AS text)::interval WHERE referral_id = :id")
            await session.execute(moved, {"ago": ago, "id": referral})
    browser = await as_persona("screener")
    await browser.open("/desk?queue=all")
    words = browser.text
    places = [words.index(part) for part in ("Overdue (1)", "Tilda", "Due within the hour (1)", "Mason", "Poppy")]
    assert places == sorted(places)
    assert "There is abuse or violence at home" in words
    assert "Location protected" in words
    assert "Northamptonshire" in words


async def test_filters_are_in_the_url(front: Front, as_persona: SignIn) -> None:
    """Level, colour, council and due time narrow the queue; an empty filter narrows nothing, a wrong one says so."""
    await front.submit(example("10"))
    await front.submit(example("02"))
    browser = await as_persona("screener")
    await browser.open("/desk?queue=all&level=4&priority=&council=&due=")
    assert ("Mason" in browser.text, "Poppy" in browser.text) == (True, False)
    await browser.open("/desk?queue=all&priority=amber")
    assert ("Mason" in browser.text, "Poppy" in browser.text) == (False, True)
    assert (await browser.open("/desk?queue=all&level=9")).status_code == 422
    assert "text/html" in browser.page.headers["Content-Type"]


async def test_filters_are_remembered_until_they_are_cleared(front: Front, as_persona: SignIn) -> None:
    """The way back leads to the queue as it was narrowed, in this session alone; clearing forgets it."""
    await front.submit(example("10"))
    await front.submit(example("02"))
    browser, other = await as_persona("screener"), await as_persona("screener")
    assert str(browser.page.url).endswith("/desk?queue=mine")
    await browser.open("/desk?queue=all&priority=amber&council=&due=")
    await browser.open("/desk?queue=all&level=9")
    await browser.open("/desk")
    assert str(browser.page.url).endswith("/desk?queue=all&priority=amber")
    assert ("Mason" in browser.text, "Poppy" in browser.text) == (False, True)
    assert "Clear filters" in browser.text
    await other.open("/desk")
    assert str(other.page.url).endswith("/desk?queue=mine")
    await browser.open("/desk?queue=all")
    assert "Clear filters" not in browser.text
    assert "Mason" in (await browser.open("/desk")).text


async def test_a_restricted_record_has_no_name_on_the_queue(front: Front, as_persona: SignIn) -> None:
    """Nor is it said to have been read."""
    hidden = {**example("05"), "restricted": True}
    await front.submit(hidden)
    browser = await as_persona("screener")
    await browser.open("/desk?queue=all")
    assert "Restricted record" in browser.text
    assert "Tilda" not in browser.page.text
    assert await listed(front) == 0


async def test_whoever_is_named_is_audited(front: Front, as_persona: SignIn) -> None:
    """Each case that the queue names leaves a row for this reader."""
    await front.submit(example("05"))
    await front.submit(example("10"))
    await (await as_persona("screener")).open("/desk?queue=all")
    assert await listed(front) == 2


async def listed(front: Front) -> int:
    async with transaction(front.db) as session:
        query = text("SELECT count(*) FROM audit_rows WHERE action = 'case.listed' AND who = 'screener'")
        return int(await session.scalar(query) or 0)


async def test_the_next_case_is_the_most_urgent(front: Front, as_persona: SignIn) -> None:
    """It becomes the screener's own and opens; where nobody waits, the page says so."""
    await front.submit(example("10"))
    await front.submit(example("02"))
    browser = await as_persona("screener")
    await browser.open("/desk")
    assert "You have no open case" in browser.text
    await browser.send("/desk/next")
    assert "Mason" in browser.text
    assert "Taken by Screener" in browser.text
    for _ in range(2):
        await browser.open("/desk")
        await browser.send("/desk/next")
    assert "Nobody waits" in browser.text
    assert "Poppy" in browser.text


async def test_the_queue_goes_on_where_the_page_ended(
    front: Front, as_persona: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page after page shows every open case once, due first; decided ones stand in a queue of their own."""
    monkeypatch.setattr("services.triage.pages.queue.ROWS", 2)
    for _ in range(3):
        await front.submit(example("10"), received_at=datetime.now(UTC) - DAY)
    await front.submit(example("03"))
    browser = await as_persona("screener")
    seen: list[str] = []
    path = "/desk?queue=all"
    while path:
        page = (await browser.open(path)).text
        seen += [part.split('"')[0] for part in page.split('id="case-')[1:]]
        path = page.split('href="/desk?')[-1].split('"')[0] if "Next page" in page else ""
        path = f"/desk?{path}".replace("&amp;", "&") if path else ""
    assert len(seen) == len(set(seen)) == 4
    await browser.open("/desk?queue=decided")
    assert "Nothing was decided yet" in browser.text


@pytest.mark.parametrize("persona", ["auditor", "admin"])
async def test_who_reads_no_case_sees_no_queue(as_persona: SignIn, persona: str) -> None:
    """Auditor and administrator are told for whom the page is."""
    browser = await as_persona(persona)
    assert (await browser.open("/desk")).status_code == 403
    assert "This page is for" in browser.text
