"""How tests make people come to work, and go."""

from sqlalchemy import select

from services.triage.actions.register import leave_register, return_work
from services.triage.models import StaffMember
from shared.db import transaction
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
        return await return_work(session)


async def registered(front: Front) -> dict[str, StaffMember]:
    """Return whoever was ever entered, by account."""
    async with transaction(front.db) as session:
        return {member.subject: member for member in (await session.scalars(select(StaffMember))).all()}
