"""The pages about partners, as those see them who answer for the front door."""

import asyncio
import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from services.triage.pages import partners as room
from tests.fakes import OtherService
from tests.triage.conftest import Front
from tests.triage.counting import add_cases
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn

REGISTER, ENDPOINTS = "/internal/agencies", "/internal/endpoints"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).isoformat()

MISSING = [
    {"part": "/concern/childs_words", "ask": "What did the child say or show?", "referrals": 20},
    {"part": "/referrer", "ask": "How can we reach you?", "referrals": 8},
    {"part": "/outcome_wanted", "ask": "What do you hope will happen?", "referrals": 2},
]
SCHOOL = {"slug": "a-school", "name": "A <b>school</b>", "source": "2A", "enabled": True, "keys": 2,
          "key_added_at": NOON, "key_used_at": None}  # fmt: skip
HOSPITAL = {"slug": "b-hospital", "name": "B hospital", "source": None, "enabled": False, "keys": 0,
            "key_added_at": None, "key_used_at": None}  # fmt: skip
ENDPOINT = {
    "agency": "a-school",
    "host": "hooks.school.example",
    "state": "disabled",
    "succeeded_at": None,
    "failed": {"at": NOON, "ended": "5xx", "duration_ms": 12},
    "waiting": 3,
    "waiting_since": NOON,
    "attempts": [{"at": NOON, "ended": "5xx", "duration_ms": 12}, {"at": NOON, "ended": "2xx", "duration_ms": 7}],
}

REGISTERED = {
    "agencies": [SCHOOL, HOSPITAL],
    "quality": {"a-school": {"referrals": 40, "mean_score": 71.2, "missing": MISSING}},
}


def furnish(front: Front) -> None:
    front.referrals.details[REGISTER] = REGISTERED
    front.notifications.details[ENDPOINTS] = {"endpoints": [ENDPOINT]}


async def sent(front: Front, number: int, *, statutory: int = 0, agency: str = "a-school", source: str = "2A") -> None:
    """Let so many contacts of an agency have come in and been decided, of which so many at level 4."""
    at = datetime.now(UTC)
    decided = {"agency": agency, "source": source, "received_at": at, "decided_at": at}
    for level, many in ((4, statutory), (2, number - statutory)):
        if many:
            await add_cases(front, many, decided_level=level, **decided)


async def rows(browser: Browser, path: str) -> list[dict[str, str]]:
    reply = await browser.open(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(reply.text)))


async def test_partners_are_shown_with_their_referrals_and_endpoints(front: Front, as_persona: SignIn) -> None:
    """Registration, contacts, quality and endpoints on one page; an agency's name is text."""
    furnish(front)
    await sent(front, 10, statutory=5)
    browser = await as_persona("auditor")
    reply = await browser.open("/desk/partners")
    assert "<b>school" not in reply.text
    for words in (
        "A <b>school</b> School",
        "Enabled 2 Not used yet",
        "B hospital Does not refer Disabled None",
        "A <b>school</b> 10 5 50 % 70 80 % What did the child say or show? (20)",
        "hooks.school.example Disabled Not in 28 days",
        "failed at the receiver (5xx)",
        "3, the oldest since",
    ):
        assert words in browser.text, words


async def test_one_agency_has_a_page(front: Front, as_persona: SignIn) -> None:
    """What is most often missing in its referrals, small numbers left out, and the last attempts at its endpoints."""
    furnish(front)
    await sent(front, 6)
    browser = await as_persona("manager")
    await browser.open("/desk/partners/a-school")
    for words in (
        "Of 40 referrals",
        "What did the child say or show? /concern/childs_words 20 50 %",
        "What do you hope will happen? /outcome_wanted fewer than 5 not told",
        "Delivered, in 7 ms",
        "80 % gave a telephone number",
    ):
        assert words in browser.text, words
    assert browser.text.index("/concern/childs_words") < browser.text.index("/referrer")
    assert (await browser.open("/desk/partners/nobody-knows")).status_code == 404


