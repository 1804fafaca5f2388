"""An installation of three services: their databases made and migrated, their keys made, their settings written.

Run by `frontdoor migrate`; `frontdoor serve` reads the settings of its own service and of no other.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from services.front_door.clients import client_name, register_clients
from services.front_door.databases import SERVICES, DatabaseUrls
from services.front_door.demo import STAFF_KEY
from services.front_door.keys import public_jwk, sealing_keys, signing_key
from shared.kafka import create_topics
from shared.problems import Problem
from shared.settings.demo import load_demo

SETTINGS_NAME = "settings.env"


class SettingsUnreadable(Problem):
    """The file that FRONTDOOR_SETTINGS names can't be read."""

    title, status, slug = "The settings can't be read", 500, "settings-unreadable"


def prepare_services(data_dir: Path, ways: Mapping[str, DatabaseUrls], demo_hub: Path | None) -> None:
    """Make the services known to each other, and give each its settings; with `demo_hub`, agencies and staff too."""
    asyncio.run(register_clients(ways["referrals"], data_dir, load_demo(demo_hub) if demo_hub else None))
    for service in SERVICES:
        _write_settings(data_dir, service, ways[service].app, demo=demo_hub is not None)


def _write_settings(data_dir: Path, service: str, database_url: str, *, demo: bool) -> None:
    """Write `<data-dir>/services/<service>/settings.env`: the secrets of one service, for nobody else to read."""
    vault_key, index_key = sealing_keys(data_dir, service)
    settings = {
        "DATABASE_URL": database_url,
        "VAULT_KEY": vault_key,
        "INDEX_KEY": index_key,
        "CLIENT_KEY": json.dumps(signing_key(data_dir, client_name(service)).as_dict(private=True)),
    }
    if service == "referrals":
        settings["SIGNING_KEY"] = json.dumps(signing_key(data_dir, "issuer").as_dict(private=True))
    if demo:
        settings["DEMO_STAFF_KEY"] = json.dumps(public_jwk(signing_key(data_dir, STAFF_KEY)))
    folder = data_dir / "services" / service
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f"{SETTINGS_NAME}.new"
    unfinished.touch(mode=0o600)
    unfinished.write_text("".join(f"FRONTDOOR_{name}='{value}'\n" for name, value in settings.items()))
    unfinished.rename(folder / SETTINGS_NAME)


def read_settings() -> None:
    """Add what the file named by FRONTDOOR_SETTINGS says to the environment, which wins over it."""
    named = os.environ.get("FRONTDOOR_SETTINGS")
    if named is None:
        return
    if not os.access(named, os.R_OK):
        raise SettingsUnreadable("FRONTDOOR_SETTINGS names no file that can be read. `frontdoor migrate` writes one.")
    for name, value in dotenv_values(named, interpolate=False).items():
        os.environ.setdefault(name, value or "")


def make_topics() -> list[str]:
    """Make the topics that are missing, where FRONTDOOR_KAFKA names a Kafka; returns their names."""
    kafka = os.environ.get("FRONTDOOR_KAFKA")
    if kafka is None:
        return []
    copies = os.environ.get("FRONTDOOR_KAFKA_REPLICATION")
    return asyncio.run(create_topics(kafka, replication=int(copies) if copies else None))
