"""Stand-ins for speed: another service's answers, and a caller with tokens of the test's own issuers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import httpx
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared.http.client import behalf_of
from shared.inbox import Transient
from shared.problems import NotFound
from shared.security import TOKEN_TYPE, Caller, Issuer, KnownKeys, Role, Verifier

T = TypeVar("T")

RUN_SECONDS = 24 * 3600

ISSUER = "http://front-door.test"
STAFF_ISSUER = "http://localhost:8000/staff"
"""Who says who staff are where no setting says otherwise."""
PARTNER_KEY = ECKey.generate_key("P-256", {"kid": "partners"})
STAFF_KEY = ECKey.generate_key("P-256", {"kid": "staff"})


def verifier() -> Verifier:
    """Trust the two issuers of the tests."""
    return Verifier(
        ISSUER,
        (
            Issuer(ISSUER, KnownKeys(KeySet([PARTNER_KEY]))),
            Issuer(STAFF_ISSUER, KnownKeys(KeySet([STAFF_KEY])), staff=True),
        ),
    )


def as_partner(agency: str, *scopes: str) -> dict[str, str]:
    return _bearer(PARTNER_KEY, {"iss": ISSUER, "sub": agency, "scope": " ".join(scopes)})


def as_staff(person: str, *roles: Role) -> dict[str, str]:
    return _bearer(STAFF_KEY, {"iss": STAFF_ISSUER, "sub": person, "roles": list(roles)})


def _bearer(key: ECKey, claims: dict[str, Any]) -> dict[str, str]:
    """Return a header that is good for the whole run, since modules make theirs when they are collected."""
    now = int(time.time())
    good = {"aud": ISSUER, "iat": now, "exp": now + RUN_SECONDS, **claims}
    return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'typ': TOKEN_TYPE, 'kid': key.kid}, good, key)}"}


class OtherService:
    """Answers `get_detail` from what it was given; held to the real client by the journeys."""

    def __init__(self) -> None:
        self.details: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.recorded: list[tuple[Any, str, str]] = []
        self.shown_to: list[str] = []
        self.away = False

    async def record(self, path: str, document: Any, *, key: str, person: Caller) -> dict[str, Any]:
        """Keep document, key and for whom it is recorded; answer with what stands for the path."""
        self.recorded.append((document, key, behalf_of(person)))
        return await self.get_detail(path)

    async def get_detail(self, path: str, *, person: Caller | None = None) -> dict[str, Any]:
        """Answer with what stands for the path, and keep for whom it is read."""
        self.asked.append(path)
        self.shown_to += [behalf_of(person)] if person else []
        if self.away:
            raise Transient("away")
        if path not in self.details:
            raise NotFound
        return self.details[path]


@asynccontextmanager
async def serving(app: FastAPI, *routers: APIRouter) -> AsyncIterator[httpx.AsyncClient]:
    """Run lifespans, the application's own or those of `routers`, and give a client that speaks without a socket."""
    async with AsyncExitStack() as ending:
        state: dict[str, Any] = {}
        for router in routers or (app.router,):
            lifespan: Any = router.lifespan_context(app)
            state.update(await ending.enter_async_context(lifespan) or {})

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield client


async def eventually(ask: Callable[[], Awaitable[T | None]], seconds: float = 15) -> T:
    """Ask until the answer is neither None nor False, and return it; what another process does can't be awaited."""
    async with asyncio.timeout(seconds):
        while not (answer := await ask()):  # noqa: ASYNC110 - the other side has no event to wait for
            await asyncio.sleep(0.02)
        return answer
