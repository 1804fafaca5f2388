"""The starter directory as the choice of a service reads it, without any database."""

import json
from typing import Any

from services.triage.routing import Directory
from services.triage.routing.open_referral import ListedService, service_of, slug_of
from tests.conftest import HUB_FOLDER

LISTINGS: list[dict[str, Any]] = json.loads((HUB_FOLDER / "directory.json").read_bytes())


def starter_directory() -> Directory:
    listed = [ListedService.model_validate(listing) for listing in LISTINGS]
    return tuple(found for one in listed if (found := service_of(one, slug_of(one.name))))
