"""The staff who have signed in to the pages, as those see them who hand work on."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import StaffMember
from shared.security import CASE_ROLES


async def colleagues(session: AsyncSession) -> Sequence[StaffMember]:
    """Return everybody who may work on cases, by name."""
    members = (await session.scalars(select(StaffMember).order_by(StaffMember.name))).all()
    return [member for member in members if set(member.roles) & set(CASE_ROLES)]
