"""Several cases are handed to a colleague at once, each for itself."""

from typing import Any

import pytest

from tests.triage.conftest import SCREENER, Front, example
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn

QUEUE, ACTION = "/desk?queue=all", "/desk/assignment"


def tick(case: dict[str, Any]) -> str:
    """Return what the box of a case sends: its id, and the version that was shown."""
    return f"{case['id']} {case['etag'].strip(chr(34))}"


async def three(front: Front) -> list[dict[str, Any]]:
    return [await front.case_of(await front.submit(example(number))) for number in ("10", "05", "02")]


def boxes(browser: Browser) -> set[str]:
    return {part.split('"')[0] for part in browser.page.text.split('name="case" id="tick-')[1:]}


async def test_the_ticked_cases_go_to_a_colleague(front: Front, as_persona: SignIn) -> None:
    """Those that are still as they were read go; one that somebody worked on stays as it is, and both are said."""
    cases = await three(front)
    browser, colleague = await as_persona("manager"), await as_persona("screener-2")
    await browser.open(QUEUE)
    assert boxes(browser) == {case["id"] for case in cases}
    assert (await front.post(cases[1], "claim", {}, SCREENER)).status_code == 200
    await browser.send(ACTION, to="screener-2", case=[tick(case) for case in cases])
    assert "2 of 3 handed to Screener 2" in browser.text
    kept, gone = browser.text.split("Not handed over")[1].split("Handed over")
    assert cases[1]["reference"] in kept
    assert "taken by Screener" in kept
    assert all(case["reference"] in gone for case in (cases[0], cases[2]))
    owners = [(await front.case_of_path(f"/desk/cases/{case['id']}"))["owner"] for case in cases]
    assert owners == ["screener-2", "screener", "screener-2"]
    await colleague.open("/desk?queue=mine")
    assert "2 cases" in colleague.text


async def test_sending_it_again_changes_nothing(front: Front, as_persona: SignIn) -> None:
    """The page that was sent twice finds every case changed by its first time."""
    (case, *_) = await three(front)
    browser = await as_persona("manager")
    await browser.open(QUEUE)
    form = next(form for form in browser.forms if form.action == ACTION)
    sent = {**form.fields, "to": ["manager"], "case": [tick(case), tick(case)]}
    assert "1 of 1 handed to Manager" in (await browser.post(ACTION, sent)).text
    assert "0 of 1 handed to Manager" in (await browser.post(ACTION, sent)).text


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ({"to": "screener"}, 400, "Tick the cases"),
        ({"to": "", "case": "x 1"}, 400, "Choose the colleague"),
        ({"to": "socal-worker", "case": "x 1"}, 422, "Is it social-worker?"),
        ({"to": "manager", "case": [f"{number} 1" for number in range(101)]}, 400, "at most 100"),
    ],
)
async def test_what_cannot_be_handed_over_is_said(as_persona: SignIn, typed: Any, status: int, says: str) -> None:
    """Nothing ticked, nobody chosen, somebody whom the register has not, or more than a page of the queue."""
    browser = await as_persona("manager")
    await browser.open(QUEUE)
    assert (await browser.send(ACTION, **typed)).status_code == status
    assert says in browser.text


async def test_only_managers_tick(front: Front, as_persona: SignIn) -> None:
    """Others see no boxes; neither does anybody where a case waits for no owner."""
    await front.submit(example("10"))
    await front.submit(example("03"))
    screener, manager = await as_persona("screener"), await as_persona("manager")
    await screener.open(QUEUE)
    await manager.open(QUEUE)
    assert (len(boxes(screener)), len(boxes(manager))) == (0, 1)
    await manager.open("/desk?queue=routed")
    assert "Hand the ticked cases" not in manager.text
