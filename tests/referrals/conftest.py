"""The referrals service on a fresh database, with one agency, and triage as it was told to answer."""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from services.referrals.actions.agencies import register_agency
from services.referrals.app import build
from services.referrals.domain.agencies import PARTNER_SCOPES
from services.referrals.settings import Settings
from shared.allowances import Allowance, Rate
from shared.audit import audit_rows
from shared.db import Database, transaction
from shared.events import CaseFact, Event, decode, encode
from shared.http.buckets import Buckets
from shared.http.client import ServiceClient
from shared.http.limits import Limits
from shared.http.service import Service, new_application
from shared.inbox import consume
from shared.outbox import Message, outbox
from shared.security import FailedProofs, Role
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import ISSUER, PARTNER_KEY, OtherService, as_partner, as_staff, serving, verifier
from tests.referrals.documents import Document

SCHOOL = as_partner("a-school", "referrals:write", "referrals:read")
POLICE = as_partner("a-police-force", "referrals:write", "referrals:read")
TRIAGE = as_partner("service-triage", "internal:read")
SCREENER = as_staff("screener", Role.SCREENER)


@dataclass
class Front:
    """The service as a test sees it: HTTP, its database, and triage."""

    http: httpx.AsyncClient
    service: Service
    triage: OtherService
    limits: Limits

    @property
    def db(self) -> Database:
        return self.service.resources.db

    async def post(self, document: Any, headers: dict[str, str] = SCHOOL, key: str | None = None) -> httpx.Response:
        """Submit a document, or a body as it is, under a new key, or this one."""
        sent = {"Idempotency-Key": key or secrets.token_hex(8), **headers}
        body: Any = {"content": document} if isinstance(document, bytes) else {"json": document}
        return await self.http.post("/v1/referrals", headers=sent, **body)

    async def submit(self, document: Document | bytes, headers: dict[str, str] = SCHOOL) -> dict[str, Any]:
        """Submit a document that has to be taken; returns the reply's body."""
        reply = await self.post(document, headers)
        assert reply.status_code == 202, reply.text
        accepted: dict[str, Any] = reply.json()
        return accepted

    async def read(self, referral_id: Any, query: str = "", headers: dict[str, str] = SCHOOL) -> dict[str, Any]:
        """Read a referral that has to be there."""
        reply = await self.http.get(f"/v1/referrals/{referral_id}{query}", headers=headers)
        assert reply.status_code == 200, reply.text
        shown: dict[str, Any] = reply.json()
        return shown

    async def hear(self, *facts: CaseFact) -> None:
        """Let the service consume news of cases."""
        messages = [Message(*encode(Event(fact, ("a-school",)))) for fact in facts]
        await consume(self.db, "referrals", self.service.entries["triage"], messages)

    async def events(self) -> list[Event]:
        async with transaction(self.db) as session:
            rows = (await session.execute(outbox.select().order_by(outbox.c.position))).all()
        return [decode(row.headers, bytes(row.payload)) for row in rows]

    async def audit(self, referral_id: UUID | str) -> list[tuple[str, str, str]]:
        """Return who did what, and under which correlation id, in order."""
        query = select(audit_rows.c.who, audit_rows.c.action, audit_rows.c.correlation_id)
        mine = query.where(audit_rows.c.record_id == UUID(str(referral_id))).order_by(audit_rows.c.position)
        async with transaction(self.db) as session:
            return [(row.who, row.action, row.correlation_id) for row in await session.execute(mine)]


def settings_for(url: str, **said: Any) -> Settings:
    key = SecretStr(base64.b64encode(secrets.token_bytes(32)).decode())
    values = {
        "database_url": SecretStr(url),
        "issuer": ISSUER,
        "vault_key": key,
        "index_key": key,
        "signing_key": SecretStr(json.dumps(PARTNER_KEY.as_dict(private=True))),
        "disabled_check_seconds": 0.05,
    }
    return Settings(**{**values, **said})


@pytest.fixture
async def front(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Front]:
    async with opened(await open_service("referrals"), hub) as front:
        yield front


@pytest.fixture
async def limited(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Front]:
    """Give the service with three of each allowance, of which nothing to speak of comes back while a test runs."""
    async with opened(await open_service("referrals"), hub, dict.fromkeys(Allowance, Rate(3, 0.001))) as front:
        yield front


@asynccontextmanager
async def opened(db: Database, hub: Hub, rates: Mapping[Allowance, Rate] | None = None) -> AsyncIterator[Front]:
    async with transaction(db) as session:
        await register_agency(session, "a-school", "A school", source="2A", scopes=PARTNER_SCOPES)
    triage = OtherService()
    settings = settings_for(db.engine.url.render_as_string(hide_password=False))
    service = build(settings, hub, cast("ServiceClient", triage))
    limits = Limits(rates, Buckets(db), proofs=FailedProofs(next(iter(rates.values())))) if rates else Limits()
    async with serving(new_application("Referrals", "test", verifier(), service.router, limits=limits)) as http:
        yield Front(http, service, triage, limits)
