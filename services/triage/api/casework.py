"""Work on one case: claim it, and code what was written."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.triage.actions.claim_case import claim_case
from services.triage.actions.code_facts import code_facts
from services.triage.api.desk import KnownCase, Session, TriageDesk, answer_with, lock, lock_version
from services.triage.schemas import CaseOut, FactsIn, ReasonIn
from shared.http.answers import Answer, IfMatch, JsonBody, OnceBody, answer_once, respond
from shared.http.openapi import body_of
from shared.http.validation import validated
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]


@router.post("/v1/cases/{case_id}/claim", response_model=CaseOut, openapi_extra=body_of(ReasonIn))
async def post_claim(
    caller: Staff, case: KnownCase, session: Session, desk: TriageDesk, body: JsonBody, if_match: IfMatch = None
) -> Response:
    """Claim this case for 15 minutes, or renew the claim."""
    locked = await lock_version(session, case, if_match)
    validated(ReasonIn, body)
    await claim_case(session, locked, caller)
    return respond(await answer_with(session, desk, locked))


@router.post("/v1/cases/{case_id}/facts", response_model=CaseOut, openapi_extra=body_of(FactsIn))
async def post_facts(caller: Staff, case: KnownCase, session: Session, desk: TriageDesk, once: OnceBody) -> Response:
    """Code the narrative: the case is assessed again and keeps both receipts."""

    async def make() -> Answer:
        coded = validated(FactsIn, once.document)
        locked = await lock(session, case)
        await code_facts(session, desk, locked, caller, coded)
        return await answer_with(session, desk, locked)

    return await answer_once(session, desk.vault, caller, once, make)
