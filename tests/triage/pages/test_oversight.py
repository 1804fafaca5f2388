"""What those see who answer for the front door."""

import re
from typing import Any

from fastapi import FastAPI

from services.triage import pages
from services.triage.pages.sign_in import EVERYBODY
from shared.security import Role
from tests.house.routes import Served, served
from tests.triage.conftest import SOCIAL_WORKER, Front, example
from tests.triage.pages.conftest import SignIn
from tests.triage.test_decisions import decision

SPECIAL = ("/desk/changes", "/desk/stay", "/desk/sign-out")
"""A stream, an empty answer, and a way out: tested by themselves."""

PERSONAS = {
    "screener": Role.SCREENER,
    "social-worker": Role.SOCIAL_WORKER,
    "manager": Role.MANAGER,
    "out-of-hours": Role.OUT_OF_HOURS,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
    "referrer": Role.REFERRER,
}


def routes() -> list[Served]:
    application = FastAPI()
    application.include_router(pages.router)
    found = [route for route in served(application) if route.ours and not next(iter(route.policies)).public]
    return [route for route in found if route.path not in SPECIAL]


async def test_every_page_is_for_its_roles(front: Front, as_persona: SignIn) -> None:
    """Each route of the pages lets in exactly the roles that it declares; to others it is 403 before anything else."""
    case = await front.case_of(await front.submit(example("03")))
    front.referrals.details["/internal/agencies/answering"] = {"agencies": {"a-school": "2A"}}
    front.referrals.details["/internal/referrals?limit=20"] = {"items": []}
    for persona, role in PERSONAS.items():
        browser = await as_persona(persona)
        for route in routes():
            samples = {"case_id": case["id"], "slug": "a-school", "oversight_chart": "contacts", "help_chart": "offers"}
            path = route.path.format(**samples)
            reply = await (browser.open(path) if route.method == "GET" else browser.post(path, {"x": ["y"]}))
            (policy,) = route.policies
            about = "form did not come" in reply.text or "is for the role" in reply.text
            if role in policy.roles:
                assert reply.status_code == (200 if route.method == "GET" else 403), f"{persona} {route}"
                assert about is (route.method != "GET"), f"{persona} {route}"
            else:
                assert (reply.status_code, "is for the role" in reply.text) == (403, True), f"{persona} {route}"
    assert set(EVERYBODY) == set(Role)


def test_a_referrer_reaches_no_page_of_staff() -> None:
    """Each page is for staff or for referrers, never for both, and those for referrers stand under their own path."""
    for route in routes():
        (policy,) = route.policies
        guests = route.path.startswith("/refer")
        assert policy.roles == {Role.REFERRER} if guests else Role.REFERRER not in policy.roles, str(route)


async def test_oversight_counts_and_lists(front: Front, as_persona: SignIn) -> None:
    """Open cases by status and time, what waits for a countersignature, who waits longest, and no name."""
    waiting = await front.case_of(await front.submit(example("10")))
    case = await front.case_of(await front.submit(example("01")))
    body = decision((0, 3, "targeted_early_help"), override_reason="Explained by the ward.")
    assert (await front.post(case, "decision", body, SOCIAL_WORKER)).status_code == 202
    browser = await as_persona("manager")
    await browser.open("/desk/oversight")
    assert case["reference"] in browser.text
    assert f"Waiting longest: {waiting['reference']}" in browser.text
    assert "set for the 2 cases that are open now" in browser.text
    assert "not told" in browser.text
    assert "Mason" not in browser.text


async def test_the_audit_is_searched(front: Front, as_persona: SignIn) -> None:
    """Who read a case is found by its reference and by account; the search leaves a row of its own."""
    case: dict[str, Any] = await front.case_of(await front.submit(example("05")))
    await (await as_persona("screener-2")).open(f"/desk/cases/{case['id']}")
    auditor = await as_persona("auditor")
    await auditor.open(f"/desk/audit?reference={case['reference']}")
    assert re.search(r"screener-2 Screener Read Casework", auditor.text)
    assert "Tilda" not in auditor.text
    await auditor.open("/desk/audit?who=auditor")
    assert "Audit searched" in auditor.text
    await auditor.open("/desk/audit?who=nobody")
    assert "Nothing was found" in auditor.text


async def test_the_policy_in_force_is_shown(as_persona: SignIn) -> None:
    """Every rule and floor stands with its paragraph."""
    browser = await as_persona("auditor")
    await browser.open("/desk/policy")
    for words in ("SAFE-01", "Paragraph 4.17", "version 1"):
        assert words in browser.text
