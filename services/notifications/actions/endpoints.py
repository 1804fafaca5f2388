"""What owners do with their endpoints: register, change, verify, enable, delete; and what disables one."""

from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.actions.schedule import schedule_deliveries
from services.notifications.domain.addresses import check_url
from services.notifications.domain.endpoints import EndpointId
from services.notifications.models import Endpoint
from services.notifications.schemas import EndpointChange, EndpointIn
from services.notifications.settings import Settings
from services.notifications.signing import new_secret
from shared import clock
from shared.db import new_id
from shared.events import EndpointDisabled, Event
from shared.outbox import emit
from shared.problems import NotFound
from shared.vault import Vault


async def register_endpoint(
    session: AsyncSession, vault: Vault, settings: Settings, agency: str, wanted: EndpointIn
) -> tuple[Endpoint, str]:
    """Return the new endpoint and its secret, which is shown this once; raises AddressRefused."""
    _check(settings, agency, wanted.url)
    secret, endpoint_id = new_secret(), new_id()
    sealed = vault.seal(Endpoint.__tablename__, endpoint_id, secret)
    endpoint = Endpoint(id=endpoint_id, agency=agency, secret=sealed, **wanted.model_dump())
    session.add(endpoint)
    await session.flush()
    await session.refresh(endpoint)
    return endpoint, secret


async def lock_endpoint(session: AsyncSession, agency: str, endpoint_id: EndpointId) -> Endpoint:
    """Return the agency's endpoint, locked for a change; raises NotFound."""
    mine = select(Endpoint).where(Endpoint.id == endpoint_id, Endpoint.agency == agency)
    endpoint = await session.scalar(mine.with_for_update(key_share=True))
    if endpoint is None:
        raise NotFound
    return endpoint


async def change_endpoint(
    session: AsyncSession, settings: Settings, endpoint: Endpoint, change: EndpointChange
) -> None:
    """Apply what `change` names; a new URL loses its verification. Raises AddressRefused."""
    wanted = change.model_dump(exclude_unset=True)
    url = wanted.get("url", endpoint.url)
    if url != endpoint.url:
        _check(settings, endpoint.agency, url)
        endpoint.verified_at = None
    for name, value in wanted.items():
        setattr(endpoint, name, value)
    await _save(session, endpoint)


async def enable_endpoint(session: AsyncSession, endpoint: Endpoint) -> None:
    if endpoint.disabled_at is not None:
        endpoint.disabled_at = None
        await _save(session, endpoint)


async def mark_verified(session: AsyncSession, agency: str, endpoint_id: EndpointId, url: str) -> Endpoint:
    """Record that the receiver at `url` returned its challenge, unless the endpoint has another URL by now."""
    endpoint = await lock_endpoint(session, agency, endpoint_id)
    if endpoint.url == url:
        endpoint.verified_at = clock.now()
        await _save(session, endpoint)
    return endpoint


async def delete_endpoint(session: AsyncSession, agency: str, endpoint_id: EndpointId) -> None:
    """Delete the endpoint with its deliveries; what is under way at this moment may still arrive."""
    await session.delete(await lock_endpoint(session, agency, endpoint_id))


async def disable_endpoints(
    session: AsyncSession, endpoint_ids: Collection[EndpointId], *, verification_required: bool
) -> None:
    """Stop deliveries to these endpoints and tell their owners through the feed."""
    disable = (
        update(Endpoint)
        .where(Endpoint.id.in_(endpoint_ids), Endpoint.disabled_at.is_(None))
        .values(disabled_at=func.clock_timestamp(), version=Endpoint.version + 1)
        .returning(Endpoint.id, Endpoint.agency)
    )
    events = [
        Event(
            EndpointDisabled(endpoint_id=row.id, detail_url=f"/v1/webhook-endpoints/{row.id}"),
            audience=(row.agency,),
        )
        for row in await session.execute(disable)
    ]
    await emit(session, *events)
    await schedule_deliveries(session, events, verification_required=verification_required)


async def _save(session: AsyncSession, endpoint: Endpoint) -> None:
    endpoint.version += 1
    await session.flush()


def _check(settings: Settings, agency: str, url: str) -> None:
    check_url(url, approved=settings.webhook_domains.get(agency, ()), allow_loopback=settings.allow_loopback)
