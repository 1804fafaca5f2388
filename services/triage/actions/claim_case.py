"""Who works on a case: claims with a lease, the next most urgent, assignment, release, and what lapses."""

from datetime import timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_step
from services.triage.actions.colleagues import find_colleague
from services.triage.actions.desk import TRIAGE, Desk, extend_lease, note, now, put_on_queue, take_from_owner
from services.triage.actions.notes import write_note
from services.triage.domain import CaseAlreadyDecided, CaseClaimedByAnother, CaseNotClaimed, CaseStatus
from services.triage.models import Case, StaffMember
from services.triage.queries.staff import is_colleague
from services.triage.schemas import AssignmentIn, ReasonIn
from shared.security import Caller, Role

MOST_AT_ONCE = 100
RETURNED = "returned"

_lapsed = (
    select(Case)
    .where(Case.status == CaseStatus.CLAIMED, Case.lease_until < func.clock_timestamp())
    .limit(MOST_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_next = (
    select(Case)
    .where(Case.status == CaseStatus.UNASSIGNED)
    .order_by(Case.queue_rank, Case.due_at, Case.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_red = Case.queue_rank == 0
_colleagues = select(StaffMember.subject).where(is_colleague)


async def release_lapsed(session: AsyncSession) -> None:
    """Give back what lay idle in somebody's hands for 15 minutes."""
    for case in (await session.scalars(_lapsed)).all():
        await return_case(session, case, "case.lapsed")


async def return_case(session: AsyncSession, case: Case, why: str) -> bool:
    """Give a case back that nobody works on; one that cannot be given back keeps no other in anybody's hands."""

    async def give() -> None:
        give_back(case)
        await note(session, case, TRIAGE, why)

    return await attempt_step(session, case, RETURNED, give)


def give_back(case: Case) -> None:
    """Put the case back on the queue; on an automatic route or before a countersignature it only loses its owner."""
    if case.status in (CaseStatus.CLAIMED, CaseStatus.WAITING):
        put_on_queue(case)
    else:
        take_from_owner(case)


async def claim_next_case(session: AsyncSession, desk: Desk, caller: Caller) -> Case | None:
    """Claim the next case for this caller, or return None where there is none. No two callers get the same.

    Red cases come first, whoever knows the child; then those that the caller knows; then the most urgent of all
    others. What a colleague knows is kept for that colleague for a while, red cases excepted.
    """
    await release_lapsed(session)
    kept = timedelta(minutes=desk.hub.kept_for_known_worker_minutes)
    known = Case.known_to == caller.subject
    long_free = Case.opened_at < func.clock_timestamp() - kept
    free = or_(Case.known_to.is_(None), long_free, Case.known_to.not_in(_colleagues))
    for offered in (and_(_red, known), _red, known, free):
        case = (await session.scalars(_next.where(offered))).first()
        if case is not None:
            await _take(session, case, caller)
            return case
    return None


async def claim_case(session: AsyncSession, case: Case, caller: Caller) -> None:
    """Claim this case, or renew the caller's own claim. The caller holds its lock."""
    _check_open(case)
    if case.owner not in (None, caller.subject) and not await _has_lapsed(session, case):
        raise CaseClaimedByAnother("Ask its owner, or take the next case.")
    await _take(session, case, caller)


async def release_case(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: ReasonIn) -> None:
    """Give the case back to the queue: one's own, or as a manager anybody's. The caller holds its lock."""
    _check_open(case)
    if case.owner is None:
        raise CaseNotClaimed("It is on the queue already.")
    check_hand(case, caller)
    give_back(case)
    await write_note(session, desk, case, caller, "case.released", given.reason)


async def assign_case(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: AssignmentIn) -> None:
    """Put the case into a colleague's hands; only a manager takes it out of another's. The caller holds its lock."""
    _check_open(case)
    colleague = await find_colleague(session, desk, given.to)
    check_hand(case, caller)
    _put_into_hands(case, colleague.subject, colleague.issuer)
    if case.status == CaseStatus.CLAIMED:
        await extend_lease(session, case)
    await write_note(session, desk, case, caller, "case.assigned", given.reason)


def _check_open(case: Case) -> None:
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Read the decision; the case is closed.")


def check_hand(case: Case, caller: Caller) -> None:
    """Raise `CaseClaimedByAnother` unless the case is the caller's or nobody's, or the caller is a manager."""
    if case.owner not in (None, caller.subject) and Role.MANAGER not in caller.roles:
        raise CaseClaimedByAnother("Its owner can do this, or a manager.")


async def _has_lapsed(session: AsyncSession, case: Case) -> bool:
    return case.lease_until is not None and case.lease_until < await now(session)


async def _take(session: AsyncSession, case: Case, caller: Caller) -> None:
    _put_into_hands(case, caller.subject, caller.issuer)
    await note(session, case, caller, "case.claimed")


def _put_into_hands(case: Case, worker: str, issuer: str) -> None:
    case.owner, case.owner_issuer = worker, issuer
    if case.status == CaseStatus.UNASSIGNED:
        case.status = CaseStatus.CLAIMED
