"""Whole journeys of staff in a browser, with JavaScript and without."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, example, submitted
from tests.factories import another_family
from tests.journeys.conftest import World

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def follow(page: Page, name: str) -> None:
    """Follow a link of the main part of the page."""
    page.locator("main").get_by_text(name, exact=True).first.click()


@BOTH
def test_a_screener_takes_a_case_and_works_on_it(world: World, open_as: Open, *, scripts: bool) -> None:
    """Next case, told to the referrer with advice, coded beside the text, the school asked, a note written."""
    submitted(world, example("10"))
    page = open_as("screener", scripts=scripts)
    page.get_by_role("button", name="Take the next case").click()
    expect(page.locator(".desk-strip")).to_contain_text("Taken by Screener")
    follow(page, "Tell the referrer that you have it")
    page.get_by_label("Keep the child in school or nursery until you hear from us").check()
    page.get_by_role("button", name="Tell the referrer").click()
    expect(page.locator(".govuk-notification-banner")).to_contain_text("The referrer is told")
    follow(page, "Code what was written")
    page.locator("summary", has_text="Emotional wellbeing").click()
    page.locator("#status-self_harm").select_option("present")
    page.get_by_label("Where you read or heard it").fill("the narrative")
    page.get_by_role("button", name="Assess again").click()
    expect(page.locator("main")).to_contain_text("The child's mental health needs more than everyday support")
    follow(page, "Ask an agency")
    page.get_by_label("Agency", exact=True).select_option("towcester-primary")
    page.get_by_label("What you need the answer for").fill("To know how the mornings go.")
    page.get_by_label("Lawful basis").select_option("public_task")
    page.get_by_label("Questions, one on each line").fill("Who comes along?\nSince when?")
    page.get_by_role("button", name="Ask the agency").click()
    expect(page.locator("main")).to_contain_text("Since when?")
    follow(page, "Write a note")
    page.get_by_label("Note", exact=True).fill("Rang the school at noon.")
    page.get_by_role("button", name="Write the note").click()
    expect(page.locator("main")).to_contain_text("Rang the school at noon.")


@BOTH
def test_two_siblings_are_decided_differently(world: World, open_as: Open, *, scripts: bool) -> None:
    """A mistake is named where it is and keeps the typing; corrected, the decision stands for each child."""
    page = open_as("social-worker", scripts=scripts)
    page.goto(submitted(world, example("10")))
    follow(page, "Decide")
    page.get_by_label("Level for Poppy Whitlock").select_option("3")
    page.get_by_label("Outcome for Poppy Whitlock").select_option("targeted_early_help")
    page.get_by_label("Level for Finlay Whitlock").select_option("2")
    page.get_by_label("Outcome for Finlay Whitlock").select_option("family_hub")
    page.get_by_label("Why: your rationale").fill("Each needs something else.")
    page.get_by_label("What the referrer reads").fill("Both children will have help.")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".govuk-error-summary")).to_contain_text("The decision differs from what the policy says")
    page.locator(".govuk-error-summary a").first.click()
    expect(page.get_by_label("Why: your rationale")).to_have_value("Each needs something else.")
    page.get_by_label("Why it differs from the policy").fill("Finlay's needs are lighter.")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("main")).to_contain_text("Poppy Whitlock: level 3, targeted early help")
    expect(page.locator("main")).to_contain_text("Finlay Whitlock: level 2, family hub")


@BOTH
def test_a_lowered_level_4_is_countersigned(world: World, open_as: Open, *, scripts: bool) -> None:
    """What one manager lowers stands only when another, who reads both, has agreed."""
    path = submitted(world, example("01"))
    first, second = (open_as(persona, scripts=scripts) for persona in ("manager", "manager-2"))
    first.goto(f"{path}/decision")
    first.locator("#children-0-level").select_option("3")
    first.locator("#children-0-outcome").select_option("targeted_early_help")
    for field in ("rationale", "feedback_to_referrer", "override_reason"):
        first.locator(f"#{field}").fill("The ward explained the injury.")
    first.get_by_role("button", name="Decide").click()
    expect(first.locator(".desk-strip")).to_contain_text("To be countersigned")
    expect(first.get_by_role("button", name="Countersign")).to_have_count(0)
    second.goto(path)
    follow(second, "Countersign")
    expect(second.locator("main")).to_contain_text("The policy says level 4")
    second.get_by_label("Yes: the decision stands").check()
    second.get_by_label("Why", exact=True).fill("I rang the ward too.")
    second.get_by_role("button", name="Countersign").click()
    expect(second.locator(".desk-strip")).to_contain_text("Decided")


@BOTH
def test_a_route_is_confirmed_and_a_match_settled(world: World, open_as: Open, *, scripts: bool) -> None:
    """What the policy routed is confirmed and stepped up; another contact is said to be about the same person."""
    document = another_family(example("03"), "Ashdown" if scripts else "Birkett", born=f"201{7 + scripts}-03-04")
    page = open_as("social-worker", scripts=scripts)
    page.goto(submitted(world, document))
    follow(page, "Confirm the route")
    page.get_by_role("button", name="Confirm the route").click()
    expect(page.locator(".desk-strip")).to_contain_text("Decided")
    follow(page, "Step up: early help is not enough")
    page.get_by_role("button", name="Step up").click()
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    page.get_by_label("Why early help is not enough").fill("A bruise on his arm.")
    page.get_by_role("button", name="Step up").click()
    expect(page.locator(".desk-strip")).to_contain_text("Amber")
    expect(page.locator(".desk-strip")).to_contain_text("Nobody has it")
    expect(page.locator("main")).to_contain_text("A bruise on his arm.")
    page.goto(submitted(world, document))
    page.get_by_role("button", name="Same person").first.click()
    expect(page.locator("main")).to_contain_text("Confirmed")


@BOTH
def test_a_call_is_recorded(open_as: Open, *, scripts: bool) -> None:
    """One thing on each page, back keeps what was said, and the thresholds speak before it is sent."""
    page = open_as("out-of-hours", scripts=scripts)
    page.goto("/desk/call")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".govuk-error-summary")).to_contain_text("Answer this")
    page.get_by_label("Not known").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Who they are").select_option("1B")
    page.get_by_label("Their name").fill("A neighbour")
    page.get_by_role("button", name="Continue").click()
    surname = "Callwith" if scripts else "Callwithout"
    page.get_by_label("First name").fill("Robin")
    page.get_by_label("Family name").fill(surname)
    page.get_by_label("About how old").fill("4")
    page.get_by_label("Postcode").fill("NN12")
    page.get_by_label("Nobody outside may learn").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("What happened").fill("Alone in the garden at night, again.")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Family name")).to_have_value(surname)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("What happened")).to_have_value("Alone in the garden at night, again.")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("The thresholds say level 1")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("main")).to_contain_text("The call is recorded")
    expect(page.locator("main")).to_contain_text("Ring now")
    page.goto("/desk?queue=all")
    case = page.locator(".desk-case", has_text=f"Robin {surname}")
    for _ in range(50):
        if case.count():
            break
        page.reload()
    expect(case).to_contain_text("Location protected")


def test_a_printed_case_has_no_protected_place(world: World, open_as: Open) -> None:
    """On paper the protected address is missing; what is protected from whom stays."""
    page = open_as("manager")
    page.goto(submitted(world, example("02")))
    expect(page.get_by_text("3 Lark Rise").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_text("3 Lark Rise").first).to_be_hidden()
    expect(page.locator("#protected")).to_be_visible()


def test_a_second_screener_hears_of_a_claim(world: World, open_as: Open) -> None:
    """The queue of another browser says that it has changed, and shows it when asked; it can be paused."""
    path = submitted(world, example("05"))
    first, second = open_as("screener"), open_as("screener-2")
    second.goto("/desk?queue=all")
    expect(second.locator("#live-news")).to_have_text("This page hears of changes.")
    first.goto(path)
    first.get_by_role("button", name="Take this case").click()
    expect(second.locator("#live-news")).to_have_text("The queue has changed.")
    case = second.locator(".desk-case", has=second.locator(f"a[href='{path}']"))
    expect(case).to_contain_text("Not taken")
    second.get_by_role("button", name="Show changes").click()
    expect(case).to_contain_text("Screener")
    second.get_by_role("button", name="Pause updates").click()
    first.get_by_text("Give it back").click()
    first.get_by_role("button", name="Give it back").click()
    expect(first.locator(".desk-strip")).to_contain_text("Nobody has it")
    expect(second.get_by_role("button", name="Show changes")).to_be_hidden()


def test_typing_is_kept_by_itself(world: World, open_as: Open) -> None:
    """A draft is on the server soon after the last key, and comes back in another browser of the same person."""
    path = submitted(world, example("03"))
    page = open_as("manager-3")
    page.goto(f"{path}/decision")
    page.get_by_label("Why: your rationale").fill("Half a thought")
    expect(page.locator("[data-draft-news]")).to_contain_text("Draft kept")
    again = open_as("manager-3")
    again.goto(f"{path}/decision")
    expect(again.get_by_label("Why: your rationale")).to_have_value("Half a thought")
    expect(again.locator("main")).to_contain_text("This is your draft")


def test_an_injected_script_does_nothing(world: World, open_as: Open) -> None:
    """The page's policy stops inline scripts, scripts of other places, and handlers, wherever they come from."""
    page = open_as("screener", watched=False)
    page.goto(submitted(world, example("05")))
    page.evaluate(
        """() => {
            window.stopped = [];
            document.addEventListener('securitypolicyviolation', (e) => window.stopped.push(e.effectiveDirective));
            const inline = document.createElement('script');
            inline.textContent = 'window.ran = true';
            const other = document.createElement('script');
            other.src = 'https://evil.test/x.js';
            document.body.append(inline, other);
            document.querySelector('h1').insertAdjacentHTML('beforeend', '<b onclick="window.ran = true">x</b>');
            document.querySelector('h1 b').click();
        }"""
    )
    page.wait_for_function("window.stopped.length >= 3")
    assert page.evaluate("window.ran") is None
    assert set(page.evaluate("window.stopped")) == {"script-src-elem", "script-src-attr"}
