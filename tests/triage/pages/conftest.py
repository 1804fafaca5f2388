"""The staff pages of the demo, without a browser."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import ISSUER
from tests.triage.conftest import Front, opened
from tests.triage.pages.browsing import Browser

REFERRING = "/internal/agencies/referring"

SignIn = Callable[[str], Awaitable[Browser]]


@pytest.fixture
async def front(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Front]:
    """Give triage as `frontdoor up --demo` serves it."""
    async with opened(open_service, hub, profile=Profile.DEMO) as front:
        front.referrals.details[REFERRING] = {"agencies": {"towcester-primary": "Towcester Primary (demo)"}}
        yield front


@pytest.fixture
def as_persona(front: Front) -> SignIn:
    """Sign a persona of the demo in, in a browser of their own."""

    async def signed_in(persona: str) -> Browser:
        browser = Browser(front.http, ISSUER)
        await browser.sign_in(persona)
        return browser

    return signed_in
