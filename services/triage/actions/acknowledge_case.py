"""A person has the referral, and tells the referrer so, with advice in codes on what to do meanwhile."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import end_clocks
from services.triage.actions.desk import Desk, note, now, tell
from services.triage.clocks import ClockKind
from services.triage.domain import CaseAlreadyDecided, CaseStatus
from services.triage.models import Acknowledgement, Case
from services.triage.schemas import AcknowledgementIn
from shared.db import new_id
from shared.events import CaseAcknowledged, CaseAdviceGiven
from shared.problems import FieldError, Invalid
from shared.security import Caller


async def acknowledge_case(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: AcknowledgementIn
) -> None:
    """Record the acknowledgement; the first one ends its clock. The caller holds the case's lock."""
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("The referrer has the decision.")
    _check_advice(desk, given.advice)
    at, url = await now(session), f"/internal/cases/{case.id}/feedback"
    session.add(
        Acknowledgement(
            id=new_id(), case_id=case.id, acknowledged_by=caller.subject, acknowledged_at=at, advice=given.advice
        )
    )
    if case.acknowledged_at is None:
        case.acknowledged_at = at
        await end_clocks(session, case, ClockKind.ACKNOWLEDGEMENT)
        await tell(session, case, CaseAcknowledged, url, case.agency)
    if given.advice:
        await tell(session, case, CaseAdviceGiven, url, case.agency)
    await note(session, case, caller, "case.acknowledged")


def _check_advice(desk: Desk, codes: list[str]) -> None:
    known = desk.hub.code_lists["advice"]
    errors = tuple(
        FieldError(f"/advice/{place}", "There is no such code. GET /v1/code-lists/advice.")
        for place, code in enumerate(codes)
        if not known.takes(code)
    )
    if errors:
        raise Invalid("Correct the fields named.", errors=errors)
