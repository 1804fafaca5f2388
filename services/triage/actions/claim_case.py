"""Who works on a case: claims with a lease, the next most urgent, and what lapses."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import LEASE, note
from services.triage.domain import CaseAlreadyDecided, CaseClaimedByAnother, CaseStatus
from services.triage.models import Case
from shared.security import Caller

_lapsed = (
    select(Case.id)
    .where(Case.status == CaseStatus.CLAIMED, Case.lease_until < func.clock_timestamp())
    .with_for_update(skip_locked=True)
)
_release_lapsed = (
    update(Case)
    .where(Case.id.in_(_lapsed.scalar_subquery()))
    .values(status=CaseStatus.UNASSIGNED, owner=None, lease_until=None, version=Case.version + 1)
)
_next = (
    select(Case)
    .where(Case.status == CaseStatus.UNASSIGNED)
    .order_by(Case.queue_rank, Case.due_at, Case.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


async def release_lapsed(session: AsyncSession) -> None:
    """Give back what lay idle in somebody's hands for 15 minutes."""
    await session.execute(_release_lapsed)


async def claim_next_case(session: AsyncSession, caller: Caller) -> Case | None:
    """Claim the most urgent unassigned case, or return None where there is none. No two callers get the same."""
    await release_lapsed(session)
    case = (await session.scalars(_next)).first()
    if case is not None:
        await _take(session, case, caller)
    return case


async def claim_case(session: AsyncSession, case: Case, caller: Caller) -> None:
    """Claim this case, or renew the caller's own claim. The caller holds its lock."""
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Read the decision; the case is closed.")
    if case.owner not in (None, caller.subject) and not await _has_lapsed(session, case):
        raise CaseClaimedByAnother("Ask its owner, or take the next case.")
    await _take(session, case, caller)


async def _has_lapsed(session: AsyncSession, case: Case) -> bool:
    now = await session.scalar(select(func.clock_timestamp()))
    return case.lease_until is not None and now is not None and case.lease_until < now


async def _take(session: AsyncSession, case: Case, caller: Caller) -> None:
    case.owner = caller.subject
    if case.status in (CaseStatus.UNASSIGNED, CaseStatus.CLAIMED):
        case.status = CaseStatus.CLAIMED
        await extend_lease(session, case)
    await note(session, case, caller, "case.claimed")


async def extend_lease(session: AsyncSession, case: Case) -> None:
    """Start the 15 minutes anew: its owner is at work on it."""
    now = await session.scalar(select(func.clock_timestamp()))
    case.lease_until = now + LEASE if now else None
