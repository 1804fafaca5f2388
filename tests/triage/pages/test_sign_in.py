"""Signing in by a strict OpenID Connect provider, and what a session is."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, text, update

from services.triage.actions.sessions import Person, find_session, sign_in
from services.triage.models import Case
from services.triage.pages import personas
from services.triage.pages.provider import CALLBACK
from shared.db import transaction
from shared.security import Role
from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.browser.provider import consent, running
from tests.conftest import OpenDatabase
from tests.triage.conftest import Front, example, opened
from tests.triage.pages.browsing import Browser
from tests.triage.pages.conftest import REFERRING, SignIn

PLACE = "https://front-door.test"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running(f"{PLACE}{CALLBACK}") as issuer:
        yield issuer


@pytest.fixture
async def trusting(open_service: OpenDatabase, hub: Hub, provider: str) -> AsyncIterator[Front]:
    """Give triage whose staff sign in at the provider."""
    async with opened(open_service, hub, issuer=PLACE, oidc_issuer=provider) as front:
        yield front


async def sent_back(browser: Browser, account: str, place: str = "/desk") -> str:
    """Begin in this browser, sign in at the provider; returns the path that it sends back to."""
    begun = await browser.http.get(f"{PLACE}/desk/sign-in/start", params={"next": place})
    browser.cookies.extract_cookies(begun)
    target = urlsplit(await consent(begun.headers["Location"], account))
    return f"{target.path}?{target.query}"


async def test_a_screener_signs_in(trusting: Front) -> None:
    """Code flow with PKCE S256, state and nonce; the cookie is for this host alone; the way on is kept."""
    browser = Browser(trusting.http, PLACE)
    begun = await trusting.http.get(f"{PLACE}/desk/sign-in/start")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["Location"]).query).items()}
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert len(asked["state"]) > 30 < len(asked["nonce"])
    await browser.open(await sent_back(browser, "s-1", "/desk?due=today"))
    assert browser.page.status_code == 200
    assert browser.page.url.query == b"due=today"
    assert "Sam Screener" in browser.text
    (cookie,) = [one for one in browser.cookies.jar if one.name == "__Host-frontdoor"]
    assert (cookie.secure, cookie.path, cookie.domain_specified) == (True, "/", False)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert cookie.value is not None
    async with transaction(trusting.db) as session:
        kept = (await session.execute(text("SELECT encode(digest, 'escape') FROM staff_sessions"))).scalar_one()
    assert cookie.value not in kept


@pytest.mark.parametrize("broken", ["state", "code", "iss", "cookie", "nonce"])
async def test_an_answer_that_does_not_hold_is_refused(trusting: Front, broken: str) -> None:
    """Another state, code, issuer, browser or nonce signs nobody in, and says nothing of why."""
    browser, other = Browser(trusting.http, PLACE), Browser(trusting.http, PLACE)
    answer = await sent_back(browser, "s-1")
    if broken == "cookie":
        browser = other
    elif broken == "nonce":
        mixed = await sent_back(other, "s-1")
        code = parse_qs(urlsplit(mixed).query)["code"][0]
        answer = str(httpx.URL(answer).copy_set_param("code", code))
    else:
        answer = str(httpx.URL(answer).copy_set_param(broken, "another"))
    assert (await browser.open(answer)).status_code == 403
    assert (await browser.open("/desk")).url.path == "/desk/sign-in"


async def test_who_has_no_role_any_more_has_no_work_either(trusting: Front, provider: str) -> None:
    """Once the provider names no role, the sessions that the person has end, and their case is on the queue."""
    person = Person(provider, "n-1", "No Role", frozenset({Role.SCREENER}))
    await trusting.submit(example("05"))
    async with transaction(trusting.db) as session:
        secret = await sign_in(session, person)
        await session.execute(update(Case).values(owner="n-1", owner_issuer=provider, status="claimed"))
    browser = Browser(trusting.http, PLACE)
    await browser.open(await sent_back(browser, "n-1"))

    async with transaction(trusting.db) as session:
        assert await find_session(session, secret, active=False) is None
        assert (await session.execute(select(Case.status, Case.owner))).one() == ("unassigned", None)


async def test_a_code_counts_once(trusting: Front) -> None:
    """The same answer sent again signs nobody in."""
    browser, thief = Browser(trusting.http, PLACE), Browser(trusting.http, PLACE)
    answer = await sent_back(browser, "s-1")
    thief.cookies = httpx.Cookies(browser.cookies)
    assert (await browser.open(answer)).status_code == 200
    assert (await thief.open(answer)).status_code == 403


async def test_nobody_works_here_without_a_role(trusting: Front) -> None:
    """A person whom the provider gives no role of ours is told so, and has no session."""
    browser = Browser(trusting.http, PLACE)
    reply = await browser.open(await sent_back(browser, "n-1"))
    assert reply.status_code == 403
    assert "no role" in browser.text
    assert (await browser.open("/desk")).url.path == "/desk/sign-in"


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("r-2", "names no agency"),
        ("r-3", "not known here, or may not refer"),
        ("r-4", "a partner's and staff's at once"),
        ("r-5", "names no agency"),
    ],
)
async def test_whoever_refers_for_nobody_is_refused(trusting: Front, account: str, words: str) -> None:
    """A referrer needs an agency that may refer, and is nothing else; the page says which of these is missing."""
    trusting.referrals.details[REFERRING] = {"agencies": {"a-school": "A school", "front-door": "The door"}}
    browser = Browser(trusting.http, PLACE)
    assert (await browser.open(await sent_back(browser, account))).status_code == 403
    assert words in browser.text
    assert (await browser.open("/refer")).url.path == "/desk/sign-in"


async def test_a_referrer_signs_in_for_their_agency(trusting: Front) -> None:
    """The claim names the agency; while it cannot be looked up nobody is let in unseen."""
    browser = Browser(trusting.http, PLACE)
    trusting.referrals.away = True
    assert (await browser.open(await sent_back(browser, "r-1"))).status_code == 503
    trusting.referrals.away = False
    trusting.referrals.details[REFERRING] = {"agencies": {"a-school": "A school"}}
    await browser.open(await sent_back(browser, "r-1"))
    assert (browser.page.status_code, browser.page.url.path) == (200, "/refer")
    assert "Rosa Quill Referrer, A school" in browser.text


async def test_a_new_sign_in_ends_the_old_session(as_persona: SignIn) -> None:
    """The session's secret is another after each sign-in, and the one before is worth nothing."""
    browser = await as_persona("screener")
    before = httpx.Cookies(browser.cookies)
    await browser.sign_in("screener")
    assert before["frontdoor"] != browser.cookies["frontdoor"]
    browser.cookies = before
    assert (await browser.open("/desk")).url.path == "/desk/sign-in"


