"""Composition root of the notifications service: its database, its routes, its consumers and its delivery worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from services.notifications import api
from services.notifications.consumer import entries_of
from services.notifications.queries import GAUGES
from services.notifications.settings import Settings
from services.notifications.worker.courier import Courier
from services.notifications.worker.sender import open_sender
from shared.db import open_pools
from shared.http.service import Resources, Service
from shared.settings.environment import key_bytes
from shared.settings.hub import Hub
from shared.vault import Vault


def build(settings: Settings, hub: Hub) -> Service:
    """Return the service; `work` delivers webhooks."""
    db, upkeep = open_pools(settings.database_url.get_secret_value())
    resources = Resources(db, Vault(key_bytes(settings.vault_key), key_bytes(settings.index_key)), hub, upkeep)
    required = hub.webhooks.verification_required

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        try:
            async with open_sender(settings) as sender:
                yield {api.NAME: resources, "notifications_settings": settings, "notifications_sender": sender}
        finally:
            await db.close()
            await upkeep.close()

    async def deliver() -> None:
        async with (
            open_sender(settings) as sender,
            Courier(upkeep, resources.vault, settings, sender, required).running(),
        ):
            await asyncio.Event().wait()

    router = APIRouter(lifespan=lifespan)
    router.include_router(api.router)
    entries = entries_of(upkeep, settings, verification_required=required)
    patience = settings.fault_patience_seconds
    return Service(api.NAME, resources, router, deliver, entries, gauges=GAUGES, fault_patience_seconds=patience)
