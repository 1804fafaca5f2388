"""How the tests fill in the pages by which partners refer."""

from tests.triage.pages.browsing import Browser

ROSA = "referrer referrer towcester-primary"
"""For whom triage asks, as it tells the referrals service."""


async def answer(browser: Browser, step: str, **typed: str | list[str]) -> int:
    """Fill in one page and go on; fields are written with `__` for the hyphen of their names. Returns the status."""
    named = {name.replace("__", "-"): said for name, said in typed.items()}
    return (await browser.send(f"/refer/{step}", **named)).status_code


async def begin(browser: Browser, danger: str = "no") -> None:
    await browser.open("/refer/danger")
    await answer(browser, "danger", concern__immediate_danger=danger)


async def told_of(browser: Browser, *signs: str, what: str = "Alone at night.") -> None:
    """Come to the page with all answers, with the least that has to be said where there is no danger."""
    await begin(browser)
    await answer(browser, "worries", concern__indicators=list(signs))
    for step in ("checked", "child", "household"):
        await answer(browser, step)
    await answer(browser, "concern", concern__what_happened=what)
    await answer(browser, "help")
    if at(browser) == "openness":
        await answer(browser, "openness")
    await answer(browser, "safe-contact")
    await answer(browser, "you", referrer__phone="01632 960444")
    assert at(browser) == "check"


def at(browser: Browser) -> str:
    """Return the step whose page is shown."""
    (form,) = [form for form in browser.forms if form.action.startswith("/refer/")]
    return form.action.removeprefix("/refer/")
