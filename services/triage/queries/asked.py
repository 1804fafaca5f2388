"""Requests for information as the agency asked reads them: who the children are, the questions, and nothing else."""

from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import RequestState, identity_of, withheld_of
from services.triage.models import Case, InformationRequest, InformationResponse
from services.triage.queries.cases import Place, open_details
from services.triage.queries.information import open_request, show_response
from services.triage.schemas import AskedDetail, AskedItem, AskedPage, WarningOut
from shared.http.reading import encode_cursor
from shared.not_understood import outside
from shared.problems import NotFound
from shared.vault import Vault


def _asked_of(agency: str) -> Select[InformationRequest, Case]:
    joined = select(InformationRequest, Case).join(Case, Case.id == InformationRequest.case_id)
    return joined.where(InformationRequest.agency == agency)


async def list_asked(session: AsyncSession, agency: str, limit: int, after: Place | None) -> AskedPage:
    """Return a page of the requests to this agency, oldest first."""
    place = tuple_(InformationRequest.asked_at, InformationRequest.id)
    query = _asked_of(agency).order_by(InformationRequest.asked_at, InformationRequest.id).limit(limit + 1)
    rows = (await session.execute(query if after is None else query.where(place > after))).all()
    last = rows[limit - 1].InformationRequest if len(rows) > limit else None
    return AskedPage(
        items=[_item(row.InformationRequest, row.Case) for row in rows[:limit]],
        next_cursor=encode_cursor([last.asked_at.isoformat(), last.id]) if last else None,
    )


async def find_asked(session: AsyncSession, agency: str, request_id: UUID) -> tuple[InformationRequest, Case]:
    """Return request and case; raises `NotFound` for a request to another agency."""
    row = (await session.execute(_asked_of(agency).where(InformationRequest.id == request_id))).first()
    if row is None:
        raise NotFound("There is no such request to you.")
    request, case = row
    return request, case


async def state_of(session: AsyncSession, agency: str, request_id: UUID) -> RequestState:
    request, _ = await find_asked(session, agency, request_id)
    return RequestState(request.state)


async def show_asked(session: AsyncSession, vault: Vault, request: InformationRequest, case: Case) -> AskedDetail:
    """Return what the agency may know; a request that is withdrawn no longer names anybody."""
    sealed = open_request(vault, request)
    referral = open_details(vault, case)
    named = [] if referral is None or request.state == RequestState.WITHDRAWN else request.children
    response = show_response(vault, await session.get(InformationResponse, request.id))
    unclear = response.not_understood if response else []
    return AskedDetail(
        **_item(request, case).model_dump(),
        purpose=sealed["purpose"],
        lawful_basis=request.lawful_basis,
        questions=sealed["questions"],
        children=[] if referral is None else [identity_of(referral["children"][i], sealed["source"]) for i in named],
        withhold=[] if referral is None else withheld_of(referral, request.children),
        response=response,
        warnings=[WarningOut(pointer=outside(one.pointer), detail=one.detail) for one in unclear],
    )


def _item(request: InformationRequest, case: Case) -> AskedItem:
    return AskedItem(
        id=request.id,
        referral_id=case.referral_id,
        reference=case.reference,
        status=RequestState(request.state),
        asked_at=request.asked_at,
        due_at=request.due_at,
    )
