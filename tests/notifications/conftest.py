"""A notifications service in parts: its database, its settings, a receiver, and a courier between them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.notifications.worker.courier import Courier
from services.notifications.worker.sender import open_sender
from shared.db import Database
from shared.settings.environment import key_bytes
from shared.settings.hub import Hub, Webhooks
from shared.vault import Vault
from tests.conftest import OpenDatabase
from tests.notifications.configuration import new_settings
from tests.notifications.partners import Partners, running
from tests.notifications.receiver import Receiver, open_receiver

NewCourier = Callable[..., Any]


@pytest.fixture
def vault() -> Vault:
    settings = new_settings()
    return Vault(key_bytes(settings.vault_key), key_bytes(settings.index_key))


@pytest.fixture
async def db(open_service: OpenDatabase) -> Database:
    return await open_service("notifications")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest.fixture
async def new_courier(db: Database, vault: Vault) -> AsyncIterator[NewCourier]:
    """Make couriers, of which each may have settings of its own; they are not started."""
    async with AsyncExitStack() as stack:

        async def courier(**said: Any) -> Courier:
            settings = new_settings(**said)
            sender = await stack.enter_async_context(open_sender(settings))
            return Courier(db, vault, settings, sender, verification_required=False, chance=lambda: 0.5)

        yield courier


@pytest.fixture
async def partners(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Partners]:
    async with running(await open_service("notifications"), hub) as started:
        yield started


@pytest.fixture
async def strict(open_service: OpenDatabase, hub: Hub) -> AsyncIterator[Partners]:
    """Run the service of a hub where an endpoint delivers only once it is verified."""
    required = hub.model_copy(update={"webhooks": Webhooks(verification_required=True)})
    async with running(await open_service("notifications"), required) as started:
        yield started
