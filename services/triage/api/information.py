"""Staff ask partners about children, and partners read what they are asked and answer."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.information import answer_request, ask_agency
from services.triage.api.desk import KnownCase, Session, Triage, TriageDesk, lock
from services.triage.domain import RequestState, has_come
from services.triage.queries.asked import find_asked, list_asked, show_asked, state_of
from services.triage.queries.information import show_to_staff
from services.triage.schemas import (
    AskedDetail,
    AskedPage,
    InformationRequestIn,
    InformationRequestOut,
    InformationResponseIn,
    answers_something,
    read_response,
)
from shared.audit import record_access
from shared.db import transaction
from shared.http.answers import Answer, CursorText, Limit, OnceBody, answer_once
from shared.http.client import ServiceClient
from shared.http.lenient import APPLIED, Document, OnceLenient
from shared.http.limits import ChargedRecord
from shared.http.openapi import body_of
from shared.http.reading import BY_TIME, decode_cursor
from shared.http.routes import StrictRoute
from shared.http.validation import known_id, validated
from shared.http.waiting import Wait, wait_for
from shared.inbox import Transient
from shared.problems import Unavailable
from shared.security import CASE_ROLES, Caller, allow

ANSWERING = "information request"
"""The purpose of a partner's reads."""
RETRY_SECONDS = 5

router = APIRouter(route_class=StrictRoute, tags=["information requests"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]
Asked = Annotated[Caller, allow(scope="information:respond")]
Awaited = Annotated[RequestState | None, Query(description="Wait for this status, or any after it.")]


async def _answering_agencies(caller: Staff, request: Request) -> Mapping[str, str | None]:
    """Return the agencies that can be asked; read before the request's transaction begins."""
    del caller
    client: ServiceClient = request.state.triage_client
    try:
        found: Mapping[str, str | None] = (await client.get_detail("/internal/agencies/answering"))["agencies"]
    except Transient as away:
        raise Unavailable("Try again in a moment, or ring the agency.", retry_after_seconds=RETRY_SECONDS) from away
    return found


class KnownRequest(NamedTuple):
    """A request to the caller's agency, and whether its case may be of a child in danger."""

    id: UUID
    in_danger: bool


async def _known_request(request_id: str, caller: Asked, resources: Triage) -> KnownRequest:
    async with transaction(resources.db) as session:
        request, case = await find_asked(session, caller.agency, known_id(request_id))
        return KnownRequest(request.id, case.urgency != "no")


Agencies = Annotated[Mapping[str, str | None], Depends(_answering_agencies)]
AskedOnce = Annotated[KnownRequest, Depends(_known_request)]


@router.post(
    "/v1/cases/{case_id}/information-requests",
    status_code=201,
    response_model=InformationRequestOut,
    openapi_extra=body_of(InformationRequestIn),
)
async def post_information_request(
    caller: Staff, agencies: Agencies, case_id: KnownCase, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Ask an agency about children of the case; it reads who they are, the purpose and the questions."""

    async def make() -> Answer:
        asked = validated(InformationRequestIn, once.document)
        request = await ask_agency(session, desk, await lock(session, case_id), caller, asked, agencies)
        return Answer(201, show_to_staff(desk.vault, request, None))

    return await answer_once(session, desk.vault, caller, once, make)


@router.get("/v1/information-requests")
async def get_information_requests(
    caller: Asked, session: Session, limit: Limit = 50, cursor: CursorText = None
) -> AskedPage:
    """List the requests to this agency, oldest first; nothing here tells who the child is."""
    page = await list_asked(session, caller.agency, limit, decode_cursor(cursor, BY_TIME))
    shown = [item.id for item in page.items]
    await record_access(session, caller, "information.listed", "information_request", shown, purpose=ANSWERING)
    return page


@router.get("/v1/information-requests/{request_id}")
async def get_information_request(
    caller: Asked,
    _: Annotated[None, Depends(ChargedRecord("triage", "request_id", find_asked))],
    resources: Triage,
    desk: TriageDesk,
    request_id: str,
    wait: Wait,
    status: Awaited = None,
) -> AskedDetail:
    """Read one request, at once or when it has come as far as is asked."""
    asked = known_id(request_id)

    async def look(session: AsyncSession) -> RequestState:
        return await state_of(session, caller.agency, asked)

    if wait.seconds:
        await wait_for(resources.db, look, status, has_come, wait)
    async with transaction(resources.db) as session:
        request, case = await find_asked(session, caller.agency, asked)
        await record_access(session, caller, "information.read", "case", [case.id], purpose=ANSWERING)
        return await show_asked(session, desk.vault, request, case)


@router.post(
    "/v1/information-requests/{request_id}/response",
    status_code=201,
    response_model=AskedDetail,
    responses={201: APPLIED},
    openapi_extra=body_of(InformationResponseIn),
)
async def post_response(
    caller: Asked, known: AskedOnce, once: OnceLenient, session: Session, desk: TriageDesk
) -> Response:
    """Answer the request, or refuse it with a reason; staff read it, and who else the agency names.

    Unless a danger was ruled out, what does not fit is kept and warned about, and an answer of any shape is enough.
    """
    document: Document = once.document
    lenient = document.is_lenient(danger=known.in_danger, enough=answers_something(document.content))

    async def make() -> Answer:
        reading = read_response(document, desk.hub.code_lists["may_share_with"], lenient=lenient)
        request, case = await find_asked(session, caller.agency, known.id)
        await lock(session, case.id)
        await session.refresh(request)
        await answer_request(session, desk, case, request, caller, reading)
        return Answer(201, await show_asked(session, desk.vault, request, case), document.headers)

    return await answer_once(session, desk.vault, caller, once, make)
