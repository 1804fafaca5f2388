"""Into whose hands a case goes: claimed, given back, or given to a colleague."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.triage.actions.claim_case import assign_case, claim_case, release_case
from services.triage.api.desk import KnownCase, Session, TriageDesk, answer_with, lock_version
from services.triage.schemas import AssignmentIn, CaseOut, ReasonIn
from shared.allowances import Allowance
from shared.http.answers import IfMatch, JsonBody, respond
from shared.http.openapi import body_of
from shared.http.routes import StrictRoute
from shared.http.validation import validated
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(route_class=StrictRoute, tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]
Claimer = Annotated[Caller, allow(roles=CASE_ROLES, allowance=Allowance.CLAIMS)]


@router.post("/v1/cases/{case_id}/claim", response_model=CaseOut, openapi_extra=body_of(ReasonIn))
async def post_claim(
    caller: Claimer, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Claim this case for 15 minutes, or renew the claim."""
    locked = await lock_version(session, case_id, if_match)
    validated(ReasonIn, body)
    await claim_case(session, locked, caller)
    return respond(await answer_with(session, desk, locked))


@router.post("/v1/cases/{case_id}/release", response_model=CaseOut, openapi_extra=body_of(ReasonIn))
async def post_release(
    caller: Staff, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Give this case back to the queue; a manager can do so for others."""
    locked = await lock_version(session, case_id, if_match)
    await release_case(session, desk, locked, caller, validated(ReasonIn, body))
    return respond(await answer_with(session, desk, locked))


@router.post("/v1/cases/{case_id}/assignment", response_model=CaseOut, openapi_extra=body_of(AssignmentIn))
async def post_assignment(
    caller: Staff, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Give this case to a colleague, whose claim lasts 15 minutes; only a manager takes it out of another's hands."""
    locked = await lock_version(session, case_id, if_match)
    await assign_case(session, desk, locked, caller, validated(AssignmentIn, body))
    return respond(await answer_with(session, desk, locked))
