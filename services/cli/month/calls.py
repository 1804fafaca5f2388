"""How the people of a simulated month call the front door: over HTTP, each under tokens of their own."""

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from services.cli.month.front import ISSUER, Front
from services.cli.partner import Refused
from services.front_door.demo import STAFF_KEY, staff_issuer
from services.front_door.keys import existing_signing_key
from shared.http.client import ASSERTION_TYPE, client_assertion
from shared.security import TOKEN_SECONDS, issue_token

RENEWED_SECONDS = TOKEN_SECONDS / 2
TOO_LATE = frozenset({404, 409, 412})
"""Somebody else was quicker: an offer went back, a case was decided or changed meanwhile."""


@dataclass(frozen=True)
class Worker:
    name: str
    role: str


@dataclass(frozen=True)
class Reply:
    """An answer's document, None where there is none, and its entity tag."""

    status: int
    document: Any
    etag: str


@dataclass
class Calls:
    """`too_late` counts requests that came too late; anything else that is refused ends the simulation."""

    front: Front
    http: httpx.AsyncClient = field(init=False)
    sent: int = 0
    too_late: int = 0
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        transport = httpx.ASGITransport(self.front.app)
        self.http = await self._stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=ISSUER))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def as_staff(self, worker: Worker, method: str, path: str, body: Any = None, etag: str = "") -> Reply:
        token, renew_at = self._tokens.get(worker.name, ("", 0.0))
        if time.monotonic() > renew_at:
            key = existing_signing_key(self.front.data_dir, STAFF_KEY)
            token = issue_token(key, staff_issuer(ISSUER), ISSUER, {"sub": worker.name, "roles": [worker.role]})
            self._tokens[worker.name] = token, time.monotonic() + RENEWED_SECONDS
        return await self._send(token, method, path, body, {"If-Match": etag} if etag else {})

    async def as_agency(self, slug: str, method: str, path: str, body: Any = None) -> Reply:
        token, renew_at = self._tokens.get(slug, ("", 0.0))
        if time.monotonic() > renew_at:
            token = await self._granted(slug)
            self._tokens[slug] = token, time.monotonic() + RENEWED_SECONDS
        return await self._send(token, method, path, body, {})

    async def _granted(self, slug: str) -> str:
        assertion = client_assertion(slug, ISSUER, existing_signing_key(self.front.data_dir, slug))
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        reply = await self.http.post("/oauth/token", data=form | {"client_assertion": assertion})
        token: str = reply.raise_for_status().json()["access_token"]
        return token

    async def _send(self, token: str, method: str, path: str, body: Any, more: Mapping[str, str]) -> Reply:
        self.sent += 1
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"month-{self.sent}", **more}
        reply = await self.http.request(method, path, json=body, headers=headers)
        if reply.status_code in TOO_LATE:
            self.too_late += 1
        elif not reply.is_success:
            raise Refused(f"{method} {path.rsplit('/', 1)[-1]}: {reply.status_code} {reply.text[:300]}")
        document = reply.json() if reply.content else None
        return Reply(reply.status_code, document, reply.headers.get("etag", ""))
