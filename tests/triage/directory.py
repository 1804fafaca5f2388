"""The starter directory as the choice of a service reads it, and what is published, by name."""

import json
from typing import Any

from services.triage.routing import Directory
from services.triage.routing.open_referral import ListedService, service_of, slug_of
from tests.conftest import HUB_FOLDER
from tests.triage.conftest import Front

LISTINGS: list[dict[str, Any]] = json.loads((HUB_FOLDER / "directory.json").read_bytes())


def starter_directory() -> Directory:
    listed = [ListedService.model_validate(listing) for listing in LISTINGS]
    return tuple(found for one in listed if (found := service_of(one, slug_of(one.name))))


async def names(front: Front, path: str) -> set[str]:
    """Return the names of the services that a list of the directory holds."""
    reply = await front.http.get(path)
    assert reply.status_code == 200
    return {one["name"] if "name" in one else one["service"]["name"] for one in reply.json()["contents"]}
