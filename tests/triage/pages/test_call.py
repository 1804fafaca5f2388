"""Recording a call, as triage sends it on."""

from typing import Any

import pytest

from services.triage.pages.call import CALL
from services.triage.pages.form import Form
from services.triage.pages.journey.answers import referral_of
from shared.settings.hub import Hub
from tests.triage.conftest import Front
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import SignIn

PATH = "/internal/referrals"
ACCEPTED: dict[str, Any] = {
    "reference": "FD-2611-0000-0000",
    "call_now": {"who": "Duty team", "phone": "01632 960202", "because": "A child may be in danger."},
    "decision_due_at": "2026-11-23T17:00:00Z",
    "quality": {"score": 10, "missing": [{"pointer": "/x", "ask": "Where is the child?", "why": "To find it."}]},
}


async def answer(browser: Browser, step: str, **typed: str | list[str]) -> None:
    """Fill in one page; fields are written with `__` for the hyphen of their names."""
    await browser.send(f"/desk/call/{step}", **{name.replace("__", "-"): said for name, said in typed.items()})


async def told_of(browser: Browser, danger: str = "no") -> None:
    """Come to the page with all answers."""
    await browser.open("/desk/call")
    await answer(browser, "danger", concern__immediate_danger=danger)
    await answer(browser, "caller", source="9")
    await answer(browser, "child", children__0__given_name="Robin")
    await answer(browser, "concern", concern__what_happened="x")
    await answer(browser, "openness")


async def test_a_call_is_sent_once_for_whom_took_it(front: Front, as_persona: SignIn) -> None:
    """What was said on all pages goes in one document, with one key, under the account and role of the taker."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("out-of-hours")
    await browser.open("/desk/call")
    await answer(browser, "danger", concern__immediate_danger="yes")
    await answer(browser, "caller", source="9")
    await answer(
        browser,
        "child",
        children__0__given_name="Robin",
        children__0__address__lines="1 Lane\nTowcester",
        children__0__address__postcode="NN12 6AA",
        children__0__location_protected="yes",
    )
    await answer(browser, "concern", concern__what_happened="<b>shouting</b>")
    await answer(browser, "openness")
    assert "<b>shouting</b>" in browser.text
    assert front.referrals.recorded == []
    await browser.send("/desk/call/check")
    ((document, key, person),) = front.referrals.recorded
    address = {"lines": ["1 Lane", "Towcester"], "postcode": "NN12 6AA"}
    assert document == {
        "source": "9",
        "children": [{"given_name": "Robin", "address": address, "location_protected": True}],
        "concern": {"what_happened": "<b>shouting</b>", "immediate_danger": "yes"},
    }
    assert (len(key), person) == (32, "out-of-hours out_of_hours front-door")
    assert "Ring now: Duty team" in browser.text


async def test_what_was_said_so_far_is_the_takers_own(as_persona: SignIn) -> None:
    """It travels sealed, and another person's, or a changed one, is refused."""
    browser, other = await as_persona("screener"), await as_persona("screener-2")
    for one in (browser, other):
        await one.open("/desk/call")
    await answer(browser, "danger", concern__immediate_danger="no")
    (form,) = [form for form in browser.forms if form.action == "/desk/call/caller"]
    sealed = form.fields["so_far"][0]
    assert (await other.send("/desk/call/danger", so_far=sealed)).status_code == 400
    assert (await browser.send("/desk/call/caller", so_far=sealed[:-8] + "AAAAAAA=")).status_code == 400


async def test_a_call_while_referrals_are_away(front: Front, as_persona: SignIn) -> None:
    """Nothing is recorded, the page says so, and sending it again from there is enough."""
    browser = await as_persona("screener")
    await told_of(browser)
    front.referrals.away = True
    assert (await browser.send("/desk/call/check")).status_code == 503
    assert "Nothing was sent" in browser.text
    front.referrals.away, front.referrals.details[PATH] = False, ACCEPTED
    assert (await browser.send("/desk/call/check")).status_code == 200
    assert len({key for _, key, _ in front.referrals.recorded}) == 1


async def test_what_is_unticked_is_taken_back(front: Front, as_persona: SignIn) -> None:
    """A box that was ticked and is not any more says nothing, however often the page was sent."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("screener")
    await told_of(browser)
    await browser.send("/desk/call/check", to="child 0")
    await answer(browser, "child", children__0__location_protected="yes")
    assert "Nobody outside may learn" in browser.text
    await browser.send("/desk/call/check", to="child 0")
    await answer(browser, "child", children__0__location_protected=[])
    await browser.send("/desk/call/check")
    assert "location_protected" not in front.referrals.recorded[0][0]["children"][0]


@pytest.mark.parametrize("danger", ["not_known", "yes"])
def test_what_is_not_known_is_left_out(hub: Hub, danger: str) -> None:
    """An almost empty call is a referral still."""
    told = Form({"concern-immediate_danger": [danger], "concern-what_happened": ["x"]})
    assert referral_of(CALL, told, hub) == {
        "children": [{"given_name": "not known"}],
        "concern": {"what_happened": "x", "immediate_danger": danger},
    }
