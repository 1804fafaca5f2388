"""Referring a child in a browser, with JavaScript and without, until the front door has it."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_journeys import BOTH
from tests.journeys.conftest import World


def go_on(page: Page, **typed: str) -> None:
    """Fill in fields by their names, with `__` for the hyphen, and continue."""
    for name, said in typed.items():
        page.locator(f"[name='{name.replace('__', '-')}']").fill(said)
    page.locator("main form .govuk-button").first.click()


def start(page: Page, danger: str) -> None:
    page.get_by_role("button", name="Start").click()
    page.get_by_label(danger, exact=True).check()
    page.get_by_role("button", name="Continue").click()


def case_of(world: World, reference: str) -> dict[str, Any]:
    """Return the case of a referral that the school sees as its own, once triage has opened it."""
    own = world.http.get("/v1/referrals", headers=world.partner("towcester-primary")).json()["items"]
    referral = next(item["id"] for item in own if item["reference"] == reference)
    for _ in range(200):
        case = world.case_of(referral)
        if case is not None and not case["details_pending"]:
            return case
        world.http.get("/health/live")
    raise AssertionError("the case did not open")


@BOTH
def test_two_siblings_are_referred(world: World, open_as: Open, *, scripts: bool) -> None:
    """The thresholds first, a page for each child, an answer changed, sent, and found again as the agency's."""
    surname = "Sparrow" if scripts else "Starling"
    page = open_as("referrer", scripts=scripts)
    start(page, "No")
    page.locator("summary", has_text="Education").click()
    page.get_by_label("Attendance or punctuality is slipping").check()
    go_on(page, ages="9, 7", children__0__address__postcode="NN12 6XX")
    expect(page.locator("main")).to_contain_text("Help nearby")
    expect(page.locator("main")).to_contain_text("Still worried? Refer, or call")
    go_on(page)
    go_on(page, children__0__given_name="Wren", children__0__family_name=surname)
    go_on(page, children__1__given_name="Jay", children__1__date_of_birth="2019-03-04")
    go_on(page, household__0__name=f"Robin {surname}")
    go_on(page)
    expect(page.locator(".govuk-error-summary")).to_contain_text("one sentence is enough")
    page.locator(".govuk-error-summary a").click()
    expect(page.locator("#concern-what_happened")).to_be_focused()
    go_on(page, concern__what_happened="Both come late and tired.")
    for _ in range(3):
        go_on(page)
    go_on(page, referrer__phone="01632 960444", agency_reference=f"Y {surname}")
    page.get_by_role("button", name="Change Who is the child? 1").click()
    go_on(page, children__0__given_name="Robin")
    expect(page.locator("main")).to_contain_text("Robin")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("main")).to_contain_text("The referral is sent")
    expect(page.locator("main")).to_contain_text("A social worker decides by")
    reference = page.locator(".govuk-panel__body strong").inner_text()
    page.get_by_role("link", name="What was sent", exact=True).first.click()
    expect(page.locator("main")).to_contain_text(f"{reference}, yours: Y {surname}")
    assert len(case_of(world, reference)["children"]) == 2


@BOTH
def test_a_danger_gets_through_almost_empty(world: World, open_as: Open, *, scripts: bool) -> None:
    """Two answers are enough; whom to ring stands first, and the case is red."""
    page = open_as("referrer", scripts=scripts)
    start(page, "Yes")
    expect(page.locator("main")).to_contain_text("ring 999 before you go on")
    go_on(page)
    go_on(page)
    go_on(page, concern__what_happened="Screaming next door.")
    go_on(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".desk-protected")).to_contain_text("Ring now")
    assert case_of(world, page.locator(".govuk-panel__body strong").inner_text())["priority"] == "red"


def test_a_danger_gets_through_with_what_nobody_understands(world: World, open_as: Open) -> None:
    """A code of no list and a name that is too long stay as typed, make a red case, and stand first on it."""
    name = "Tern " + "n" * 300
    page = open_as("referrer")
    start(page, "Yes")
    page.locator("#children-0-sex").evaluate("list => { list.add(new Option('Q', 'Q')); list.value = 'Q' }")
    go_on(page, children__0__given_name="Tern", children__0__family_name=name)
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#children-0-sex")).to_have_value("Q")
    expect(page.locator("#children-0-family_name")).to_have_value(name)
    go_on(page)
    go_on(page)
    go_on(page, concern__what_happened="He is hurt.", concern__happened_on="2026-01-02")
    go_on(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("main")).to_contain_text("What was not clear")
    expect(page.locator("main")).to_contain_text("Sex (Q)")
    reference = page.locator(".govuk-panel__body strong").inner_text()

    case = case_of(world, reference)
    assert case["priority"] == "red"
    kept = {one["pointer"]: one["value"] for one in case["referral"]["not_understood"]}
    assert kept == {"/children/0/sex": "Q", "/children/0/family_name": name}

    desk = open_as("screener")
    desk.goto("/desk?queue=unassigned&priority=red")
    expect(desk.locator("main")).to_contain_text(reference)
    desk.goto(f"/desk/cases/{case['id']}")
    first = desk.locator("main section").first
    expect(first).to_contain_text("Not understood: read this first")
    expect(first).to_contain_text(name)
    first.get_by_text("The whole of what was sent").click()
    expect(first.locator("details")).to_contain_text('"sex":"Q"')


@pytest.mark.parametrize("path", ["/desk", "/desk/cases/0199a000-0000-7000-8000-000000000000", "/desk/policy"])
def test_a_referrer_sees_nothing_of_the_desk(open_as: Open, path: str) -> None:
    """Pages of staff are refused, with a way back to their own."""
    page = open_as("referrer")
    page.goto(path)
    expect(page.locator("main")).to_contain_text("This page is for the role")
    page.get_by_role("link", name="Go to your work").click()
    expect(page.locator("h1")).to_have_text("Refer a child")
