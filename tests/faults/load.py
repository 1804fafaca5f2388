"""Partners under way: they submit at a steady rate, and send again with the same key until they know the outcome.

Now and then one also reads its referral, sends the same once more, and tries its key on another document.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx
from joserfc.jwk import ECKey

from services.cli.synthetic import load_cast, synthetic_referrals
from services.front_door.keys import existing_signing_key
from shared.http.client import ASSERTION_TYPE, client_assertion
from tests.conftest import HUB_FOLDER

AGENCIES = ("northants-police", "towcester-primary", "northampton-general")
PAUSE_SECONDS = 0.2
PROBE_ONE_IN = 8
PASSING = (409, 429, 502, 503, 504)


class Door(Protocol):
    """A front door of either shape: where it answers, and where its keys lie."""

    data_dir: Path
    url: str


@dataclass
class Partners:
    """`accepted` maps each key to the 202 that answered it; `unknown` counts attempts whose outcome was lost.

    `answers` counts by status, `viewed` counts by referral id the readings that were answered, and `in_danger` are the
    ids of referrals that said so.
    """

    door: Door
    per_second: float
    invoked: set[str] = field(default_factory=set)
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    contradicted: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    viewed: Counter[str] = field(default_factory=Counter)
    in_danger: set[str] = field(default_factory=set)
    unknown: int = 0
    stopping: bool = False
    _tokens: dict[str, str] = field(default_factory=dict)

    async def run(self, seed: int, workers: int = 8) -> None:
        """Submit until `stopping`, then until each key that was sent is answered."""
        cast = load_cast(HUB_FOLDER)
        made = synthetic_referrals(cast, seed, datetime.now(UTC).date())
        limits = httpx.Limits(max_connections=workers)
        async with httpx.AsyncClient(base_url=self.door.url, timeout=10, limits=limits, trust_env=False) as http:
            await asyncio.gather(*(self._work(http, made, workers / self.per_second) for _ in range(workers)))

    async def until_accepted(self, count: int) -> None:
        while len(self.accepted) < count:  # noqa: ASYNC110 - the workers are tasks beside this one
            await asyncio.sleep(0.02)

    async def until_viewed(self, count: int) -> None:
        while self.viewed.total() < count:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)

    async def _work(self, http: httpx.AsyncClient, made: Iterator[tuple[str, Any]], pause_seconds: float) -> None:
        while not self.stopping:
            agency, document = next(made)
            await self._submit(http, agency, document)
            await asyncio.sleep(pause_seconds)

    async def _submit(self, http: httpx.AsyncClient, agency: str, document: Any) -> None:
        key = str(uuid4())
        self.invoked.add(key)
        reply = await self._answer(http, agency, "POST", "/v1/referrals", document, key)
        if reply.status_code != 202:
            self.contradicted.append(f"{reply.status_code} {reply.text[:500]}")
            return
        accepted = self.accepted[key] = reply.json()
        if document["concern"]["immediate_danger"] == "yes":
            self.in_danger.add(accepted["id"])
        if len(self.accepted) % PROBE_ONE_IN == 0:
            await self._probe(http, agency, document, key, accepted["id"])

    async def _probe(self, http: httpx.AsyncClient, agency: str, document: Any, key: str, referral_id: str) -> None:
        """Read the referral, and send its key again: with its own document, and with another."""
        reply = await self._answer(http, agency, "GET", f"/v1/referrals/{referral_id}")
        self.viewed[referral_id] += reply.status_code == 200
        again = await self._answer(http, agency, "POST", "/v1/referrals", document, key)
        other = await self._answer(http, agency, "POST", "/v1/referrals", document | {"restricted": True}, key)
        if reply.status_code != 200 or again.status_code != 202 or again.json()["id"] != referral_id:
            self.contradicted.append(f"{key}: read {reply.status_code}, sent again {again.status_code}")
        if other.status_code != 422:
            self.contradicted.append(f"{key} with another body: {other.status_code}")

    async def _answer(
        self, http: httpx.AsyncClient, agency: str, method: str, path: str, document: Any = None, key: str = ""
    ) -> httpx.Response:
        """Send until an answer comes that will stay: lost outcomes, lapsed tokens and busy servers are tried again."""
        while True:
            try:
                headers = {"Authorization": f"Bearer {await self.token(http, agency)}"}
                headers |= {"Idempotency-Key": key} if key else {}
                reply = await http.request(method, path, json=document, headers=headers)
            except httpx.TransportError:
                self.unknown += 1
            else:
                self.answers[reply.status_code] += 1
                if reply.status_code == 401:
                    self._tokens.pop(agency, None)
                elif reply.status_code not in PASSING:
                    return reply
            await asyncio.sleep(PAUSE_SECONDS)

    async def token(self, http: httpx.AsyncClient, agency: str) -> str:
        if agency not in self._tokens:
            key = existing_signing_key(self.door.data_dir, agency)
            reply = await http.post("/oauth/token", data=_grant(agency, self.door.url, key))
            if reply.status_code != 200:
                raise httpx.ReadError(f"token {reply.status_code}")
            self._tokens[agency] = reply.json()["access_token"]
        return self._tokens[agency]


def _grant(agency: str, issuer: str, key: ECKey) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_assertion(agency, issuer, key),
    }
