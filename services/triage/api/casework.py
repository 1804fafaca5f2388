"""Work on one case: code what was written, acknowledge, prioritise, note, and see to parallel duties."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.triage.actions.acknowledge_case import acknowledge_case
from services.triage.actions.code_facts import code_facts
from services.triage.actions.new_information import acknowledge_new_information
from services.triage.actions.notes import write_note
from services.triage.actions.parallel_routes import complete_parallel_route, open_parallel_route
from services.triage.actions.prioritise_case import prioritise_case
from services.triage.api.desk import KnownCase, Session, Triage, TriageDesk, answer_with, lock, lock_version
from services.triage.models import NewInformation, ParallelRoute
from services.triage.queries.casework import part_of_case
from services.triage.schemas import (
    AcknowledgementIn,
    CaseOut,
    CompletionIn,
    FactsIn,
    NoteIn,
    ParallelRouteIn,
    PriorityIn,
)
from shared.db import transaction
from shared.http.answers import Answer, IfMatch, JsonBody, OnceBody, answer_once, respond
from shared.http.limits import Charged
from shared.http.openapi import body_of
from shared.http.routes import StrictRoute
from shared.http.validation import known_id, validated
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(route_class=StrictRoute, tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]


@router.post("/v1/cases/{case_id}/facts", response_model=CaseOut, openapi_extra=body_of(FactsIn))
async def post_facts(caller: Staff, case_id: KnownCase, once: OnceBody, session: Session, desk: TriageDesk) -> Response:
    """Code the narrative: the case is assessed again and keeps both receipts."""

    async def make() -> Answer:
        coded = validated(FactsIn, once.document)
        locked = await lock(session, case_id)
        await code_facts(session, desk, locked, caller, coded)
        return await answer_with(session, desk, locked)

    return await answer_once(session, desk.vault, caller, once, make)


@router.post("/v1/cases/{case_id}/acknowledgement", response_model=CaseOut, openapi_extra=body_of(AcknowledgementIn))
async def post_acknowledgement(
    caller: Staff, case_id: KnownCase, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Tell the referrer that a person has the referral, with advice in codes on what to do meanwhile."""

    async def make() -> Answer:
        given = validated(AcknowledgementIn, once.document)
        locked = await lock(session, case_id)
        await acknowledge_case(session, desk, locked, caller, given)
        return await answer_with(session, desk, locked)

    return await answer_once(session, desk.vault, caller, once, make)


@router.post("/v1/cases/{case_id}/priority", response_model=CaseOut, openapi_extra=body_of(PriorityIn))
async def post_priority(
    caller: Staff, case_id: KnownCase, body: JsonBody, session: Session, desk: TriageDesk, if_match: IfMatch = None
) -> Response:
    """Set the colour with a reason. A later assessment may raise it; nobody sets it below a floor of the policy."""
    locked = await lock_version(session, case_id, if_match)
    await prioritise_case(session, desk, locked, caller, validated(PriorityIn, body))
    return respond(await answer_with(session, desk, locked))


@router.post("/v1/cases/{case_id}/notes", response_model=CaseOut, openapi_extra=body_of(NoteIn))
async def post_note(caller: Staff, case_id: KnownCase, once: OnceBody, session: Session, desk: TriageDesk) -> Response:
    """Write a note on the case, for those who work on it."""

    async def make() -> Answer:
        given = validated(NoteIn, once.document)
        locked = await lock(session, case_id)
        await write_note(session, desk, locked, caller, "note", given.text)
        return await answer_with(session, desk, locked)

    return await answer_once(session, desk.vault, caller, once, make)


@router.post("/v1/cases/{case_id}/parallel-routes", response_model=CaseOut, openapi_extra=body_of(ParallelRouteIn))
async def post_parallel_route(
    caller: Staff, case_id: KnownCase, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Open a duty that runs beside the decision, with its owner and its time."""

    async def make() -> Answer:
        given = validated(ParallelRouteIn, once.document)
        locked = await lock(session, case_id)
        await open_parallel_route(session, desk, locked, caller, given)
        return await answer_with(session, desk, locked)

    return await answer_once(session, desk.vault, caller, once, make)


async def _known_route(route_id: str, case_id: KnownCase, resources: Triage) -> UUID:
    async with transaction(resources.db) as session:
        return (await part_of_case(session, ParallelRoute, case_id, known_id(route_id))).id


async def _known_information(information_id: str, case_id: KnownCase, resources: Triage) -> UUID:
    async with transaction(resources.db) as session:
        return (await part_of_case(session, NewInformation, case_id, known_id(information_id))).id


KnownRoute = Annotated[UUID, Depends(_known_route)]
KnownInformation = Annotated[UUID, Depends(_known_information)]
"""The id of a part of the case in the path, or 404 before the body is read, and before anything is charged."""


@router.post(
    "/v1/cases/{case_id}/parallel-routes/{route_id}/completion",
    response_model=CaseOut,
    openapi_extra=body_of(CompletionIn),
)
async def post_completion(
    caller: Staff, case_id: KnownCase, route_id: KnownRoute, body: JsonBody, session: Session, desk: TriageDesk
) -> Response:
    """Record that a parallel duty is done; its clock ends."""
    locked = await lock(session, case_id)
    await complete_parallel_route(session, desk, locked, caller, route_id, validated(CompletionIn, body))
    return respond(await answer_with(session, desk, locked))


@router.post("/v1/cases/{case_id}/new-information/{information_id}/acknowledgement", response_model=CaseOut)
async def post_new_information_acknowledgement(
    caller: Staff,
    case_id: KnownCase,
    information_id: KnownInformation,
    _: Charged,
    session: Session,
    desk: TriageDesk,
) -> Response:
    """Take note of what came in about the case; its clock ends."""
    locked = await lock(session, case_id)
    await acknowledge_new_information(session, locked, caller, information_id)
    return respond(await answer_with(session, desk, locked))
