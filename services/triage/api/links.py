"""Staff settle who is who: a link is confirmed or removed, on either of the cases that it joins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.actions.settle_link import settle_link
from services.triage.api.desk import KnownCase, Session, Triage, TriageDesk, answer_with
from services.triage.domain import LinkState
from services.triage.queries.cases import find_case
from services.triage.queries.links import find_link
from services.triage.schemas import CaseOut, ReasonIn
from shared.db import transaction
from shared.http.answers import JsonBody, respond
from shared.http.openapi import body_of
from shared.http.routes import StrictRoute
from shared.http.validation import known_id, validated
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(route_class=StrictRoute, tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]


async def _known_link(link_id: str, case_id: KnownCase, resources: Triage) -> UUID:
    async with transaction(resources.db) as session:
        return (await find_link(session, case_id, known_id(link_id))).id


KnownLink = Annotated[UUID, Depends(_known_link)]
"""The id of the link in the path, or 404 before the body is read."""


@router.post(
    "/v1/cases/{case_id}/links/{link_id}/confirmation", response_model=CaseOut, openapi_extra=body_of(ReasonIn)
)
async def post_link_confirmation(
    caller: Staff, case_id: KnownCase, link_id: KnownLink, body: JsonBody, session: Session, desk: TriageDesk
) -> Response:
    """Confirm that this is the same person: it counts as history, and the case is assessed again."""
    return await _settle(session, desk, case_id, link_id, caller, LinkState.CONFIRMED, validated(ReasonIn, body))


@router.post("/v1/cases/{case_id}/links/{link_id}/removal", response_model=CaseOut, openapi_extra=body_of(ReasonIn))
async def post_link_removal(
    caller: Staff, case_id: KnownCase, link_id: KnownLink, body: JsonBody, session: Session, desk: TriageDesk
) -> Response:
    """Say that this is another person: it no longer counts, and the case is assessed again."""
    return await _settle(session, desk, case_id, link_id, caller, LinkState.REMOVED, validated(ReasonIn, body))


async def _settle(
    session: AsyncSession, desk: Desk, case_id: UUID, link_id: UUID, caller: Caller, state: LinkState, given: ReasonIn
) -> Response:
    case, link = await find_case(session, case_id), await find_link(session, case_id, link_id)
    settled = await settle_link(session, desk, case, link, caller, state, given.reason)
    return respond(await answer_with(session, desk, settled))
