"""Routes for the other services, under their own tokens: a referral whole, and whom to refuse."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Response

from services.referrals import queries
from services.referrals.actions.submit_referral import submit_referral
from services.referrals.api.access import TAKERS, ServiceCaller, Services, Session
from services.referrals.domain import ReferralId
from services.referrals.schemas import AgenciesSeen, ReferralDetail
from shared import clock
from shared.audit import record_access
from shared.http.answers import OnceBody
from shared.http.client import RECORDED_BY
from shared.problems import Forbidden
from shared.security import FRONT_DOOR, Caller, Role

DESK = "service-triage"
"""The one service that records a call for the staff who are signed in to its pages."""

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


@router.get("/internal/agencies")
async def list_agencies(caller: ServiceCaller, session: Session) -> AgenciesSeen:
    """List the agencies with their keys and how complete their referrals of the last 28 days were."""
    del caller
    return await queries.agencies_seen(session, clock.now())


@router.get("/internal/referrals/{referral_id}")
async def get_detail(
    caller: ServiceCaller, resources: Services, session: Session, referral_id: ReferralId
) -> ReferralDetail:
    detail = await queries.detail_of(session, resources.vault, referral_id)
    await record_access(session, caller, "referral.read", "referral", [referral_id], purpose="triage")
    return detail


@router.post("/internal/referrals", status_code=202)
async def post_recorded_call(
    caller: ServiceCaller,
    resources: Services,
    once: OnceBody,
    recorded_by: Annotated[str, Header(alias=RECORDED_BY)] = "",
) -> Response:
    """Submit a referral that a member of staff took by telephone: theirs, as if they had sent it themselves."""
    subject, _, role = recorded_by.rpartition(" ")
    if caller.subject != DESK or role not in TAKERS or not subject:
        raise Forbidden("Calls are recorded by staff who take them, on the pages of triage.")
    return await submit_referral(resources, Caller(unquote(subject), FRONT_DOOR, roles=frozenset({Role(role)})), once)
