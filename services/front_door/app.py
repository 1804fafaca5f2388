"""Composition root of the one-process shape: three services on one port."""

import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from services.front_door.broker import consuming, relaying
from services.front_door.clients import client_name
from services.front_door.databases import DatabaseUrls
from services.front_door.demo import STAFF_KEY, staff_issuer
from services.front_door.embedded import transport
from services.front_door.health import KAFKA, checks_of, health
from services.front_door.keys import sealing_keys, signing_key
from services.notifications import app as notifications
from services.notifications.settings import Settings as NotificationsSettings
from services.referrals import app as referrals
from services.referrals.settings import Settings as ReferralsSettings
from services.triage import app as triage
from services.triage.settings import Settings as TriageSettings
from shared.http.background import background
from shared.http.client import ServiceClient
from shared.http.metrics import metrics
from shared.http.service import Service, limits_of, new_application
from shared.security import Issuer, KnownKeys, Verifier
from shared.settings.environment import Profile
from shared.settings.hosts import HostSettings
from shared.settings.hub import load_hub
from shared.settings.rates import RateSettings
from shared.telemetry.traces import export_traces

DETAIL_SECONDS = 10.0
ITSELF = "front-door"
"""Where its own calls come from, which no proof that anybody else sends is counted with."""


class Loopback:
    """Lets services of this process call each other by HTTP without a socket.

    Pure ASGI middleware: keeps what the lifespans yielded, and gives it to the calls that no server passed it to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.state: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self.state = scope["state"]
        elif "state" not in scope:
            scope["state"] = dict(self.state)
        await self.app(scope, receive, send)


def build(
    places: Mapping[str, DatabaseUrls], data_dir: Path, issuer: str, *, demo: bool, kafka: str | None = None
) -> FastAPI:
    """Return the whole front door as one application; `issuer` is also where it answers.

    Events travel by `kafka`, its bootstrap servers, or by the embedded transport where there is none.
    """

    def beside(services: Sequence[Service]) -> Sequence[APIRouter]:
        return (
            health(checks_of(services, kafka), spared=(KAFKA,)),
            metrics(services),
            *(background(service.name, service.work) for service in services),
            *([transport(services)] if kafka is None else [relaying(services, kafka), consuming(services, kafka)]),
        )

    return compose(places, data_dir, issuer, beside, demo=demo, limits=RateSettings())


def compose(
    places: Mapping[str, DatabaseUrls],
    data_dir: Path,
    issuer: str,
    beside: Callable[[Sequence[Service]], Sequence[APIRouter]],
    *,
    demo: bool,
    limits: RateSettings | None = None,
) -> FastAPI:
    """Return an application with the routes of the three services, and with what `beside` makes of the services.

    Where there are `limits`, the buckets of all stand in the database of the first service, referrals.
    """
    token_key = signing_key(data_dir, "issuer")
    verifier = Verifier(issuer, _issuers(issuer, token_key, signing_key(data_dir, STAFF_KEY) if demo else None))

    async def itself(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)

    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(itself, client=(ITSELF, 0)), base_url=issuer, timeout=DETAIL_SECONDS
    )
    services = _services(places, data_dir, issuer, token_key, http, demo=demo)
    application = new_application(
        "The Front Door",
        importlib.metadata.version("frontdoor"),
        verifier,
        *(service.router for service in services),
        *beside(services),
        limits=limits_of(services[0], limits) if limits else None,
        hosts=HostSettings().allowed_hosts,
    )
    application.add_middleware(Loopback)
    return application


def _services(
    places: Mapping[str, DatabaseUrls],
    data_dir: Path,
    issuer: str,
    token_key: ECKey,
    http: httpx.AsyncClient,
    *,
    demo: bool,
) -> tuple[Service, ...]:
    """Build the three services with the keys of this installation; they reach each other by `http`."""

    def client_of(service: str) -> ServiceClient:
        name = client_name(service)
        return ServiceClient(http, name, issuer, signing_key(data_dir, name))

    def settings_of(service: str) -> dict[str, Any]:
        vault_key, index_key = sealing_keys(data_dir, service)
        return {
            "database_url": SecretStr(places[service].app),
            "issuer": issuer,
            "vault_key": SecretStr(vault_key),
            "index_key": SecretStr(index_key),
            **({"profile": Profile.DEMO} if demo else {}),
        }

    private_jwk = SecretStr(json.dumps(token_key.as_dict(private=True)))
    referrals_settings = ReferralsSettings(**settings_of("referrals"), signing_key=private_jwk)
    hub = load_hub(referrals_settings.hub_dir)
    export_traces(referrals_settings.otlp_endpoint, "front-door")
    return (
        referrals.build(referrals_settings, hub, client_of("referrals")),
        triage.build(TriageSettings(**settings_of("triage")), *(client_of("triage") for _ in range(3))),
        notifications.build(NotificationsSettings(**settings_of("notifications")), hub),
    )


def _issuers(issuer: str, token_key: ECKey, staff_key: ECKey | None) -> tuple[Issuer, ...]:
    partners = Issuer(issuer, KnownKeys(KeySet([token_key])))
    if staff_key is None:
        return (partners,)
    return (partners, Issuer(staff_issuer(issuer), KnownKeys(KeySet([staff_key])), staff=True))