@pytest.mark.parametrize(
    ("column", "ago", "over"),
    [
        ("seen_at", "14 minutes", False),
        ("seen_at", "15 minutes 1 second", True),
        ("started_at", "9 hours 59 minutes", False),
        ("started_at", "10 hours 1 second", True),
    ],
)
async def test_a_session_ends_by_itself(front: Front, as_persona: SignIn, column: str, ago: str, over: bool) -> None:
    """After 15 idle minutes, or ten hours in all; use starts the idle minutes anew and never the ten hours."""
    browser = await as_persona("screener")
    async with transaction(front.db) as session:
        await session.execute(text(f"UPDATE staff_sessions SET {column} = now() - interval '{ago}'"))
    assert ((await browser.open("/desk")).url.path == "/desk/sign-in") is over
    if not over:
        async with transaction(front.db) as session:
            idle = await session.scalar(text("SELECT max(now() - seen_at) < interval '1 minute' FROM staff_sessions"))
        assert idle is True


async def test_signing_out_everywhere(as_persona: SignIn) -> None:
    """One browser signs out alone; everywhere means every browser of this person, and of nobody else."""
    first, second, third, other = [await as_persona(name) for name in ("manager", "manager", "manager", "manager-2")]
    await first.open("/desk")
    await first.send("/desk/sign-out")
    assert (await first.open("/desk")).url.path == "/desk/sign-in"
    assert (await second.open("/desk")).url.path == "/desk"
    await second.send("/desk/sign-out", everywhere="yes")
    assert (await third.open("/desk")).url.path == "/desk/sign-in"
    assert (await other.open("/desk")).url.path == "/desk"


async def test_forms_come_from_our_pages_alone(as_persona: SignIn) -> None:
    """Without the session's token, with another session's, or from another site a form does nothing."""
    browser, other = await as_persona("screener"), await as_persona("screener-2")
    await other.open("/desk")
    theirs = other.forms[0].fields["token"]
    ours = browser.forms[0].fields["token"]
    assert (await browser.post("/desk/sign-out", {"everywhere": ["yes"]})).status_code == 403
    assert (await browser.post("/desk/sign-out", {"token": theirs})).status_code == 403
    for site in ("cross-site", "same-site", "none"):
        assert (await browser.post("/desk/sign-out", {"token": ours}, **{"Sec-Fetch-Site": site})).status_code == 403
    assert (await browser.open("/desk")).url.path == "/desk"


async def test_one_subject_is_one_issuers(front: Front, as_persona: SignIn) -> None:
    """A subject that another issuer signed in before is refused, whatever its roles."""
    await as_persona("screener")
    async with transaction(front.db) as session:
        await session.execute(text("UPDATE staff_members SET issuer = 'https://other.test'"))
    browser = Browser(front.http, "http://front-door.test")
    assert (await browser.sign_in("screener")).status_code == 403


async def test_pages_carry_their_headers(as_persona: SignIn) -> None:
    """No page may be cached, framed or given a script of another place; files that browsers load may be kept."""
    browser = await as_persona("screener")
    page = await browser.open("/desk")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script>" not in page.text
    assert 'style="' not in page.text
    asset = page.text.split('href="/desk/assets/')[1].split('"')[0]
    loaded = await browser.open(f"/desk/assets/{asset}")
    assert (loaded.status_code, loaded.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert (await browser.open("/desk/assets/manifest.json")).status_code == 404


@pytest.mark.parametrize(
    "place", ["//evil.test", "https://evil.test", "/v1/cases", "/desk\\@evil.test", "javascript:x"]
)
async def test_the_way_on_stays_here(front: Front, place: str) -> None:
    """Signing in leads to a page of ours, whatever the link said."""
    browser = Browser(front.http, "http://front-door.test")
    await browser.open("/desk/sign-in")
    reply = await browser.send("/desk/sign-in/persona", persona="screener", next=place)
    assert (reply.url.host, reply.url.path) == ("front-door.test", "/desk")


async def test_no_demo_outside_the_demo(open_service: OpenDatabase, hub: Hub) -> None:
    """Under any other profile there is neither the page of personas nor its route, and it cannot be mounted."""
    for profile in (Profile.STANDARD, Profile.PRODUCTION):
        async with opened(open_service, hub, profile=profile) as front:
            browser = Browser(front.http, PLACE)
            await browser.open("/desk/sign-in")
            assert "persona" not in browser.page.text
            assert (await browser.post("/desk/sign-in/persona", {"persona": ["screener"]})).status_code == 404
            settings = type("Settings", (), {"profile": profile})
            with pytest.raises(ValueError, match="demo"):
                personas.router_of(settings)  # type: ignore[arg-type]
