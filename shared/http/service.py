"""How a service is put together, so that one process or three can serve it (see CONTRIBUTING.md).

Resources, router and consumer entries of a service; session and state of a request.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database, transaction
from shared.http.answers import forget_answers
from shared.http.buckets import Buckets, forget_buckets
from shared.http.limits import Limits
from shared.http.manners import Head, Hosts, host_in
from shared.http.openapi import install_openapi
from shared.http.rendering import Correlation, install_problems, problems_router
from shared.http.waits import Waits
from shared.inbox import Entries, forget_taken
from shared.outbox import delete_read
from shared.security import FailedProofs, Verifier
from shared.settings.hub import Hub
from shared.settings.rates import RateSettings
from shared.telemetry.gauges import GaugeQuery
from shared.telemetry.requests import Requests
from shared.vault import Vault


@dataclass(frozen=True)
class Resources:
    """What every request of a service needs; its lifespan yields it as `{service name: resources}`.

    `work` is the same database by the connections of what no request starts.
    """

    db: Database
    vault: Vault
    hub: Hub
    work: Database


@dataclass(frozen=True)
class Service:
    """A built service, in parts that run in one process or apart.

    `router` has its routes and, as its lifespan, what they need; the database is closed at its end. `entries` are its
    consumers by producing service, `urgent_entries` those that also take what says that a child is in danger, by a lane
    past all else. `work` is what no request and no event starts: it runs until cancelled.
    """

    name: str
    resources: Resources
    router: APIRouter
    work: Callable[[], Coroutine[Any, Any, None]]
    entries: Mapping[str, Entries] = field(default_factory=dict)
    urgent_entries: Mapping[str, Entries] = field(default_factory=dict)
    gauges: Sequence[GaugeQuery] = ()
    fault_patience_seconds: float = 300.0


async def tidy(session: AsyncSession, retention: timedelta) -> None:
    """Delete what a service no longer needs: old answers, events that every reader has, and what the inbox took then.

    Events and inbox rows are kept for `retention` at least: after a restore they are read again and deduplicated.
    """
    await forget_answers(session)
    await forget_buckets(session)
    await delete_read(session, retention)
    await forget_taken(session, 2 * retention)


def resources_of(name: str) -> Any:
    """Return the dependency that gives a route the `Resources` of the service of this name."""

    async def resources(request: Request) -> Resources:
        found: Resources = getattr(request.state, name)
        return found

    return Depends(resources)


@dataclass(frozen=True)
class Opened:
    """A dependency that opens a transaction; whatever waits for the caller is resolved before it."""

    service: str
    for_work: bool = False

    async def __call__(self, request: Request) -> AsyncIterator[AsyncSession]:
        resources: Resources = getattr(request.state, self.service)
        async with transaction(resources.work if self.for_work else resources.db) as session:
            yield session


def session_of(name: str, *, for_work: bool = False) -> Any:
    """Return the dependency that gives a route its transaction, committed before the response leaves.

    `for_work` says that other services ask, on whose answer their own work waits; so it never waits for callers.
    `scope="function"` is what makes it so: by default FastAPI would reply first and commit after.
    """
    return Depends(Opened(name, for_work), scope="function")


def state_of(key: str) -> Callable[[Request], Awaitable[Any]]:
    """Return a reader of what a service's lifespan yielded under `key` beside its resources."""

    async def state(request: Request) -> Any:
        return getattr(request.state, key)

    return state


def limits_of(service: Service, settings: RateSettings) -> Limits:
    """Return the limits of an application whose buckets stand in this service's database."""
    proofs = FailedProofs(settings.rate_failed_proofs)
    buckets, waits = Buckets(service.resources.db), Waits(settings.most_waits)
    return Limits(settings.rates(), buckets, proofs=proofs, waits=waits)


def new_application(
    title: str,
    version: str,
    verifier: Verifier,
    *routers: APIRouter,
    limits: Limits | None = None,
    hosts: Sequence[str] = (),
) -> FastAPI:
    """Return an application serving these routers: strict, with problems as RFC 9457 and correlation ids.

    Without `limits` nobody is held to any; with `hosts` no other host is served but the issuer's. Lifespans nest in
    the order given, so the last router starts last and stops first.
    """
    app = FastAPI(title=title, version=version, redoc_url=None, redirect_slashes=False)
    app.state.verifier = verifier
    app.state.limits = limits or Limits()
    for router in (problems_router(), *routers):
        app.include_router(router)
    install_problems(app)
    install_openapi(app)
    issuer = verifier.audience
    app.add_middleware(Hosts, hosts=[*hosts, host_in(issuer)] if hosts else ())
    app.add_middleware(Requests)
    app.add_middleware(Correlation, secure=issuer.startswith("https:"))
    app.add_middleware(Head)
    return app
