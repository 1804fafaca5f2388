"""Routes by which partners, and staff for callers, submit referrals and follow them."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.referrals import queries
from services.referrals.actions.submit_referral import submit_referral
from services.referrals.api.access import Reader, Sender, Services, Session
from services.referrals.domain import ReferralId, ReferralStatus, has_reached
from services.referrals.schemas import ReferralAccepted, ReferralIn, ReferralOut, ReferralPage
from shared.audit import record_access
from shared.db import transaction
from shared.http.answers import Answer, CursorText, Limit, OnceBody, answer_once
from shared.http.openapi import body_of
from shared.http.service import Resources

FASTEST_LOOK_SECONDS = 0.05
SLOWEST_LOOK_SECONDS = 0.25

router = APIRouter(tags=["referrals"])

Awaited = Annotated[ReferralStatus | None, Query(description="Wait for this status, or any after it.")]
Wait = Annotated[int, Query(ge=0, le=30, description="Seconds to wait for `status`; without one, for any change.")]


@router.post("/v1/referrals", status_code=202, response_model=ReferralAccepted, openapi_extra=body_of(ReferralIn))
async def post_referral(caller: Sender, resources: Services, session: Session, once: OnceBody) -> Response:
    """Submit a referral: one referral is one case, however many children. The reply says when it is durable."""

    async def make() -> Answer:
        accepted = await submit_referral(session, resources, caller, once.document)
        return Answer(202, accepted, {"Location": accepted.links.self})

    return await answer_once(session, resources.vault, caller, once, make)


@router.get("/v1/referrals")
async def list_referrals(
    caller: Reader, resources: Services, session: Session, limit: Limit = 50, cursor: CursorText = None
) -> ReferralPage:
    """List the agency's own referrals, the latest first."""
    page = await queries.list_referrals(session, resources.vault, caller.agency, limit, cursor)
    shown = [referral.id for referral in page.items]
    await record_access(session, caller, "referral.listed", "referral", shown, purpose="following")
    return page


@router.get("/v1/referrals/{referral_id}")
async def get_referral(
    caller: Reader,
    resources: Services,
    referral_id: ReferralId,
    status: Awaited = None,
    wait: Wait = 0,
) -> ReferralOut:
    """Read one of the agency's own referrals, at once or when it has come as far as is asked."""
    if wait:
        await _reached(resources, caller.agency, referral_id, status, wait)
    async with transaction(resources.db) as session:
        referral = await queries.referral_of(session, resources.vault, caller.agency, referral_id)
        await record_access(session, caller, "referral.read", "referral", [referral_id], purpose="following")
    return referral


async def _reached(
    resources: Resources, agency: str, referral_id: ReferralId, awaited: ReferralStatus | None, wait: int
) -> None:
    """Return once the status is reached or the time is over; no transaction is open between two looks."""
    now = asyncio.get_running_loop().time
    deadline, pause = now() + wait, FASTEST_LOOK_SECONDS
    first = None
    while True:
        async with transaction(resources.db) as session:
            status = await queries.status_of(session, agency, referral_id)
        first = first or status
        arrived = status != first if awaited is None else has_reached(status, awaited)
        left = deadline - now()
        if arrived or left <= 0:
            return
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, SLOWEST_LOOK_SECONDS)
