"""Whom work may be given to: people of the register who work on cases and, for duties beside, the hub's teams."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.domain.staff import who_is_meant
from services.triage.models import StaffMember
from services.triage.queries.staff import colleagues, works_on_cases
from shared.problems import FieldError, Invalid

NOBODY: Mapping[str, str] = MappingProxyType({})


async def find_colleague(
    session: AsyncSession, desk: Desk, account: str, *, field: str = "/to", teams: Mapping[str, str] = NOBODY
) -> StaffMember:
    """Return who has this account and stays until the transaction ends; raises `Invalid`, naming who may be meant."""
    if account in desk.hub.no_cases:
        raise _nobody(field, "No case is assigned to this account.")
    member = await session.get(StaffMember, account, with_for_update={"read": True}, populate_existing=True)
    if member is None or not works_on_cases(member):
        names = {one.subject: one.name for one in await colleagues(session) if one.subject not in desk.hub.no_cases}
        raise _nobody(field, f"Nobody who works on cases has this account.{who_is_meant(account, {**names, **teams})}")
    return member


async def check_owner(session: AsyncSession, desk: Desk, owner: str) -> None:
    """Raise `Invalid` for an owner of a duty who is neither a team of the hub nor a colleague."""
    if owner not in desk.hub.duty_owners:
        await find_colleague(session, desk, owner, field="/owner", teams=desk.hub.duty_owners)


def _nobody(field: str, detail: str) -> Invalid:
    return Invalid("Correct the fields named.", errors=(FieldError(field, detail),))
