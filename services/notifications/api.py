"""Routes of the notifications service: endpoints, deliveries and the event feed of the calling agency."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import queries
from services.notifications.actions import endpoints as actions
from services.notifications.actions.replay import replay_delivery
from services.notifications.domain.deliveries import DeliveryId
from services.notifications.domain.endpoints import EndpointId
from services.notifications.models import Endpoint
from services.notifications.schemas import (
    DeliveryPage,
    DeliveryWithAttempts,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointPage,
    EndpointsSeen,
    Feed,
    NewEndpointOut,
)
from services.notifications.settings import Settings
from services.notifications.worker.sender import Sender
from services.notifications.worker.verification import challenge
from shared import clock
from shared.allowances import Allowance
from shared.db import transaction
from shared.http.answers import (
    Answer,
    CursorText,
    IfMatch,
    JsonBody,
    Limit,
    OnceBody,
    answer_once,
    check_if_match,
    etag,
)
from shared.http.limits import ChargedRecord
from shared.http.openapi import body_of
from shared.http.reading import Moment
from shared.http.routes import StrictRoute
from shared.http.service import Resources, resources_of, session_of
from shared.http.validation import validated
from shared.http.waiting import Wait, Waiting
from shared.outbox import FASTEST_POLL_SECONDS, SLOWEST_POLL_SECONDS
from shared.security import Caller, allow

NAME = "notifications"

router = APIRouter(route_class=StrictRoute, tags=["notifications"])

Owner = Annotated[Caller, allow(scope="webhooks:manage")]
Verifying = Annotated[Caller, allow(scope="webhooks:manage", allowance=Allowance.VERIFICATIONS)]
Reader = Annotated[Caller, allow(scope="events:read")]
ServiceCaller = Annotated[Caller, allow(scope="internal:read")]
Session = Annotated[AsyncSession, session_of(NAME)]
Services = Annotated[Resources, resources_of(NAME)]
After = Annotated[
    str | None,
    Query(max_length=512, description="`next_cursor` of the reply before; `now`: what comes; absent: from the first."),
]
Since = Annotated[Moment | None, Query(description="Instead of `after`: from the first event of this time or later.")]


def settings_of(request: Request) -> Settings:
    settings: Settings = request.state.notifications_settings
    return settings


def sender_of(request: Request) -> Sender:
    sender: Sender = request.state.notifications_sender
    return sender


async def known_endpoint(caller: Owner, resources: Services, endpoint_id: EndpointId) -> EndpointId:
    """Raise NotFound before a body is read, and hold no connection while it is."""
    async with transaction(resources.db) as session:
        await queries.endpoint_of(session, caller.agency, endpoint_id)
    return endpoint_id


ServiceSettings = Annotated[Settings, Depends(settings_of)]
WebhookSender = Annotated[Sender, Depends(sender_of)]
ChargedEndpoint = Annotated[None, Depends(ChargedRecord(NAME, "endpoint_id", queries.endpoint_of))]
ChargedDelivery = Annotated[None, Depends(ChargedRecord(NAME, "delivery_id", queries.delivery_of))]
KnownEndpoint = Annotated[EndpointId, Depends(known_endpoint)]


def _shown(resources: Resources, endpoint: Endpoint) -> EndpointOut:
    return queries.endpoint_shown(endpoint, verification_required=resources.hub.webhooks.verification_required)


@router.post("/v1/webhook-endpoints", status_code=201, response_model=NewEndpointOut, openapi_extra=body_of(EndpointIn))
async def post_endpoint(
    caller: Owner, resources: Services, settings: ServiceSettings, once: OnceBody, session: Session
) -> Response:
    """Register a receiver. The reply alone shows the secret that signs its deliveries."""

    async def make() -> Answer:
        wanted = validated(EndpointIn, once.document)
        endpoint, secret = await actions.register_endpoint(session, resources.vault, settings, caller.agency, wanted)
        body = NewEndpointOut(**_shown(resources, endpoint).model_dump(), secret=secret)
        location = {"Location": f"/v1/webhook-endpoints/{endpoint.id}"}
        return Answer(201, body, {**etag(endpoint.version), **location})

    return await answer_once(session, resources.vault, caller, once, make)


@router.get("/v1/webhook-endpoints")
async def list_endpoints(
    caller: Owner, resources: Services, session: Session, limit: Limit = 50, cursor: CursorText = None
) -> EndpointPage:
    required = resources.hub.webhooks.verification_required
    return await queries.list_endpoints(session, caller.agency, limit, cursor, verification_required=required)


@router.get("/internal/endpoints", include_in_schema=False)
async def list_health(caller: ServiceCaller, resources: Services, session: Session) -> EndpointsSeen:
    """List every agency's endpoints with how they do, for the pages of staff."""
    del caller
    required = resources.hub.webhooks.verification_required
    return await queries.endpoints_seen(session, clock.now(), verification_required=required)


