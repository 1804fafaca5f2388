"""A person sets the colour of a case, with a reason; an assessment may raise it later, but never lower it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import set_colour_clock
from services.triage.actions.desk import Desk, set_priority, tell
from services.triage.actions.notes import write_note
from services.triage.domain import PRIORITIES, CaseAlreadyDecided, CaseStatus, PriorityBelowFloor, least_priority
from services.triage.models import Case, Child
from services.triage.schemas import PriorityIn
from shared.events import CasePrioritised
from shared.security import Caller


async def prioritise_case(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: PriorityIn) -> None:
    """Set the colour and its place on the queue. The caller holds the case's lock."""
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Nothing runs on a decided case.")
    receipts = (await session.scalars(select(Child.receipt).where(Child.case_id == case.id))).all()
    if PRIORITIES.index(given.priority) < PRIORITIES.index(least_priority(receipts, case.urgency)):
        raise PriorityBelowFloor(
            "A floor holds it up, such as a child in danger now. If that is no longer so, decide the case."
        )
    case.prioritised_by = caller.subject
    if given.priority != case.priority:
        set_priority(case, given.priority)
        await set_colour_clock(session, desk, case)
        await tell(session, case, CasePrioritised, f"/v1/cases/{case.id}", case.agency)
    await write_note(session, desk, case, caller, "case.prioritised", given.reason)
