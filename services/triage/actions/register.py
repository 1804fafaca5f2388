"""The register of people: they enter it by signing in or by a good token, and leave it by an administrator's word."""

from collections.abc import Iterable

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.claim_case import return_case
from services.triage.actions.sessions import Person
from services.triage.domain import CaseStatus
from services.triage.domain.staff import AccountUnknown, PersonHasLeft
from services.triage.models import Case, StaffMember, StaffSession
from shared.security import Caller

MOST_AT_ONCE = 100
_OPEN = [status for status in CaseStatus if status is not CaseStatus.DECIDED]

_of_the_left = (
    select(Case)
    .join(StaffMember, StaffMember.subject == Case.owner)
    .where(StaffMember.left_at.is_not(None), Case.status.in_(_OPEN))
    .order_by(Case.id)
    .limit(MOST_AT_ONCE)
    .with_for_update(of=Case, skip_locked=True)
)


async def enter_people(session: AsyncSession, people: Iterable[Person]) -> None:
    """Add those whom the register has never had; all others stay as they are."""
    rows = [
        {
            "subject": one.subject,
            "issuer": one.issuer,
            "name": one.name,
            "roles": sorted(one.roles),
            "agency": one.agency,
        }
        for one in people
    ]
    if rows:
        await session.execute(insert(StaffMember).values(rows).on_conflict_do_nothing())


async def admit_caller(session: AsyncSession, caller: Caller) -> None:
    """Enter a member of staff with the roles of their token. Raises `PersonHasLeft` for one who has left."""
    member = await session.get(StaffMember, caller.subject)
    if member is None:
        await enter_people(session, [Person(caller.issuer, caller.subject, caller.subject, caller.roles)])
    elif member.left_at is not None:
        raise PersonHasLeft("Ask an administrator.")
    elif member.issuer == caller.issuer and set(member.roles) != caller.roles:
        member.roles = sorted(caller.roles)


async def leave_register(session: AsyncSession, subject: str) -> None:
    """Take a person out of the register and end their sessions; `return_work` follows once this is committed.

    Nobody locks a case here: who assigns one locks the case first and the person then.
    """
    await _set_left(session, subject, func.coalesce(StaffMember.left_at, func.clock_timestamp()))
    await session.execute(delete(StaffSession).where(StaffSession.subject == subject))


async def rejoin_register(session: AsyncSession, subject: str) -> None:
    """Take a person who had left back."""
    await _set_left(session, subject, None)


async def _set_left(session: AsyncSession, subject: str, left_at: object) -> None:
    changed = update(StaffMember).where(StaffMember.subject == subject).values(left_at=left_at)
    if (await session.execute(changed.returning(StaffMember.subject))).first() is None:
        raise AccountUnknown("See `frontdoor staff list`.")


async def return_work(session: AsyncSession) -> int:
    """Give the open cases of people who have left back to the queue, at most 100; returns how many."""
    cases = (await session.scalars(_of_the_left)).all()
    return sum([await return_case(session, case, "case.owner_left") for case in cases])
