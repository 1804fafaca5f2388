"""A notifications service in parts: its database, its settings, a receiver, and a courier between them."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.notifications.settings import Settings
from services.notifications.worker.courier import Courier
from services.notifications.worker.sender import open_sender
from shared.db import Database
from shared.settings.environment import Profile, key_bytes
from shared.vault import Vault
from tests.conftest import OpenDatabase
from tests.notifications.receiver import Receiver, open_receiver

KEY = base64.b64encode(bytes(range(32))).decode()

NewCourier = Callable[..., Any]


def new_settings(url: str = "postgresql+asyncpg://unused", **said: Any) -> Settings:
    values = {
        "profile": Profile.DEMO,
        "database_url": url,
        "vault_key": KEY,
        "index_key": KEY,
        "webhook_total_seconds": 2,
        "webhook_connect_seconds": 1,
        "webhook_lease_seconds": 4,
        "submission_wait_seconds": 0.2,
    }
    return Settings.model_validate({**values, **said})


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
