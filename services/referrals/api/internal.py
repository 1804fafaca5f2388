"""Routes for the other services, under their own tokens: a referral whole, and whom to refuse."""

from fastapi import APIRouter

from services.referrals import queries
from services.referrals.api.access import ServiceCaller, Services, Session
from services.referrals.domain import ReferralId
from services.referrals.schemas import ReferralDetail
from shared.audit import record_access

router = APIRouter(include_in_schema=False)


@router.get("/internal/agencies/disabled")
async def list_disabled(caller: ServiceCaller, session: Session) -> dict[str, list[str]]:
    """List the agencies whose tokens the other services have to refuse from now on."""
    del caller
    _, disabled = await queries.standing_of_agencies(session)
    return {"agencies": sorted(disabled)}


@router.get("/internal/agencies/answering")
async def list_answering(caller: ServiceCaller, session: Session) -> dict[str, dict[str, str | None]]:
    """List the agencies that may be asked about a child, with the DfE code of what each refers."""
    del caller
    return {"agencies": await queries.answering_agencies(session)}


@router.get("/internal/referrals/{referral_id}")
async def get_detail(
    caller: ServiceCaller, resources: Services, session: Session, referral_id: ReferralId
) -> ReferralDetail:
    detail = await queries.detail_of(session, resources.vault, referral_id)
    await record_access(session, caller, "referral.read", "referral", [referral_id], purpose="triage")
    return detail
