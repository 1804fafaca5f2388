"""Every page in every state by axe, wide and narrow: WCAG 2.2 A and AA, and axe's best practices."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from tests.browser.axe_report import Report, kinds, new_report
from tests.browser.conftest import NARROW, WIDE, Open, example, submitted
from tests.browser.counted import count_up
from tests.journeys.conftest import World

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations", "incomplete"],
}
LOOKED_AT = {("color-contrast", why) for why in ("bgOverlap", "elmPartiallyObscured", "imgNode", "shortTextContent")}
"""What axe leaves to eyes and docs/accessibility.md says that eyes have seen, as rule and reason."""

REPORT = new_report()
Check = Callable[[str], None]


def checker(page: Page) -> tuple[Check, list[str]]:
    """Return what checks the page as it stands, and what it finds, each with where it was."""
    axe, found = Axe(), list[str]()

    def check(state: str) -> None:
        answer = axe.run(page, options=RULES).response
        for one in _listed(answer["violations"]):
            found.append(f"{state}: {one}")
        REPORT.add(page, state, answer["incomplete"])
        for rule, why in kinds(answer["incomplete"]) - LOOKED_AT:
            found.append(f"{state}: left open {rule} {why}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{state}: scrolls sideways")

    return check, found


def _listed(violations: list[dict[str, Any]]) -> Iterator[str]:
    for one in violations:
        yield f"{one['id']} {[node['target'] for node in one['nodes']][:3]} {one['help']}"


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[Report]:
    """Write the page of what is left to eyes, where that is asked for."""
    yield REPORT
    if REPORT.folder:
        REPORT.write()


def press(page: Page, button: Locator) -> None:
    """Press what leads to another page, and wait for that page."""
    with page.expect_navigation():
        button.click()


def visit(page: Page, check: Check, *paths: str) -> None:
    for path in paths:
        page.goto(path)
        check(path)


@pytest.fixture(scope="module")
def cases(world: World) -> dict[str, str]:
    """Give cases in the states that pages show, by what they are an example of."""
    numbers = {"protected": "02", "siblings": "10", "routed": "03", "danger": "09", "empty": "06", "countersign": "01"}
    found = {name: submitted(world, example(number)) for name, number in numbers.items()}
    read = world.http.get(f"/v1/cases/{_id(found['countersign'])}", headers=world.staff("screener"))
    body = {
        "children": [{"child": 0, "level": 3, "outcome": "targeted_early_help"}],
        "rationale": "Explained.",
        "feedback_to_referrer": "Thank you.",
        "override_reason": "Explained by the ward.",
    }
    reply = world.act({**read.json(), "etag": read.headers["ETag"]}, "decision", body, "social-worker")
    assert reply.status_code == 202
    REPORT.names |= {path: name for name, path in found.items()}
    return found


def _id(path: str) -> str:
    return path.rpartition("/")[2]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_queue_and_cases(cases: dict[str, str], open_as: Open, width: int) -> None:
    """Queues full and empty, cases in all their states, signing in and out, and pages that are not there."""
    page = open_as("manager", width=width)
    check, found = checker(page)
    visit(page, check, "/desk", "/desk?queue=all", "/desk?queue=decided", "/desk?queue=all&level=9")
    page.goto("/desk?queue=all")
    page.locator(".desk-case input").first.check()
    page.get_by_label("Hand the ticked cases to").select_option("manager")
    check("a case ticked")
    press(page, page.get_by_role("button", name="Hand over"))
    check("cases handed over")
    visit(page, check, *cases.values())
    visit(page, check, f"{cases['siblings']}?done=note", "/desk/cases/nothing", "/desk/sign-in", "/desk/signed-out")
    assert sorted(set(found)) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_oversight(cases: dict[str, str], open_as: Open, width: int) -> None:
    """Oversight, the night, thresholds and the audit, found and not found."""
    assert cases
    page = open_as("manager", width=width)
    check, found = checker(page)
    visit(
        page,
        check,
        "/desk/oversight",
        "/desk/early-help",
        "/desk/handover",
        "/desk/policy",
        "/desk/audit",
        "/desk/audit?who=screener",
    )
    visit(page, check, "/desk/audit?who=nobody")
    assert sorted(set(found)) == []


@pytest.fixture(scope="module")
def counted(world: World) -> None:
    """Give every chart something to draw."""
    count_up(world.door.data_dir)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_charts(counted: None, open_as: Open, width: int) -> None:
    """Charts that are full, with every table unfolded."""
    assert counted is None
    page = open_as("manager", width=width)
    check, found = checker(page)
    for path in ("/desk/oversight", "/desk/early-help"):
        page.goto(path)
        assert page.get_by_role("img").count() == page.locator("main h3 ~ svg").count() >= 5
        folded = page.locator("main details:not([open]) summary")
        while folded.count():
            folded.first.click()
        check(f"{path} full")
    assert sorted(set(found)) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_trying_the_policy(open_as: Open, width: int) -> None:
    """The form as it opens, with a receipt that asks and one that does not, and with mistakes."""
    page = open_as("auditor", width=width)
    check, found = checker(page)
    visit(page, check, "/desk/policy/check")
    for state, years, danger in (("asking", "4", ""), ("sure", "16", "true"), ("mistaken", "many", "false")):
        page.get_by_label("Years").fill(years)
        page.get_by_label("A child is in danger now").select_option(danger)
        press(page, page.get_by_role("button", name="Ask the policy"))
        check(f"the policy is tried, {state}")
    assert sorted(set(found)) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_recording_a_call(open_as: Open, width: int) -> None:
    """Every step of a call, the first with a mistake, and what is said when it is sent."""
    page = open_as("screener", width=width)
    check, found = checker(page)
    visit(page, check, "/desk/call")
    for step in ("danger missing", "caller", "child", "concern", "openness", "check", "sent"):
        if step == "caller":
            page.get_by_label("Yes", exact=True).check()
        if step == "openness":
            page.get_by_label("What happened").fill("x")
        press(page, page.locator("main form .govuk-button").first)
        check(step)
    assert sorted(set(found)) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_referring(open_as: Open, width: int) -> None:
    """Every page of referring a child, some with mistakes, all answers, what is said at the end, and what was sent."""
    page = open_as("referrer", width=width)
    check, found = checker(page)
    visit(page, check, "/refer", "/refer/sent", "/desk", "/refer/danger")
    go_on = page.locator("main form .govuk-button").first
    for state, field, said in (
        ("danger missing", "", ""),
        ("worries", "#concern-immediate_danger-3", "check"),
        ("ages that cannot be read", "#ages", "four"),
        ("what the thresholds say", "#ages", "4, 7"),
        ("child", "", ""),
        ("second child", "#children-0-given_name", "Robin"),
        ("household", "#children-1-date_of_birth", "2020-02-03"),
        ("what happened", "#household-0-name", "Jo"),
        ("what happened missing", "", ""),
        ("help", "#concern-what_happened", "Alone at night."),
        ("openness", "", ""),
        ("safe contact", "", ""),
        ("about you", "", ""),
        ("about you with mistakes", "#referrer-name", ""),
        ("all answers", "#referrer-phone", "01632 960444"),
    ):
        if state == "all answers":
            page.locator("#referrer-name").fill("Rosa Quill")
        if said == "check":
            page.locator(field).check()
        elif field:
            page.locator(field).fill(said)
        press(page, go_on)
        check(state)
    press(page, page.get_by_role("button", name="Change Who is the child? 1"))
    check("changing an answer")
    press(page, page.get_by_role("button", name="Back"))
    press(page, go_on)
    page.get_by_role("heading", name="The referral is sent").wait_for()
    check("sent")
    visit(page, check, "/refer/sent")
    for danger in ("Yes", "Not known"):
        page.goto("/refer/danger")
        page.get_by_label(danger, exact=True).check()
        press(page, go_on)
        check(f"danger: {danger}")
    assert sorted(set(found)) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_forms(cases: dict[str, str], open_as: Open, width: int) -> None:
    """Every form of a case, empty, with mistakes, and sent from a page that is stale."""
    page = open_as("manager", width=width)
    check, found = checker(page)
    siblings = cases["siblings"]
    for form in ("acknowledgement", "facts", "decision", "information-request", "note", "priority", "parallel-route",
                 "assignment"):  # fmt: skip
        visit(page, check, f"{siblings}/{form}")
        press(page, page.locator("main form .govuk-button").first)
        if page.locator(".govuk-error-summary").count():
            check(f"{form} with mistakes")
    visit(
        page,
        check,
        f"{cases['routed']}/confirmation",
        f"{cases['routed']}/step-up",
        f"{cases['countersign']}/countersignature",
    )
    page.goto(f"{cases['danger']}/priority")
    other = page.context.new_page()
    other.goto(f"{cases['danger']}/note")
    other.get_by_label("Note", exact=True).fill("x")
    other.get_by_role("button", name="Write the note").click()
    other.wait_for_url("**done=note")
    page.get_by_label("Green").check()
    page.get_by_label("Why").fill("x")
    press(page, page.locator("main form .govuk-button").first)
    check("stale")
    assert sorted(set(found)) == []
