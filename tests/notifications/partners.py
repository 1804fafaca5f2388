"""Partners' clients of a notifications service that runs in the test's own process, its worker included."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from joserfc.jwk import ECKey, KeySet

from services.notifications.app import build
from shared.db import Database, new_id
from shared.http.background import background
from shared.http.limits import Limits
from shared.http.service import new_application
from shared.security import Issuer, KnownKeys, Verifier, issue_token
from shared.settings.hub import Hub
from tests.notifications.configuration import new_settings
from tests.notifications.telling import SCHOOL

ISSUER = "http://localhost:8000"
KEY = ECKey.generate_key("P-256", {"kid": "test"})
SCOPES = "webhooks:manage events:read"


class Partners:
    """Clients of one running service, each with its agency's token."""

    def __init__(self, http: httpx.AsyncClient, db: Database) -> None:
        self.http, self.db = http, db

    async def call(
        self, method: str, path: str, *, agency: str = SCHOOL, scope: str = SCOPES, **said: Any
    ) -> httpx.Response:
        token = issue_token(KEY, ISSUER, ISSUER, {"sub": agency, "scope": scope})
        headers = {"Authorization": f"Bearer {token}", **said.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **said)

    async def register(self, url: str, *, key: str | None = None, **said: Any) -> httpx.Response:
        agency = said.pop("agency", SCHOOL)
        headers = {"Idempotency-Key": key or str(new_id())}
        return await self.call(
            "POST", "/v1/webhook-endpoints", agency=agency, headers=headers, json={"url": url, **said}
        )


@asynccontextmanager
async def running(db: Database, hub: Hub, limits: Limits | None = None) -> AsyncIterator[Partners]:
    """Run the service with its lifespan, the worker included, over the database given."""
    settings = new_settings(
        db.engine.url.render_as_string(hide_password=False), webhook_domains={SCHOOL: ["school.example"]}
    )
    service = build(settings, hub)
    verifier = Verifier(ISSUER, (Issuer(ISSUER, KnownKeys(KeySet([KEY]))),))
    routers = (service.router, background("notifications", service.work))
    app = new_application("Notifications", "0", verifier, *routers, limits=limits)

    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield Partners(http, service.resources.db)
