"""What people may ask of the pages in what time, and how often an address may be wrong about who they are."""

from collections.abc import AsyncIterator

import pytest

from services.triage.pages.provider import CALLBACK
from shared.allowances import Rate
from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import ISSUER
from tests.triage.conftest import Front, opened
from tests.triage.pages.browsing import SAME_ORIGIN, Browser

FEW = Rate(4, 0.001)


@pytest.fixture
async def limited(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Front]:
    """Give the demo's triage with four of everything."""
    async with opened(open_service, hub, FEW, profile=Profile.DEMO) as front:
        yield front


async def signed_in(front: Front, persona: str) -> Browser:
    """Sign somebody in without reading a page, which would cost a read."""
    browser = Browser(front.http, ISSUER)
    front.http.cookies.clear()
    reply = await front.http.post("/desk/sign-in/persona", data={"persona": persona}, headers=SAME_ORIGIN)
    browser.cookies.extract_cookies(reply)
    return browser


def stranger(front: Front, secret: str) -> Browser:
    """Return a browser with a cookie that somebody made up."""
    browser = Browser(front.http, ISSUER)
    browser.cookies.set("frontdoor", secret, domain="front-door.test")
    return browser


async def test_cookies_that_are_made_up_are_refused_unseen(limited: Front) -> None:
    """At first they lead to signing in, then to a page that says when to come again; who is signed in stays so."""
    screener = await signed_in(limited, "screener")
    pages = [await stranger(limited, f"made-up-{number}").open("/desk") for number in range(6)]

    assert [page.url.path for page in pages] == ["/desk/sign-in"] * 4 + ["/desk"] * 2
    assert [page.status_code for page in pages] == [200] * 4 + [429] * 2
    assert "Too many requests" in pages[-1].text
    assert int(pages[-1].headers["Retry-After"]) > 900
    page = await screener.open("/desk?queue=mine")
    assert (page.url.path, page.status_code) == ("/desk", 200)


async def test_a_token_that_is_no_good_counts_once(limited: Front) -> None:
    """Though the register looks at who calls before the route's door does."""
    headers = {"Authorization": "Bearer no.token.this"}

    assert [(await limited.http.get("/v1/cases", headers=headers)).status_code for _ in range(6)] == [401] * 4 + [
        429
    ] * 2


async def test_answers_that_no_provider_gave_are_refused_unseen(open_service: OpenDatabase, hub: Hub) -> None:
    """Before the provider is asked whether they hold."""
    async with opened(open_service, hub, FEW, issuer=ISSUER, oidc_issuer="https://provider.test") as front:
        replies = [await front.http.get(CALLBACK, params={"code": "c", "state": "s"}) for _ in range(6)]

    assert [reply.status_code for reply in replies] == [403] * 4 + [429] * 2


async def test_pages_are_limited_by_person(limited: Front) -> None:
    """Whoever reads too many is shown a page that says so, and when to come again; a colleague reads on."""
    screener, colleague = await signed_in(limited, "screener"), await signed_in(limited, "screener-2")
    pages = [await screener.open("/desk?queue=mine") for _ in range(5)]

    assert [page.status_code for page in pages] == [200] * 4 + [429]
    assert "Too many requests" in screener.text
    assert int(pages[-1].headers["Retry-After"]) > 900
    assert pages[0].headers["RateLimit-Policy"] == '"reads";q=4;w=4000'
    assert (await colleague.open("/desk?queue=mine")).status_code == 200


async def test_claims_by_pages_are_limited(limited: Front) -> None:
    """They use up the same as those by the API, and leave other changes what is theirs."""
    screener = await signed_in(limited, "screener")
    await screener.open("/desk?queue=mine")
    fields = {"token": screener.forms[0].fields["token"]}
    headers = {**SAME_ORIGIN, "Cookie": f"frontdoor={screener.cookies['frontdoor']}"}

    async def send(path: str) -> int:
        return (await limited.http.post(path, data=fields, headers=headers)).status_code

    assert [await send("/desk/next") for _ in range(5)] == [303] * 4 + [429]
    assert await send("/desk/sign-out") == 303
