"""What staff do on the pages about partners and about the policy, with JavaScript and without."""

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.test_journeys import BOTH


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
