"""Requests for information as those read them who work on the case."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import RequestState
from services.triage.models import InformationRequest, InformationResponse
from services.triage.schemas import InformationRequestOut, InformationResponseDetail
from shared.vault import Vault

REQUESTS = InformationRequest.__tablename__
RESPONSES = InformationResponse.__tablename__


async def requests_of(session: AsyncSession, vault: Vault, case_id: UUID) -> list[InformationRequestOut]:
    """Return what partners were asked about the case, oldest first, with what they said."""
    query = (
        select(InformationRequest, InformationResponse)
        .outerjoin(InformationResponse, InformationResponse.request_id == InformationRequest.id)
        .where(InformationRequest.case_id == case_id)
        .order_by(InformationRequest.asked_at, InformationRequest.id)
    )
    return [show_to_staff(vault, *row) for row in (await session.execute(query)).all()]


def show_to_staff(
    vault: Vault, request: InformationRequest, response: InformationResponse | None
) -> InformationRequestOut:
    sealed = open_request(vault, request)
    plain = ("id", "agency", "children", "lawful_basis", "state", "asked_by", "asked_at", "due_at")
    return InformationRequestOut(
        **{name: getattr(request, name) for name in plain},
        purpose=sealed["purpose"],
        questions=sealed["questions"],
        response=show_response(vault, response),
    )


def open_request(vault: Vault, request: InformationRequest) -> Mapping[str, Any]:
    """Return `{purpose, questions, source}`; `source` is the DfE code of what the agency asked refers."""
    sealed: Mapping[str, Any] = vault.open(REQUESTS, request.id, request.details)
    return sealed


def show_response(vault: Vault, response: InformationResponse | None) -> InformationResponseDetail | None:
    if response is None:
        return None
    sealed = vault.open(RESPONSES, response.request_id, response.details)
    return InformationResponseDetail(
        responded_by=response.responded_by,
        responded_at=response.responded_at,
        may_share_with=response.may_share_with,
        **sealed,
    )


async def is_waited_for(session: AsyncSession, case_id: UUID) -> bool:
    """Tell whether an answer about the case has neither come nor run out of time."""
    asked = exists().where(InformationRequest.case_id == case_id, InformationRequest.state == RequestState.ASKED)
    return bool(await session.scalar(select(asked)))
