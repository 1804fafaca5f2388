"""Triage on a fresh database, fed by submitted referrals whose details another service answers."""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.triage import app
from services.triage.app import build
from services.triage.pages import site
from services.triage.settings import Settings
from shared.allowances import Allowance, Rate
from shared.calendar import decision_due_at
from shared.db import Database, new_id, transaction
from shared.events import Event, ReferralSubmitted, decode, encode
from shared.http.background import background
from shared.http.buckets import Buckets
from shared.http.client import ServiceClient
from shared.http.limits import Limits
from shared.http.service import Service, new_application
from shared.inbox import consume
from shared.outbox import Message, outbox
from shared.security import FailedProofs, Role
from shared.settings.environment import STARTER_HUB, Profile
from shared.settings.hub import Hub
from tests.conftest import EXAMPLES, OpenDatabase
from tests.fakes import OtherService, as_staff, serving, verifier

SCREENER = as_staff("screener", Role.SCREENER)
SCREENER_2 = as_staff("screener-2", Role.SCREENER)
SOCIAL_WORKER = as_staff("social-worker", Role.SOCIAL_WORKER)
MANAGER = as_staff("manager", Role.MANAGER)
MANAGER_2 = as_staff("manager-2", Role.MANAGER)


def example(name: str) -> dict[str, Any]:
    """Read one of the hub's example referrals, e.g. `03` for attendance and routines."""
    path = next(EXAMPLES.glob(f"{name}-*.json"))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


