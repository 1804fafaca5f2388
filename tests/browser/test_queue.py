"""The queue in a browser: what is ticked and filtered stays, and what comes from elsewhere stays out."""

from playwright.sync_api import Route, expect

from tests.browser.conftest import NARROW, Open, example, submitted
from tests.browser.test_journeys import BOTH
from tests.factories import another_family
from tests.journeys.conftest import World

ELSEWHERE = "http://elsewhere.test/"
HOSTILE = """<b id="hurt">bold</b><script>window.hurt = true</script> \u202eright-to-left \U0001f9d2 """
LONG = "x" * 10_000


def row(path: str) -> tuple[str, str]:
    """Return the selectors of a case's box and of its link on the queue."""
    case = path.rpartition("/")[2]
    return f"[id='tick-{case}']", f"[id='open-{case}']"


def test_ticks_and_focus_outlive_changes(world: World, open_as: Open) -> None:
    """What a manager ticked is ticked after the changes are shown, the keyboard stays, and it is handed over."""
    mine = submitted(world, another_family(example("03") | {"openness": None}, "Tickley", born="2016-05-06"))
    page = open_as("manager")
    page.goto("/desk?queue=all")
    box, link = row(mine)
    expect(page.locator("#live-news")).to_have_text("This page hears of changes.")
    page.locator(box).check()
    page.locator(link).focus()
    submitted(world, another_family(example("03") | {"openness": None}, "Newly", born="2015-07-08"))
    page.get_by_role("button", name="Show changes").click()
    expect(page.locator("#live-news")).to_have_text("Changes are shown.")
    expect(page.locator(box)).to_be_checked()
    expect(page.locator(link)).to_be_focused()
    page.get_by_label("Hand the ticked cases to").select_option("manager")
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator("h1")).to_have_text("1 of 1 handed to Manager")


@BOTH
def test_the_way_back_keeps_the_filters(world: World, open_as: Open, *, scripts: bool) -> None:
    """From a filtered queue into a case and back, the filters are as they were; cleared, they are gone."""
    submitted(world, example("02"))
    page = open_as("screener", scripts=scripts)
    page.goto("/desk?queue=all")
    page.get_by_label("Level").select_option("4")
    page.get_by_role("button", name="Filter").click()
    page.locator(".desk-case a").first.click()
    page.get_by_role("link", name="Back to the queue").click()
    expect(page.get_by_label("Level")).to_have_value("4")
    page.get_by_role("link", name="Clear filters").click()
    page.get_by_role("link", name="Queue", exact=True).click()
    expect(page.get_by_label("Level")).to_have_value("")


def test_what_was_written_is_text(world: World, open_as: Open) -> None:
    """Markup, a word of 10,000 characters, right-to-left words and emoji are shown, do nothing and keep to the page."""
    document = example("05")
    document["concern"]["what_happened"] = HOSTILE + LONG
    page = open_as("screener", width=NARROW)
    page.goto(submitted(world, document))
    said = page.locator(".desk-said", has_text="window.hurt")
    expect(said.first).to_contain_text("<b id=")
    expect(said.first).to_contain_text(LONG)
    assert page.locator("#hurt").count() == 0
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_nothing_is_left_after_signing_out(world: World, open_as: Open) -> None:
    """The browser's way back shows no case: pages are kept nowhere."""
    path = submitted(world, example("05"))
    page = open_as("screener")
    page.goto(path)
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_form_of_another_site_does_nothing(world: World, open_as: Open) -> None:
    """A page elsewhere that sends a form here is refused, though the browser is signed in."""
    path = submitted(world, example("05"))
    page = open_as("screener")

    def hostile(route: Route) -> None:
        form = f"<form method='post' action='{world.door.url}{path}/claim'><button>Win a prize</button></form>"
        route.fulfill(content_type="text/html", body=form)

    page.route(f"{ELSEWHERE}**", hostile)
    page.goto(ELSEWHERE)
    with page.expect_response(lambda reply: reply.url.endswith("/claim")) as refused:
        page.get_by_role("button", name="Win a prize").click()
    assert refused.value.status in (401, 403)
    page.goto(path)
    expect(page.locator(".desk-strip")).to_contain_text("Nobody has it")
