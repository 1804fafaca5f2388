"""A running front door of the demo, and a real Chromium to look at it with."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import EXAMPLES
from tests.faults.front_door import FrontDoor
from tests.journeys.conftest import World

PATIENCE_MS = 20_000
WIDE, NARROW = 1280, 320
POLICY = "Content Security Policy"

Open = Callable[..., Page]


def example(number: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(next(EXAMPLES.glob(f"{number}-*.json")).read_text())
    return document


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Lend a front door in one process."""
    root: Path = tmp_path_factory.mktemp("front-door").resolve()
    door = FrontDoor(root / "installation")
    with ExitStack() as ending:
        ending.callback(door.stop)
        door.start()
        door.await_ready()
        yield World(door, ending.enter_context(httpx.Client(base_url=door.url, timeout=40, trust_env=False)))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Chromium; skips where there is none, which is a failure with CI=true.

    Its driver keeps an event loop running in the thread of the tests, so that none of an asyncio test may follow before
    it has stopped.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing = "There is no Chromium. `make setup` installs it where it may."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_as(world: World, chromium: Browser) -> Iterator[Open]:
    """Sign personas in, each in a browser context of its own.

    An error of a script, or what the pages' own policy stops, fails the test unless the page is not `watched`.
    """
    complaints: list[str] = []
    with ExitStack() as ending:

        def signed_in(persona: str, *, width: int = WIDE, scripts: bool = True, watched: bool = True) -> Page:
            context = chromium.new_context(
                base_url=world.door.url,
                viewport={"width": width, "height": 900},
                java_script_enabled=scripts,
                reduced_motion="reduce",
            )
            ending.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            if watched:
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda said: complaints.append(said.text) if POLICY in said.text else None)
            page.goto("/desk/sign-in")
            page.click(f"button[value='{persona}']")
            return page

        yield signed_in
    assert complaints == []


def submitted(world: World, document: dict[str, Any]) -> str:
    """Submit a referral of the school's; returns the path of its case once triage has opened it."""
    reply = world.submit("towcester-primary", document)
    assert reply.status_code == 202, reply.text
    for _ in range(200):
        case = world.case_of(reply.json()["id"])
        if case is not None and not case["details_pending"]:
            return f"/desk/cases/{case['id']}"
        world.http.get("/health/live")
    raise AssertionError("the case did not open")
