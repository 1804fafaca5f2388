"""Routes by which partners, and staff for callers, submit referrals and follow them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals import queries
from services.referrals.actions.submit_referral import submit_referral
from services.referrals.api.access import NAME, Reader, Services, Session, Submitter
from services.referrals.domain import ReferralId, ReferralStatus, has_reached
from services.referrals.schemas import ReferralAccepted, ReferralIn, ReferralOut, ReferralPage, ReferralQuery
from shared.audit import record_access
from shared.db import transaction
from shared.http.lenient import APPLIED, OnceLenient
from shared.http.limits import ChargedRecord
from shared.http.openapi import body_of
from shared.http.routes import StrictRoute
from shared.http.waiting import Wait, wait_for

router = APIRouter(route_class=StrictRoute, tags=["referrals"])

Awaited = Annotated[ReferralStatus | None, Query(description="Wait for this status, or any after it.")]


@router.post(
    "/v1/referrals",
    status_code=202,
    response_model=ReferralAccepted,
    responses={202: APPLIED},
    openapi_extra=body_of(ReferralIn),
)
async def post_referral(caller: Submitter, resources: Services, once: OnceLenient) -> Response:
    """Submit a referral: one referral is one case, however many children. The reply says when it is durable.

    Unless `immediate_danger` is `no`, nothing that it says refuses it: what does not fit is kept, warned about and
    asked, and a child with any content, or a story, is enough.
    """
    return await submit_referral(resources, caller, once)


@router.get("/v1/referrals")
async def list_referrals(
    caller: Reader, resources: Services, session: Session, asked: Annotated[ReferralQuery, Query()]
) -> ReferralPage:
    """List the agency's own referrals, the latest first; where more than one thing is asked for, all have to fit."""
    page = await queries.list_referrals(session, resources.vault, caller.agency, asked)
    shown = [referral.id for referral in page.items]
    await record_access(session, caller, "referral.listed", "referral", shown, purpose="following")
    return page


@router.get("/v1/referrals/{referral_id}")
async def get_referral(
    caller: Reader,
    _: Annotated[None, Depends(ChargedRecord(NAME, "referral_id", queries.own_referral))],
    resources: Services,
    referral_id: ReferralId,
    wait: Wait,
    status: Awaited = None,
) -> ReferralOut:
    """Read one of the agency's own referrals, at once or when it has come as far as is asked."""

    async def look(session: AsyncSession) -> ReferralStatus:
        return await queries.status_of(session, caller.agency, referral_id)

    if wait.seconds:
        await wait_for(resources.db, look, status, has_reached, wait)
    async with transaction(resources.db) as session:
        referral = await queries.referral_of(session, resources.vault, caller.agency, referral_id)
        await record_access(session, caller, "referral.read", "referral", [referral_id], purpose="following")
    return referral
