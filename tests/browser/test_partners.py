"""What staff do on the pages about partners and about the policy, with JavaScript and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from services.triage.actions.sessions import SignedIn
from services.triage.pages.partners import partners_of
from services.triage.pages.site import site_of
from services.triage.queries.partners import Outcomes
from services.triage.schemas.partners import EndpointsSeen, RegisterSeen
from services.triage.settings import Settings
from shared import clock
from shared.security import FRONT_DOOR, Caller, Role
from shared.settings.environment import Profile
from shared.settings.hub import load_hub
from tests.browser.conftest import NARROW, WIDE, Open, example, submitted
from tests.browser.test_accessibility import checker, visit
from tests.browser.test_journeys import BOTH
from tests.conftest import HUB_FOLDER
from tests.fakes import ISSUER
from tests.journeys.conftest import World
from tests.triage.pages.test_partners import ENDPOINT, REGISTERED


@BOTH
def test_facts_are_tried_against_the_policy(open_as: Open, *, scripts: bool) -> None:
    """From the thresholds to the form, a first answer, another fact, and another answer above what was chosen."""
    page = open_as("screener", scripts=scripts)
    page.goto("/desk/policy")
    page.get_by_role("link", name="Try facts against them").click()
    page.get_by_label("Years").fill("9")
    page.locator("summary", has_text="Emotional wellbeing").click()
    page.locator("#status-low_mood_or_anxiety").select_option("present")
    page.get_by_role("button", name="Ask the policy").click()
    said = page.get_by_role("region", name="What the policy says")
    expect(said).to_contain_text("Level 2")
    expect(said).to_contain_text("Is a child in danger now? If yes: level 4, red.")
    expect(page.locator("#status-low_mood_or_anxiety")).to_have_value("present")
    page.get_by_label("A child is in danger now").select_option("true")
    page.get_by_role("button", name="Ask the policy").click()
    expect(said).to_contain_text("Level 4")
    expect(said).to_contain_text("Strategy discussion")
    expect(said).to_contain_text("Nothing that is not known could raise it.")


SCHOOL = "towcester-primary"
PATH = "/desk/partners"
OVERSEER = SignedIn(Caller("manager", FRONT_DOOR, roles=frozenset({Role.MANAGER})), "Manager", "")


@BOTH
def test_partners_are_looked_at(world: World, open_as: Open, *, scripts: bool) -> None:
    """From the menu to the list, a file, and an agency with its endpoint that fails."""
    for _ in range(5):
        submitted(world, example("10"))
    headers = {**world.partner(SCHOOL), "Idempotency-Key": "partners"}
    hook = {"url": "http://127.0.0.1:9/hook?key=s3cret"}
    assert world.http.post("/v1/webhook-endpoints", json=hook, headers=headers).status_code == 201
    submitted(world, example("10"))
    page = open_as("manager", scripts=scripts)
    page.get_by_role("link", name="Partners").click()
    table = page.get_by_role("region", name="Table of agencies")
    expect(table).to_contain_text("Northants Police (demo)")
    expect(page.get_by_role("region", name="Table of endpoints")).to_contain_text("127.0.0.1")
    expect(page.locator("main")).not_to_contain_text("s3cret")
    table.get_by_role("link", name="Towcester Primary (demo)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Towcester Primary (demo)")
    expect(page.get_by_role("region", name="Table of missing parts")).to_contain_text("Missing in")
    expect(page.locator("main")).to_contain_text("No connection")
    page.get_by_role("link", name="Back to the partners").click()
    expect(table).to_be_visible()


def pages() -> Iterator[tuple[str, str]]:
    """Yield the pages in the states that a running front door is seldom in, each with its name."""
    hub = load_hub(HUB_FOLDER)
    templates = site_of(
        Settings.model_construct(issuer=ISSUER, oidc_issuer=None, profile=Profile.DEMO), hub, {}
    ).templates
    common = {"signed_in": OVERSEER, "token": "", "path": PATH, "now": clock.now(), "referrer": "/referrer"}
    register, seen = RegisterSeen.model_validate(REGISTERED), EndpointsSeen.model_validate({"endpoints": [ENDPOINT]})
    outcomes = {"a-school": Outcomes(40, 12, 20), "b-hospital": Outcomes()}
    nobody = RegisterSeen(agencies=[], quality={}), EndpointsSeen(endpoints=[])
    states = {
        "full": partners_of(register, seen, outcomes),
        "empty": partners_of(*nobody, {}),
        "away": partners_of(None, None, outcomes),
    }
    for state, partners in states.items():
        yield f"partners, {state}", templates.get_template("partners.html").render(partners=partners, **common)
        for slug, partner in partners.by_slug.items():
            shown = templates.get_template("partner.html").render(partner=partner, partners=partners, **common)
            yield f"{slug}, {state}", shown


def put(page: Page, shown: str) -> None:
    """Let the browser open this page in the place of the running front door's."""
    page.route(f"**{PATH}", lambda route: route.fulfill(body=shown, content_type="text/html"))
    page.goto(PATH)
    page.unroute(f"**{PATH}")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_pages_of_partners_are_accessible(open_as: Open, width: int) -> None:
    """By axe, with everything, with nothing, and while both other services are away."""
    page = open_as("manager", width=width)
    check, found = checker(page)
    visit(page, check, PATH, f"{PATH}/{SCHOOL}", f"{PATH}/nobody")
    for state, shown in pages():
        put(page, shown)
        check(state)
    assert sorted(set(found)) == []
