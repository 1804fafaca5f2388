"""Composition root of the microservice shape: one service, or a part of it, in a process of its own.

Run by `frontdoor serve`; everything comes from `FRONTDOOR_*` settings.
"""

import asyncio
import importlib.metadata
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from fastapi import APIRouter, FastAPI
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr

from services.front_door.broker import consuming, relaying
from services.front_door.clients import client_name
from services.front_door.demo import staff_issuer
from services.front_door.health import KAFKA, checks_of, health
from services.front_door.parts import Part, ServiceName
from services.front_door.settings import ServeSettings
from services.notifications import app as notifications
from services.notifications.settings import Settings as NotificationsSettings
from services.referrals import app as referrals
from services.referrals.settings import Settings as ReferralsSettings
from services.triage import app as triage
from services.triage.settings import Settings as TriageSettings
from shared.http.background import background
from shared.http.client import ServiceClient
from shared.http.keys import FetchedKeys
from shared.http.limits import Limits, rates_of_agencies
from shared.http.metrics import metrics
from shared.http.service import Service, limits_of, new_application
from shared.inbox import Transient
from shared.problems import NotFound
from shared.security import Issuer, KeySource, KnownKeys, Verifier
from shared.settings.environment import ServiceSettings
from shared.settings.hosts import HostSettings
from shared.settings.hub import load_hub
from shared.settings.rates import RateSettings
from shared.telemetry import log
from shared.telemetry.traces import export_traces

DETAIL_SECONDS: Final = 10.0
STANDING_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Neighbours:
    """The way to other services, and to the keys of issuers; connections are closed by `closing`."""

    name: ServiceName
    serve: ServeSettings
    opened: list[httpx.AsyncClient] = field(default_factory=list)

    def http(self, base_url: str = "") -> httpx.AsyncClient:
        self.opened.append(httpx.AsyncClient(base_url=base_url, timeout=DETAIL_SECONDS, trust_env=False))
        return self.opened[-1]

    def client_of(self, url: str) -> ServiceClient:
        key = _key(self.serve.client_key)
        token_url = f"{self.serve.referrals_url}/oauth/token"
        return ServiceClient(self.http(url), client_name(self.name), self.serve.issuer, key, token_url)

    @asynccontextmanager
    async def closing(self, _: FastAPI) -> AsyncIterator[None]:
        yield
        for client in self.opened:
            await client.aclose()


def _referrals(neighbours: Neighbours) -> tuple[Service, ServiceSettings, KeySource]:
    settings = ReferralsSettings()
    client = neighbours.client_of(neighbours.serve.triage_url)
    service = referrals.build(settings, load_hub(settings.hub_dir), client)
    return service, settings, KnownKeys(KeySet([_key(settings.signing_key)]))


def _triage(neighbours: Neighbours) -> tuple[Service, ServiceSettings, KeySource]:
    settings = TriageSettings()
    client = neighbours.client_of(neighbours.serve.referrals_url)
    endpoints = neighbours.client_of(neighbours.serve.notifications_url)
    urgent = neighbours.client_of(neighbours.serve.referrals_url)
    return triage.build(settings, client, endpoints, urgent), settings, _partner_keys(neighbours)


def _notifications(neighbours: Neighbours) -> tuple[Service, ServiceSettings, KeySource]:
    settings = NotificationsSettings()
    return notifications.build(settings, load_hub(settings.hub_dir)), settings, _partner_keys(neighbours)


BUILDERS: Final = {
    ServiceName.REFERRALS: _referrals,
    ServiceName.TRIAGE: _triage,
    ServiceName.NOTIFICATIONS: _notifications,
}


def build(name: ServiceName, parts: Collection[Part], serve: ServeSettings, instance: str) -> FastAPI:
    """Return these parts of one service as an application, which answers for its health and metrics in any case.

    `instance` names the process in its consumer group. Raises pydantic's `ValidationError` where settings are missing.
    """
    neighbours = Neighbours(name, serve)
    service, settings, partner_keys = BUILDERS[name](neighbours)
    export_traces(settings.otlp_endpoint, name)
    verifier = Verifier(serve.issuer, (Issuer(serve.issuer, partner_keys), *_further_issuers(neighbours)))
    limits = limits_of(service, RateSettings())
    running = {
        Part.API: watching_others(neighbours, verifier, limits),
        Part.WORKER: [background(name, service.work)],
        Part.RELAY: [relaying([service], serve.kafka)],
        Part.CONSUMER: [consuming([service], serve.kafka, instance)],
    }
    return new_application(
        f"The Front Door: {name}",
        importlib.metadata.version("frontdoor"),
        verifier,
        APIRouter(lifespan=neighbours.closing),
        service.router if Part.API in parts else APIRouter(lifespan=service.router.lifespan_context),
        # Callers are served while Kafka is away: what they send waits in the outbox.
        health(checks_of([service], serve.kafka), spared=(KAFKA,) if Part.API in parts else ()),
        metrics([service]),
        *(router for part, routers in running.items() if part in parts for router in routers),
        limits=limits,
        hosts=HostSettings().allowed_hosts,
    )


def _partner_keys(neighbours: Neighbours) -> KeySource:
    return FetchedKeys(neighbours.http(), f"{neighbours.serve.referrals_url}/.well-known/jwks.json")


def _further_issuers(neighbours: Neighbours) -> list[Issuer]:
    serve = neighbours.serve
    issuers = [
        Issuer(name, FetchedKeys(neighbours.http(), issuer.jwks_url), staff=issuer.staff)
        for name, issuer in serve.trusted_issuers.items()
    ]
    if serve.demo_staff_key is not None:
        keys = KnownKeys(KeySet([_key(serve.demo_staff_key)]))
        issuers.append(Issuer(staff_issuer(serve.issuer), keys, staff=True))
    return issuers


def watching_others(neighbours: Neighbours, verifier: Verifier, limits: Limits) -> list[APIRouter]:
    """Keep whose tokens are refused, and whose rates differ, as the services have it that this one is not."""
    serve = neighbours.serve

    def take_agencies(standing: Mapping[str, Any]) -> None:
        verifier.disabled = set(standing["disabled"])
        limits.of_agencies = rates_of_agencies(standing["rates"])

    def take_staff(standing: Mapping[str, Any]) -> None:
        verifier.left = {(issuer, subject) for issuer, subject in standing["left"]}

    watched = {
        ServiceName.REFERRALS: (serve.referrals_url, "/internal/agencies/standing", take_agencies),
        ServiceName.TRIAGE: (serve.triage_url, "/internal/staff/left", take_staff),
    }
    return [_watching(neighbours, *place) for service, place in watched.items() if service is not neighbours.name]


def _watching(neighbours: Neighbours, url: str, path: str, take: Callable[[Mapping[str, Any]], None]) -> APIRouter:
    """Read a neighbour's page every few seconds; while that is away all stays as it was."""
    client = neighbours.client_of(url)

    async def watch() -> None:
        while True:
            try:
                take(await client.get_detail(path))
            except (Transient, NotFound) as error:
                log.warning("standing not read", route=path, error=type(error).__name__)
            await asyncio.sleep(STANDING_SECONDS)

    return background(neighbours.name, watch)


def _key(jwk: SecretStr) -> ECKey:
    return ECKey.import_key(json.loads(jwk.get_secret_value()))
