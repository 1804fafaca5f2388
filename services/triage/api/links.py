"""Staff settle who is who: a link is confirmed or removed, on either of the cases that it joins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.triage.actions.settle_link import settle_link
from services.triage.api.desk import KnownCase, Session, TriageDesk, answer_with
from services.triage.domain import LinkState
from services.triage.models import Link
from services.triage.queries.links import find_link
from services.triage.schemas import CaseOut, ReasonIn
from shared.http.answers import JsonBody, respond
from shared.http.openapi import body_of
from shared.http.validation import known_id, validated
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]


async def _known_link(link_id: str, case: KnownCase, session: Session) -> Link:
    return await find_link(session, case.id, known_id(link_id))


KnownLink = Annotated[Link, Depends(_known_link)]
"""The link in the path, or 404 before the body is read."""


@router.post(
    "/v1/cases/{case_id}/links/{link_id}/confirmation", response_model=CaseOut, openapi_extra=body_of(ReasonIn)
)
async def post_link_confirmation(
    caller: Staff, case: KnownCase, link: KnownLink, session: Session, desk: TriageDesk, body: JsonBody
) -> Response:
    """Confirm that this is the same person: it counts as history, and the case is assessed again."""
    reason = validated(ReasonIn, body).reason
    settled = await settle_link(session, desk, case, link, caller, LinkState.CONFIRMED, reason)
    return respond(await answer_with(session, desk, settled))


@router.post("/v1/cases/{case_id}/links/{link_id}/removal", response_model=CaseOut, openapi_extra=body_of(ReasonIn))
async def post_link_removal(
    caller: Staff, case: KnownCase, link: KnownLink, session: Session, desk: TriageDesk, body: JsonBody
) -> Response:
    """Say that this is another person: it no longer counts, and the case is assessed again."""
    reason = validated(ReasonIn, body).reason
    settled = await settle_link(session, desk, case, link, caller, LinkState.REMOVED, reason)
    return respond(await answer_with(session, desk, settled))
