"""Partners under way: they submit at a steady rate, and send again with the same key until they know the outcome."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from joserfc.jwk import ECKey

from services.cli.synthetic import load_cast, synthetic_referrals
from services.front_door.keys import existing_signing_key
from shared.http.client import ASSERTION_TYPE, client_assertion
from tests.conftest import HUB_FOLDER
from tests.faults.front_door import FrontDoor

AGENCIES = ("northants-police", "towcester-primary", "northampton-general")
PAUSE_SECONDS = 0.2


@dataclass
class Partners:
    """`accepted` maps each key to the 202 that answered it; `unknown` counts attempts whose outcome was lost."""

    door: FrontDoor
    per_second: float
    invoked: set[str] = field(default_factory=set)
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    contradicted: list[str] = field(default_factory=list)
    unknown: int = 0
    stopping: bool = False
    _tokens: dict[str, str] = field(default_factory=dict)

    async def run(self, seed: int, workers: int = 8) -> None:
        """Submit until `stopping`, then until each key that was sent is answered."""
        cast = load_cast(HUB_FOLDER / "synthetic.yaml")
        made = synthetic_referrals(cast, seed, datetime.now(UTC).date())
        limits = httpx.Limits(max_connections=workers)
        async with httpx.AsyncClient(base_url=self.door.url, timeout=10, limits=limits, trust_env=False) as http:
            await asyncio.gather(*(self._work(http, made, workers / self.per_second) for _ in range(workers)))

    async def _work(self, http: httpx.AsyncClient, made: Iterator[tuple[str, Any]], pause_seconds: float) -> None:
        while not self.stopping:
            agency, document = next(made)
            await self._submit(http, agency, document)
            await asyncio.sleep(pause_seconds)

    async def _submit(self, http: httpx.AsyncClient, agency: str, document: Any) -> None:
        key = str(uuid4())
        self.invoked.add(key)
        while True:
            reply = await self._post(http, agency, key, document)
            if reply is not None and reply.status_code == 202:
                self.accepted[key] = reply.json()
                return
            if reply is not None and reply.status_code == 401:
                self._tokens.pop(agency, None)
            elif reply is not None and reply.status_code not in (409, 429, 503):
                self.contradicted.append(f"{reply.status_code} {reply.text[:500]}")
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _post(self, http: httpx.AsyncClient, agency: str, key: str, document: Any) -> httpx.Response | None:
        try:
            headers = {"Authorization": f"Bearer {await self.token(http, agency)}", "Idempotency-Key": key}
            return await http.post("/v1/referrals", json=document, headers=headers)
        except httpx.TransportError:
            self.unknown += 1
            return None

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