# Python writes out what a fixture gives whenever it looks at the handler of a signal, here with the whole hub in it.
@dataclass(repr=False)
class Front:
    """Triage as a test sees it: HTTP, the referrals service that it asks, and its events."""

    http: httpx.AsyncClient
    service: Service
    referrals: OtherService
    hub: Hub
    notifications: OtherService

    @property
    def db(self) -> Database:
        return self.service.resources.db

    async def submit(
        self,
        referral: dict[str, Any],
        *,
        received_at: datetime | None = None,
        warnings: tuple[str, ...] = (),
        fetched: bool = True,
    ) -> UUID:
        """Let triage consume a submitted referral; returns the referral's id."""
        event = self.announce(referral, received_at=received_at, warnings=warnings, fetched=fetched)
        await self.consume(event)
        return event.fact.subject

    def announce(
        self,
        referral: dict[str, Any],
        *,
        received_at: datetime | None = None,
        warnings: tuple[str, ...] = (),
        fetched: bool = True,
    ) -> Event:
        """Return the event of a submitted referral, whose details the referrals service has where `fetched`."""
        at = received_at or datetime.now(UTC)
        fact = ReferralSubmitted(
            referral_id=new_id(),
            reference=f"FD-{secrets.token_hex(4)}",
            detail_url="",
            agency="a-school",
            kind=referral.get("kind", "request"),
            received_at=at,
            decision_due_at=decision_due_at(at, self.hub),
        )
        if fetched:
            self.answer(fact.referral_id, referral, at, warnings)
        return Event(fact, ("a-school",), urgency=referral["concern"]["immediate_danger"])

    def answer(self, referral_id: UUID, referral: dict[str, Any], at: datetime, warnings: tuple[str, ...] = ()) -> None:
        self.referrals.details[f"/internal/referrals/{referral_id}"] = {
            "received_at": at.isoformat(),
            "quality": {"warnings": [{"pointer": pointer} for pointer in warnings]},
            "referral": referral,
        }

    async def consume(self, *events: Event) -> None:
        messages = [Message(*encode(event)) for event in events]
        await consume(self.db, "triage", self.service.entries["referrals"], messages)

    async def case_of(self, referral_id: UUID, headers: dict[str, str] = SCREENER) -> dict[str, Any]:
        """Return the whole case of a referral, with its entity tag under `etag`."""
        items = (await self.http.get("/v1/cases?limit=200", headers=headers)).json()["items"]
        case_id = next(item["id"] for item in items if item["referral_id"] == str(referral_id))
        reply = await self.http.get(f"/v1/cases/{case_id}", headers=headers)
        assert reply.status_code == 200
        return {**reply.json(), "etag": reply.headers["ETag"]}

    async def case_of_path(self, path: str) -> dict[str, Any]:
        """Return the whole case whose staff page is at this path."""
        whole: dict[str, Any] = (await self.http.get(f"/v1{path.removeprefix('/desk')}", headers=SCREENER)).json()
        return whole

    async def events(self) -> list[Event]:
        async with transaction(self.db) as session:
            rows = (await session.execute(outbox.select().order_by(outbox.c.position))).all()
        return [decode(row.headers, bytes(row.payload)) for row in rows]

    async def post(
        self, case: dict[str, Any], verb: str, body: dict[str, Any], headers: dict[str, str], **more: str
    ) -> httpx.Response:
        """POST a verb on a case with its entity tag and a new key, unless `more` says otherwise."""
        sent = {"If-Match": case["etag"], "Idempotency-Key": secrets.token_hex(8), **headers, **more}
        return await self.http.post(f"/v1/cases/{case['id']}/{verb}", json=body, headers=sent)


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Give hundreds of services the hub, policy and templates that were read once; another hub is read as ever."""
    with pytest.MonkeyPatch.context() as patch:
        read_hub = _remember(patch, app, "load_hub", STARTER_HUB.__eq__)
        _remember(patch, app, "policy_of", STARTER_HUB.__eq__)
        starter = read_hub(STARTER_HUB)
        _remember(patch, site, "_templates", lambda hub: hub is starter)
        yield


def _remember(
    patch: pytest.MonkeyPatch, module: ModuleType, name: str, is_usual: Callable[[Any], object]
) -> Callable[..., Any]:
    """Let a function answer once for what its first argument usually is."""
    function = getattr(module, name)
    answers: list[Any] = []

    def remembering(first: object, *others: object) -> Any:
        if is_usual(first) is not True:
            return function(first, *others)
        answers[:] = answers or [function(first, *others)]
        return answers[0]

    patch.setattr(module, name, remembering)
    return remembering


_applications: dict[Profile, FastAPI] = {}


def _application(service: Service, settings: Settings, limits: Limits) -> FastAPI:
    """Keep one for each profile: routes differ by that alone, and FastAPI works them out anew in each application."""
    if settings.profile not in _applications:
        _applications[settings.profile] = new_application("Triage", "test", verifier(), service.router)
    application = _applications[settings.profile]
    application.state.verifier, application.state.limits = verifier(), limits
    return application


@asynccontextmanager
async def opened(open_service: OpenDatabase, hub: Hub, rate: Rate | None = None, **more: Any) -> AsyncIterator[Front]:
    """Run triage on a fresh database; `rate` is that of everything, `more` are settings that differ."""
    db = await open_service("triage")
    key = SecretStr(base64.b64encode(secrets.token_bytes(32)).decode())
    said = {
        "database_url": SecretStr(db.engine.url.render_as_string(hide_password=False)),
        "vault_key": key,
        "index_key": key,
        "details_patience_seconds": 0.2,
        "details_retry_seconds": 0.05,
        "clock_check_seconds": 3600,
    }
    referrals, notifications = OtherService(), OtherService()
    clients = [cast("ServiceClient", other) for other in (referrals, notifications)]
    settings = Settings(**{**said, **more})
    service = build(settings, *clients)
    limits = Limits(dict.fromkeys(Allowance, rate), Buckets(db), proofs=FailedProofs(rate)) if rate else Limits()
    application = _application(service, settings, limits)
    async with serving(application, service.router, background("triage", service.work)) as http:
        yield Front(http, service, referrals, hub, notifications)


@pytest.fixture
async def front(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Front]:
    async with opened(open_service, hub) as front:
        yield front
