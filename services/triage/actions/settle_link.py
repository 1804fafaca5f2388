"""A person says whether two people are one. Links never merge cases; either word can be taken back by the other."""

from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_or_leave
from services.triage.actions.desk import Desk
from services.triage.actions.link_people import AT_WORK, tell_workers
from services.triage.actions.notes import write_note
from services.triage.actions.open_case import assess_again
from services.triage.domain import CaseStatus, CountersignatureAwaited, LinkState, Relation, Unfinished
from services.triage.models import Case, Link, NewInformation
from services.triage.queries.cases import find_case
from shared import clock
from shared.security import Caller


async def settle_link(
    session: AsyncSession, desk: Desk, case: Case, link: Link, caller: Caller, state: LinkState, reason: str | None
) -> Case:
    """Confirm or remove a link of the case and assess again whom it concerns; returns the case, locked.

    Where it is settled so already, nothing happens.
    """
    ends = {found: await find_case(session, found, lock=True) for found in sorted((link.case_id, link.other_case_id))}
    await session.refresh(link)
    here, proposer, other = ends[case.id], ends[link.case_id], ends[link.other_case_id]
    if link.state == state:
        return here
    if here.status == CaseStatus.AWAITING_COUNTERSIGNATURE:
        raise CountersignatureAwaited("A manager countersigns first, or refuses.")
    link.state, link.settled_by, link.settled_at = state, caller.subject, clock.now()
    for end in ends.values():
        await write_note(session, desk, end, caller, f"link.{state}", reason if end is here else None)
    if link.relation == Relation.CHILD:
        await _follow_child(session, desk, proposer, other, state)
    await session.flush()
    later = max(ends.values(), key=lambda end: (end.received_at, end.id))
    for end in {here.id: here, later.id: later, proposer.id: proposer}.values():
        await assess_again(session, desk, end, cause=f"link_{state}")
    return here


async def _follow_child(session: AsyncSession, desk: Desk, case: Case, other: Case, state: LinkState) -> None:
    """Offer the case to the worker who knows the child, and that worker the news; or take the offer back."""
    if state == LinkState.REMOVED:
        case.known_to = None if case.known_to == other.owner else case.known_to
        return
    case.known_to = case.known_to or other.owner
    told = select(NewInformation.id).where(NewInformation.case_id == other.id, NewInformation.from_case_id == case.id)
    if other.status in AT_WORK and await session.scalar(told) is None:
        tell = partial(tell_workers, session, desk, [(other.id, case.id)])
        await attempt_or_leave(session, case, Unfinished.NEWS, tell)
