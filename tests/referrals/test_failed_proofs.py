"""Tokens and assertions that are no good: refused unseen beyond a few, while good ones are taken as ever."""

from typing import Any

import pytest
from joserfc import jwt

from services.referrals.actions.agencies import add_agency_key
from services.referrals.domain import assertions
from shared.db import transaction
from shared.security import issue_token, tokens
from tests.fakes import ISSUER, as_partner
from tests.referrals.conftest import SCHOOL, Front
from tests.referrals.test_tokens import KEY, OTHER_KEY, SLUG, ask, signed

LIST = "/v1/referrals"


@pytest.fixture
async def school(limited: Front) -> Front:
    """Give the service with three of everything, and a school with a key."""
    async with transaction(limited.db) as session:
        await add_agency_key(session, SLUG, KEY.as_dict(private=False))
    return limited


class Looks:
    """Counts the signatures that are looked at in a module."""

    def __init__(self, patch: pytest.MonkeyPatch, module: Any) -> None:
        self.count = 0
        patch.setattr(module, "jwt", self)

    def decode(self, *given: Any, **named: Any) -> Any:
        self.count += 1
        return jwt.decode(*given, **named)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def forged() -> str:
    return issue_token(OTHER_KEY, ISSUER, ISSUER, {"sub": SLUG, "scope": "referrals:read"})


async def test_tokens_that_cannot_be_good_are_refused_unseen(school: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three the answer is 429 and says when; good tokens of the same address are taken, old and new."""
    looks = Looks(monkeypatch, tokens)
    replies = [await school.http.get(LIST, headers=bearer("no.token.this")) for _ in range(6)]

    assert [reply.status_code for reply in replies] == [401] * 3 + [429] * 3
    assert replies[-1].json()["type"] == "/problems#too-many-requests"
    assert int(replies[-1].headers["Retry-After"]) > 900
    assert looks.count == 0
    assert (await school.http.get(LIST, headers=SCHOOL)).status_code == 200
    assert (await school.http.get(LIST, headers=as_partner("another", "referrals:read"))).status_code == 200


async def test_forged_tokens_stop_nobodys_good_one(school: Front) -> None:
    """Those that could be good are looked at for longer, and one that is good is no failure."""
    good = as_partner("another", "referrals:read")
    assert (await school.http.get(LIST, headers=good)).status_code == 200
    statuses = [(await school.http.get(LIST, headers=bearer(forged()))).status_code for _ in range(6)]

    assert statuses == [401] * 3 + [429] * 3
    assert (await school.http.get(LIST, headers=SCHOOL)).status_code == 200
    for _ in range(20):
        await school.http.get(LIST, headers=bearer(forged()))
    assert (await school.http.get(LIST, headers=good)).status_code == 200


async def test_an_address_without_a_token_is_told_so_however_often(school: Front) -> None:
    """Nothing was sent that could be looked at."""
    assert {(await school.http.get(LIST)).status_code for _ in range(10)} == {401}


async def test_assertions_that_cannot_be_good_are_refused_unseen(
    school: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the client is looked up; the answer is still one of RFC 6749, and a good assertion gets its token."""
    looks = Looks(monkeypatch, assertions)
    replies = [await ask(school, signed(aud="https://elsewhere.test")) for _ in range(6)]

    assert [reply.status_code for reply in replies] == [401] * 3 + [429] * 3
    assert replies[-1].json()["error"] == "temporarily_unavailable"
    assert int(replies[-1].headers["Retry-After"]) > 900
    assert looks.count == 3
    granted = await ask(school, signed())
    assert granted.status_code == 200
    assert (await school.http.get(LIST, headers=bearer(granted.json()["access_token"]))).status_code == 200


async def test_a_token_of_this_process_is_taken_whatever_its_address_sends(school: Front) -> None:
    """It was given out here, and so is known before it is ever sent."""
    token = (await ask(school, signed())).json()["access_token"]
    statuses = [(await school.http.get(LIST, headers=bearer(forged()))).status_code for _ in range(30)]

    assert statuses == [401] * 3 + [429] * 27
    assert (await school.http.get(LIST, headers=as_partner("another", "referrals:read"))).status_code == 429
    assert (await school.http.get(LIST, headers=bearer(token))).status_code == 200


async def test_a_proven_client_that_asks_for_too_much_has_not_failed(school: Front) -> None:
    """A scope that is not its own says nothing of who asks."""
    assert [(await ask(school, signed(), scope="internal:read")).status_code for _ in range(3)] == [400] * 3
    assert [(await ask(school, signed(aud="x"))).status_code for _ in range(3)] == [401] * 3


async def test_the_tokens_of_an_agency_are_limited(school: Front) -> None:
    """Three are given out and a fourth is not, with headers that say what is left; the assertion stays unused."""
    granted = [await ask(school, signed()) for _ in range(4)]

    assert [reply.status_code for reply in granted] == [200, 200, 200, 429]
    assert granted[0].headers["RateLimit-Policy"] == '"tokens";q=3;w=3000'
    assert granted[-1].json()["error"] == "temporarily_unavailable"
    assert int(granted[-1].headers["Retry-After"]) > 900
