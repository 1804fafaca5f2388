"""Partners disagree with a decision about their referral and read the answer; staff answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.triage.actions.challenge_decision import answer_challenge, raise_challenge
from services.triage.api.desk import KnownCase, Session, Triage, TriageDesk, answer_with, lock
from services.triage.queries.challenges import find_challenge, open_challenges, own_case, show_own_challenges
from services.triage.schemas import AnswerIn, CaseOut, ChallengeIn, ChallengeList, ChallengeRaised, OpenChallenges
from shared.audit import record_access
from shared.db import transaction
from shared.http.answers import Answer, CursorText, JsonBody, Limit, OnceBody, answer_once, respond
from shared.http.limits import ChargedRecord
from shared.http.openapi import body_of
from shared.http.reading import BY_TIME, decode_cursor
from shared.http.routes import StrictRoute
from shared.http.validation import known_id, validated
from shared.security import CASE_ROLES, Caller, allow

PURPOSE = "challenge"

router = APIRouter(route_class=StrictRoute, tags=["challenges"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]
Challenger = Annotated[Caller, allow(scope="referrals:write")]
Reader = Annotated[Caller, allow(scope="referrals:read")]


async def _challenged(caller: Challenger, referral_id: str, resources: Triage) -> UUID:
    async with transaction(resources.db) as session:
        return (await own_case(session, caller.agency, known_id(referral_id))).id


@router.post(
    "/v1/referrals/{referral_id}/challenge",
    status_code=201,
    response_model=ChallengeRaised,
    openapi_extra=body_of(ChallengeIn),
)
async def post_challenge(
    caller: Challenger,
    case_id: Annotated[UUID, Depends(_challenged)],
    once: OnceBody,
    session: Session,
    desk: TriageDesk,
) -> Response:
    """Disagree with the decision that stands; after an answer, this takes the disagreement to the next stage."""

    async def make() -> Answer:
        said = validated(ChallengeIn, once.document)
        raised = await raise_challenge(session, desk, await lock(session, case_id), caller, said)
        return Answer(201, ChallengeRaised(id=raised.id, stage=raised.stage, due_at=raised.due_at))

    return await answer_once(session, desk.vault, caller, once, make)


@router.get("/v1/referrals/{referral_id}/challenges")
async def get_own_challenges(
    caller: Reader,
    _: Annotated[None, Depends(ChargedRecord("triage", "referral_id", own_case))],
    referral_id: str,
    session: Session,
    desk: TriageDesk,
) -> ChallengeList:
    """Read what was answered to the challenges of one of the agency's own referrals."""
    case = await own_case(session, caller.agency, known_id(referral_id))
    await record_access(session, caller, "challenge.read", "case", [case.id], purpose=PURPOSE)
    return await show_own_challenges(session, desk.vault, case)


@router.get("/v1/challenges")
async def get_challenges(
    _: Staff, session: Session, desk: TriageDesk, limit: Limit = 50, cursor: CursorText = None
) -> OpenChallenges:
    """List the challenges that wait for an answer, those due first before the others."""
    return await open_challenges(session, desk.hub, limit, decode_cursor(cursor, BY_TIME))


async def _known_challenge(case_id: KnownCase, challenge_id: str, resources: Triage) -> UUID:
    async with transaction(resources.db) as session:
        return (await find_challenge(session, case_id, known_id(challenge_id))).id


@router.post(
    "/v1/cases/{case_id}/challenges/{challenge_id}/answer", response_model=CaseOut, openapi_extra=body_of(AnswerIn)
)
async def post_answer(
    caller: Staff,
    case_id: KnownCase,
    challenge_id: Annotated[UUID, Depends(_known_challenge)],
    body: JsonBody,
    session: Session,
    desk: TriageDesk,
) -> Response:
    """Answer a challenge, as somebody of the stage's role who did not decide."""
    said = validated(AnswerIn, body)
    locked = await lock(session, case_id)
    await answer_challenge(session, desk, locked, caller, challenge_id, said)
    return respond(await answer_with(session, desk, locked))
