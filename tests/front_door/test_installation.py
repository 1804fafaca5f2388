"""The settings that `frontdoor migrate` writes for each service and `frontdoor serve` reads."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from pydantic import ValidationError

from services.front_door import installation
from services.front_door.databases import SERVICES, DatabaseUrls
from services.front_door.installation import SettingsUnreadable, prepare_services, read_settings
from services.front_door.settings import ServeSettings
from services.referrals.settings import Settings as ReferralsSettings
from shared.settings.environment import Profile
from tests.conftest import HUB_FOLDER

URL = "postgresql+asyncpg://referrals_app:pass%40word@host/referrals"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Write the settings of an installation without a database; returns the folder of the three services."""

    async def registered(*_: object) -> None: ...

    with patch.object(installation, "register_clients", registered):
        prepare_services(tmp_path, dict.fromkeys(SERVICES, DatabaseUrls("", URL)), HUB_FOLDER)
    return tmp_path / "services"


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDOOR_")}
    with patch.dict(os.environ, bare, clear=True):
        yield


def test_each_service_gets_its_own_secrets_alone(written: Path) -> None:
    """Nobody else reads a file, no two services share a key, and only one can sign tokens."""
    files = [written / service / "settings.env" for service in SERVICES]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(file.parent.stat().st_mode) for file in files} == {0o700}
    lines = [line for file in files for line in file.read_text().splitlines() if "_KEY" in line and "DEMO" not in line]
    assert len(lines) == len(set(lines)) == 10
    assert [file.parent.name for file in files if "SIGNING_KEY" in file.read_text()] == ["referrals"]
    assert '"d"' not in next(line for line in files[1].read_text().splitlines() if "DEMO_STAFF_KEY" in line)


def test_a_service_reads_what_was_written(written: Path) -> None:
    """Values come back as they were, and a variable of the process wins over the file."""
    os.environ |= {
        "FRONTDOOR_SETTINGS": str(written / "referrals" / "settings.env"),
        "FRONTDOOR_KAFKA": "kafka:9092",
        "FRONTDOOR_PROFILE": "demo",
        "FRONTDOOR_INDEX_KEY": "mine",
    }
    read_settings()
    serve, settings = ServeSettings(), ReferralsSettings()
    assert settings.database_url.get_secret_value() == URL
    assert settings.index_key.get_secret_value() == "mine"
    assert json.loads(serve.client_key.get_secret_value())["kid"]
    assert serve.profile is Profile.DEMO


def test_the_demo_stays_in_the_demo(written: Path) -> None:
    """With the demo's staff key and another profile, a service does not start."""
    os.environ |= {
        "FRONTDOOR_SETTINGS": str(written / "triage" / "settings.env"),
        "FRONTDOOR_KAFKA": "kafka:9092",
        "FRONTDOOR_PROFILE": "production",
    }
    read_settings()
    with pytest.raises(ValidationError, match="FRONTDOOR_DEMO_STAFF_KEY needs FRONTDOOR_PROFILE=demo"):
        ServeSettings()


def test_a_file_that_is_not_there_is_named_by_its_setting(tmp_path: Path) -> None:
    """Whoever forgot to migrate is told so."""
    os.environ["FRONTDOOR_SETTINGS"] = str(tmp_path / "nothing.env")
    with pytest.raises(SettingsUnreadable) as refused:
        read_settings()
    assert "frontdoor migrate" in refused.value.detail
