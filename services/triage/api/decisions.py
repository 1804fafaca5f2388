"""A person decides, confirms or countersigns; the referrals service fetches what the referrer may read."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.triage.actions.decide_case import confirm_route, countersign_decision, decide_case
from services.triage.actions.reopen_case import reopen_case
from services.triage.api.desk import KnownCase, Session, TriageDesk, WorkSession, answer_with, lock_version
from services.triage.queries.cases import find_case
from services.triage.queries.feedback import feedback_of
from services.triage.schemas import CaseOut, CountersignatureIn, DecisionIn, Feedback, ReasonIn, ReopeningIn
from shared.audit import record_access
from shared.http.answers import Answer, IfMatch, JsonBody, OnceBody, answer_once, respond
from shared.http.openapi import body_of
from shared.http.routes import StrictRoute
from shared.http.validation import known_id, validated
from shared.security import Caller, Role, allow

router = APIRouter(route_class=StrictRoute, tags=["decisions"])
Decider = Annotated[Caller, allow(roles=(Role.SOCIAL_WORKER, Role.MANAGER))]
Manager = Annotated[Caller, allow(roles=(Role.MANAGER,))]
ServiceCaller = Annotated[Caller, allow(scope="internal:read")]


@router.post("/v1/cases/{case_id}/confirmation", response_model=CaseOut, openapi_extra=body_of(ReasonIn))
async def post_confirmation(
    caller: Decider, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Confirm the automatic route of one case; the statutory clock ends."""
    locked = await lock_version(session, case_id, if_match)
    await confirm_route(session, desk, locked, caller, validated(ReasonIn, body))
    return respond(await answer_with(session, desk, locked))


@router.post(
    "/v1/cases/{case_id}/decision",
    response_model=CaseOut,
    openapi_extra=body_of(DecisionIn),
    responses={202: {"model": CaseOut, "description": "Recorded; another manager has to countersign."}},
)
async def post_decision(
    caller: Decider, case_id: KnownCase, once: OnceBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Decide for every child of the case; 202 where another manager has to countersign."""

    async def make() -> Answer:
        locked = await lock_version(session, case_id, if_match)
        decision = validated(DecisionIn, once.document)
        stands = await decide_case(session, desk, locked, caller, decision)
        return await answer_with(session, desk, locked, 200 if stands else 202)

    return await answer_once(session, desk.vault, caller, once, make)


@router.post(
    "/v1/cases/{case_id}/decision/countersignature",
    response_model=CaseOut,
    openapi_extra=body_of(CountersignatureIn),
)
async def post_countersignature(
    caller: Manager, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Agree with another manager's or a social worker's decision, or refuse it with a reason."""
    locked = await lock_version(session, case_id, if_match)
    await countersign_decision(session, desk, locked, caller, validated(CountersignatureIn, body))
    return respond(await answer_with(session, desk, locked))


@router.post("/v1/cases/{case_id}/reopening", response_model=CaseOut, openapi_extra=body_of(ReopeningIn))
async def post_reopening(
    caller: Decider, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Send a decided case back to work; its decision is set aside and kept."""
    locked = await lock_version(session, case_id, if_match)
    await reopen_case(session, desk, locked, caller, validated(ReopeningIn, body).reason)
    return respond(await answer_with(session, desk, locked))


@router.get("/internal/cases/{case_id}/feedback", include_in_schema=False)
async def get_feedback(caller: ServiceCaller, case_id: str, session: WorkSession, desk: TriageDesk) -> Feedback:
    """Return what may be passed on to the referrer so far."""
    case = await find_case(session, known_id(case_id))
    feedback = await feedback_of(session, desk.vault, case)
    await record_access(session, caller, "feedback.read", "case", [case.id], purpose="feedback")
    return feedback
