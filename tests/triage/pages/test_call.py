"""Recording a call, as triage sends it on."""

from typing import Any

from services.triage.pages.call import referral_of
from services.triage.pages.form import Form
from tests.triage.conftest import Front
from tests.triage.pages.conftest import SignIn

PATH = "/internal/referrals"
ACCEPTED: dict[str, Any] = {
    "reference": "FD-2611-0000-0000",
    "call_now": {"who": "Duty team", "phone": "01632 960202", "because": "A child may be in danger."},
    "decision_due_at": "2026-11-23T17:00:00Z",
    "quality": {"score": 10, "missing": [{"pointer": "/x", "ask": "Where is the child?", "why": "To find it."}]},
}


async def test_a_call_is_sent_once_for_whom_took_it(front: Front, as_persona: SignIn) -> None:
    """What was said on all pages goes in one document, with one key, under the account and role of the taker."""
    front.referrals.details[PATH] = ACCEPTED
    browser = await as_persona("out-of-hours")
    await browser.open("/desk/call")
    await browser.send("/desk/call/danger", danger="yes")
    await browser.send("/desk/call/caller", source="9")
    await browser.send("/desk/call/child", given_name="Robin", address="1 Lane\nTowcester", postcode="NN12 6AA")
    await browser.send("/desk/call/concern", what_happened="<b>shouting</b>")
    await browser.send("/desk/call/openness")
    assert "<b>shouting</b>" in browser.text
    assert front.referrals.recorded == []
    await browser.send("/desk/call/check")
    ((document, key, recorded_by),) = front.referrals.recorded
    assert document == {
        "source": "9",
        "referrer": {},
        "children": [{"given_name": "Robin", "address": {"lines": ["1 Lane", "Towcester"], "postcode": "NN12 6AA"}}],
        "concern": {"what_happened": "<b>shouting</b>", "immediate_danger": "yes"},
    }
    assert (len(key), recorded_by) == (32, "out-of-hours out_of_hours")
    assert "Ring now: Duty team" in browser.text


async def test_what_was_said_so_far_is_the_takers_own(as_persona: SignIn) -> None:
    """It travels sealed, and another person's, or a changed one, is refused."""
    browser, other = await as_persona("screener"), await as_persona("screener-2")
    for one in (browser, other):
        await one.open("/desk/call")
    await browser.send("/desk/call/danger", danger="no")
    (form,) = [form for form in browser.forms if form.action == "/desk/call/caller"]
    sealed = form.fields["so_far"][0]
    assert (await other.send("/desk/call/danger", so_far=sealed)).status_code == 400
    assert (await browser.send("/desk/call/caller", so_far=sealed[:-8] + "AAAAAAA=")).status_code == 400


async def test_a_call_while_referrals_are_away(front: Front, as_persona: SignIn) -> None:
    """Nothing is recorded, and the page says so."""
    browser = await as_persona("screener")
    await browser.open("/desk/call")
    for step in ("danger", "caller", "child"):
        await browser.send(f"/desk/call/{step}", danger="no")
    await browser.send("/desk/call/concern", what_happened="x")
    await browser.send("/desk/call/openness")
    front.referrals.away = True
    assert (await browser.send("/desk/call/check")).status_code == 503
    assert "Nothing was recorded" in browser.text


def test_what_is_not_known_is_left_out() -> None:
    """An almost empty call is a referral still."""
    assert referral_of(Form({"danger": ["not_known"], "what_happened": ["x"]})) == {
        "referrer": {},
        "children": [{"given_name": "not known"}],
        "concern": {"what_happened": "x", "immediate_danger": "not_known"},
    }