@router.get("/v1/webhook-endpoints/{endpoint_id}")
async def get_endpoint(
    caller: Owner,
    _: ChargedEndpoint,
    resources: Services,
    session: Session,
    response: Response,
    endpoint_id: EndpointId,
) -> EndpointOut:
    endpoint = await queries.endpoint_of(session, caller.agency, endpoint_id)
    response.headers.update(etag(endpoint.version))
    return _shown(resources, endpoint)


@router.patch("/v1/webhook-endpoints/{endpoint_id}", openapi_extra=body_of(EndpointChange))
async def patch_endpoint(
    caller: Owner,
    resources: Services,
    settings: ServiceSettings,
    endpoint_id: KnownEndpoint,
    document: JsonBody,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> EndpointOut:
    endpoint = await actions.lock_endpoint(session, caller.agency, endpoint_id)
    check_if_match(if_match, endpoint.version)
    await actions.change_endpoint(session, settings, endpoint, validated(EndpointChange, document))
    response.headers.update(etag(endpoint.version))
    return _shown(resources, endpoint)


@router.delete("/v1/webhook-endpoints/{endpoint_id}", status_code=204)
async def delete_endpoint(caller: Owner, _: ChargedEndpoint, session: Session, endpoint_id: EndpointId) -> None:
    await actions.delete_endpoint(session, caller.agency, endpoint_id)


@router.post("/v1/webhook-endpoints/{endpoint_id}/verification")
async def post_verification(
    caller: Verifying,
    _: ChargedEndpoint,
    resources: Services,
    sender: WebhookSender,
    response: Response,
    endpoint_id: EndpointId,
) -> EndpointOut:
    """Send the receiver a challenge, which it has to return in its body."""
    async with transaction(resources.db) as session:
        endpoint = await queries.endpoint_of(session, caller.agency, endpoint_id)
    url = endpoint.url
    secret = resources.vault.open(Endpoint.__tablename__, endpoint.id, endpoint.secret)
    await challenge(sender, caller.agency, url, secret)
    async with transaction(resources.db) as session:
        endpoint = await actions.mark_verified(session, caller.agency, endpoint_id, url)
    response.headers.update(etag(endpoint.version))
    return _shown(resources, endpoint)


@router.post("/v1/webhook-endpoints/{endpoint_id}/enablement")
async def post_enablement(
    caller: Owner,
    _: ChargedEndpoint,
    resources: Services,
    session: Session,
    response: Response,
    endpoint_id: EndpointId,
) -> EndpointOut:
    """Take up deliveries to a disabled endpoint again, with those that waited."""
    endpoint = await actions.lock_endpoint(session, caller.agency, endpoint_id)
    await actions.enable_endpoint(session, endpoint)
    response.headers.update(etag(endpoint.version))
    return _shown(resources, endpoint)


@router.get("/v1/webhook-endpoints/{endpoint_id}/deliveries")
async def list_deliveries(
    caller: Owner,
    _: ChargedEndpoint,
    session: Session,
    endpoint_id: EndpointId,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> DeliveryPage:
    return await queries.list_deliveries(session, caller.agency, endpoint_id, limit, cursor)


@router.get("/v1/deliveries/{delivery_id}")
async def get_delivery(
    caller: Owner, _: ChargedDelivery, session: Session, delivery_id: DeliveryId
) -> DeliveryWithAttempts:
    return await queries.delivery_of(session, caller.agency, delivery_id)


@router.post("/v1/deliveries/{delivery_id}/replay", status_code=202)
async def post_replay(
    caller: Owner, _: ChargedDelivery, session: Session, delivery_id: DeliveryId
) -> DeliveryWithAttempts:
    """Send a delivery again: a closed one with its whole schedule, one that waits for a retry at once."""
    await replay_delivery(session, caller.agency, delivery_id)
    return await queries.delivery_of(session, caller.agency, delivery_id)


@router.get("/v1/events", response_model_exclude_none=True)
async def list_events(
    caller: Reader,
    resources: Services,
    wait: Wait,
    limit: Limit = 50,
    after: After = None,
    since: Since = None,
) -> Feed:
    """Read on from `after`; with `wait`, an empty page comes only when nothing came in that time."""
    position: int | None = None
    woken = asyncio.Event()
    resources.db.listeners.add(woken)

    async def read() -> Feed:
        nonlocal position
        async with transaction(resources.db) as session:
            if position is None:
                position = await queries.feed_position(session, caller.agency, after, since)
            return await queries.feed_after(session, caller.agency, position, limit)

    try:
        feed = await read()
        if feed.items or not wait.seconds:
            return feed
        with wait.counted():
            return await _something_new(read, woken, wait)
    finally:
        resources.db.listeners.discard(woken)


async def _something_new(read: Callable[[], Awaitable[Feed]], woken: asyncio.Event, wait: Waiting) -> Feed:
    """Read when something was written here, else now and then, until there is anything or the time is over."""
    pause = FASTEST_POLL_SECONDS
    deadline = asyncio.get_running_loop().time() + wait.seconds
    while True:
        left = deadline - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(pause, max(left, 0.0))):
                await woken.wait()
        woken.clear()
        await wait.check_caller()
        pause = min(pause * 2, SLOWEST_POLL_SECONDS)
        feed = await read()
        if feed.items or left <= 0:
            return feed
