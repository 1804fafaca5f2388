"""Settings of a notifications service in a test: the demo's profile, and short times."""

import base64
from typing import Any

from services.notifications.settings import Settings
from shared.settings.environment import Profile

KEY = base64.b64encode(bytes(range(32))).decode()


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
