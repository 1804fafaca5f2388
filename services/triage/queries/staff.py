"""The register of people, as those see it who hand work on."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Text, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import StaffMember
from shared.security import CASE_ROLES

is_colleague = and_(
    StaffMember.left_at.is_(None), func.jsonb_exists_any(StaffMember.roles, cast(list(CASE_ROLES), ARRAY(Text)))
)
"""Whether somebody is here still, with a role that works on cases."""

_present = select(StaffMember).where(StaffMember.left_at.is_(None)).order_by(StaffMember.name, StaffMember.subject)


async def people(session: AsyncSession) -> Sequence[StaffMember]:
    """Return everybody of the register, by name."""
    return (await session.scalars(_present)).all()


async def people_who_left(session: AsyncSession) -> set[tuple[str, str]]:
    """Return issuer and subject of everybody who has left."""
    query = select(StaffMember.issuer, StaffMember.subject).where(StaffMember.left_at.is_not(None))
    return {(issuer, subject) for issuer, subject in (await session.execute(query)).all()}


async def colleagues(session: AsyncSession) -> Sequence[StaffMember]:
    """Return everybody who may work on cases, by name."""
    return [member for member in await people(session) if works_on_cases(member)]


def works_on_cases(member: StaffMember) -> bool:
    return member.left_at is None and not set(member.roles).isdisjoint(CASE_ROLES)
