"""How tests make people come to work, and go."""

import shutil
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from services.triage.actions.register import leave_register, return_duties, return_work
from services.triage.models import StaffMember
from shared.db import transaction
from tests.conftest import HUB_FOLDER
from tests.triage.conftest import Front


async def arrive(front: Front, *workers: dict[str, str]) -> None:
    """Let these staff call the API, which enters them whatever their roles let them read."""
    for worker in workers:
        assert (await front.http.get("/v1/cases", headers=worker)).status_code in {200, 403}


async def leave(front: Front, subject: str) -> int:
    """Let a person leave as the command does; returns how many cases went back."""
    async with transaction(front.db) as session:
        await leave_register(session, subject)
    async with transaction(front.db) as session:
        await return_duties(session, front.hub)
        return await return_work(session)


def hub_naming(folder: Path, *staff: dict[str, Any]) -> Path:
    """Return a copy of the starter hub, in this folder, that names these staff."""
    copy = shutil.copytree(HUB_FOLDER, folder / "hub")
    hub = yaml.safe_load((copy / "hub.yaml").read_text(encoding="utf-8"))
    (copy / "hub.yaml").write_text(yaml.safe_dump({**hub, "staff": list(staff)}), encoding="utf-8")
    return copy


async def registered(front: Front) -> dict[str, StaffMember]:
    """Return whoever was ever entered, by account."""
    async with transaction(front.db) as session:
        return {member.subject: member for member in (await session.scalars(select(StaffMember))).all()}
