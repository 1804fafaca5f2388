"""Keys of an issuer that runs elsewhere: fetched once, again for a new one, and kept while it is away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from joserfc.jwk import ECKey

from shared.http import keys
from shared.http.keys import FetchedKeys
from shared.problems import Unavailable


@dataclass
class Issuer:
    """Answers with the keys it has now, or not at all; counts how often it was asked."""

    keys: list[ECKey]
    away: bool = False
    asked: int = 0
    fetched: FetchedKeys = field(init=False)
    at_hand: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        await self.at_hand.wait()
        if self.away:
            return httpx.Response(503)
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer([new_key()])
    made.at_hand.set()
    async with httpx.AsyncClient(transport=httpx.MockTransport(made.answer)) as http:
        made.fetched = FetchedKeys(http, "http://issuer/keys")
        yield made


async def test_a_known_key_is_fetched_once(issuer: Issuer) -> None:
    """A second token of the same key asks nobody."""
    for _ in range(2):
        found = await issuer.fetched.key(str(issuer.keys[0].kid))
        assert found is not None
        assert found.as_dict(private=False) == issuer.keys[0].as_dict(private=False)
    assert issuer.asked == 1


async def test_a_new_key_is_asked_for_but_not_in_a_flood(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown kid refreshes the set, at most once in the pause; a key that was taken back is gone then."""
    old = str(issuer.keys[0].kid)
    await issuer.fetched.key(old)
    for number in range(50):
        assert await issuer.fetched.key(f"forged-{number}") is None
    assert issuer.asked == 1
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    issuer.keys = [new_key()]
    assert await issuer.fetched.key(str(issuer.keys[0].kid)) is not None
    assert await issuer.fetched.key(old) is None


async def test_keys_grow_old(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that was kept long enough is fetched again, so that a key that was taken back stops working."""
    old = str(issuer.keys[0].kid)
    assert await issuer.fetched.key(old) is not None
    issuer.keys = [new_key()]
    monkeypatch.setattr(keys, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    assert await issuer.fetched.key(old) is None


async def test_while_the_issuer_is_away_its_last_keys_stand(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fetched goes on working; where nothing ever was, the answer is 503 and not 401."""
    issuer.away = True
    with pytest.raises(Unavailable) as refused:
        await issuer.fetched.key("any")
    assert refused.value.retry_after_seconds
    issuer.away = False
    known = str(issuer.keys[0].kid)
    assert await issuer.fetched.key(known) is not None
    issuer.away = True
    monkeypatch.setattr(keys, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    assert await issuer.fetched.key(known) is not None


async def test_a_slow_issuer_holds_nobody_whose_key_is_known(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it does not answer, tokens of its last keys are good, and it is asked once; its answer counts later."""
    known = str(issuer.keys[0].kid)
    assert await issuer.fetched.key(known) is not None
    monkeypatch.setattr(keys, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(keys, "PATIENCE_SECONDS", 0.01)
    issuer.at_hand.clear()
    issuer.keys = [new_key()]

    found = await asyncio.wait_for(asyncio.gather(*(issuer.fetched.key(known) for _ in range(20))), 30)

    assert None not in found
    assert issuer.asked == 2
    issuer.at_hand.set()
    assert await issuer.fetched.key(str(issuer.keys[0].kid)) is not None
    assert await issuer.fetched.key(known) is None
