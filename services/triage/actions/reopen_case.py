"""A decided case goes back to work: its decision is set aside and kept."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import set_colour_clock
from services.triage.actions.desk import Desk, note, put_on_queue, tell
from services.triage.domain import CaseNotDecided, CaseStatus, DecisionState
from services.triage.models import Case, Child, Decision, Note
from shared.db import new_id
from shared.events import CaseReopened
from shared.security import Caller

REOPENED = "case.reopened"


async def reopen_case(session: AsyncSession, desk: Desk, case: Case, caller: Caller, reason: str) -> None:
    """Put the case back on the queue with the clock of its colour. The caller holds its lock.

    The statutory clock stays as it ended. Offers of early help run on until the next decision: a family that is
    being helped is not dropped.
    """
    if case.status != CaseStatus.DECIDED:
        raise CaseNotDecided("Only a decided case is reopened; this one is still worked on.")
    standing = Decision.case_id == case.id, Decision.state == DecisionState.FINAL
    await session.execute(update(Decision).where(*standing).values(state=DecisionState.SET_ASIDE))
    await session.execute(update(Child).where(Child.case_id == case.id).values(outcome=None, decided_level=None))
    case.known_to = case.owner
    put_on_queue(case)
    case.decided_at = case.decided_level = None
    await set_colour_clock(session, desk, case)
    row_id = new_id()
    sealed = desk.vault.seal(Note.__tablename__, row_id, {"text": reason})
    session.add(Note(id=row_id, case_id=case.id, about=REOPENED, written_by=caller.subject, details=sealed))
    await tell(session, case, CaseReopened, f"/v1/cases/{case.id}", case.agency)
    await note(session, case, caller, REOPENED)