async def test_small_numbers_are_not_told(front: Front, as_persona: SignIn) -> None:
    """An agency with four contacts shows none of its numbers, on the pages and in the file alike."""
    furnish(front)
    await sent(front, 4, statutory=1)
    browser = await as_persona("manager")
    (row,) = await rows(browser, "/desk/partners/referrals.csv")
    assert row == {
        "agency": "a-school",
        "contacts": "not told",
        "decided_at_level_4": "not told",
        "share_of_decided": "not told",
        "score": "",
        "with_contact_details": "",
        "most_often_missing": "",
    }
    await browser.open("/desk/partners")
    assert "A <b>school</b> not told not told not told not told not told not told" in browser.text
    await browser.open("/desk/partners/a-school")
    assert "Not told: fewer than five" in browser.text
    assert "/concern/childs_words" not in browser.text


async def test_agencies_of_one_source_keep_each_others_small_numbers(front: Front, as_persona: SignIn) -> None:
    """With totals by source told elsewhere a lone small sender is not left alone; another source is told in full."""
    furnish(front)
    await sent(front, 3, agency="a-school")
    await sent(front, 20, agency="c-school")
    await sent(front, 30, agency="d-school")
    await sent(front, 18, statutory=6, agency="e-police", source="6")
    browser = await as_persona("manager")
    told = {row["agency"]: row["contacts"] for row in await rows(browser, "/desk/partners/referrals.csv")}
    assert told == {"a-school": "not told", "c-school": "not told", "d-school": "30", "e-police": "18"}


async def test_the_files_say_what_the_tables_say(front: Front, as_persona: SignIn) -> None:
    """A row for each agency that sent anything, and one for each endpoint."""
    furnish(front)
    await sent(front, 10, statutory=5)
    browser = await as_persona("admin")
    (row,) = await rows(browser, "/desk/partners/referrals.csv")
    assert tuple(row.values()) == ("a-school", "10", "5", "50", "70", "80 %", "/concern/childs_words")
    (endpoint,) = await rows(browser, "/desk/partners/endpoints.csv")
    assert (endpoint["host"], endpoint["state"], endpoint["failed_with"], endpoint["waiting"]) == (
        "hooks.school.example", "disabled", "5xx", "3",
    )  # fmt: skip


async def test_the_rest_is_shown_while_one_service_is_away(front: Front, as_persona: SignIn) -> None:
    """What cannot be asked is said to be missing, on the list and on an agency's page."""
    furnish(front)
    await sent(front, 5)
    browser = await as_persona("manager")
    front.referrals.away = True
    for path in ("/desk/partners", "/desk/partners/a-school"):
        assert (await browser.open(path)).status_code == 200
        assert "Who is registered, and how complete referrals were, could not be fetched" in browser.text
        assert "hooks.school.example" in browser.text
    assert (await browser.open("/desk/partners/b-hospital")).status_code == 503
    front.referrals.away, front.notifications.away = False, True
    for path in ("/desk/partners", "/desk/partners/a-school"):
        assert (await browser.open(path)).status_code == 200
        assert "How endpoints do could not be fetched" in browser.text
        assert "hooks.school.example" not in browser.text
        assert "A <b>school</b>" in browser.text


async def test_nothing_is_shown_as_nothing(as_persona: SignIn, front: Front) -> None:
    """Without agencies, contacts and endpoints the page says so."""
    front.referrals.details[REGISTER] = {"agencies": [], "quality": {}}
    front.notifications.details[ENDPOINTS] = {"endpoints": []}
    browser = await as_persona("manager")
    await browser.open("/desk/partners")
    for words in ("No agency is registered.", "Nothing was sent.", "No agency has an endpoint."):
        assert words in browser.text


async def test_a_service_that_hangs_is_away(front: Front, as_persona: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page comes without what a service does not say in time."""
    furnish(front)

    async def hang(_: OtherService, path: str) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {path: None}

    monkeypatch.setattr(room, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(OtherService, "get_detail", hang)
    browser = await as_persona("manager")
    assert (await browser.open("/desk/partners")).status_code == 200
    assert browser.text.count("could not be fetched") == 2
