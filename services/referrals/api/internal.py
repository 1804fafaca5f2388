"""Routes for the other services, under their own tokens: a referral whole, and whom to refuse."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response

from services.referrals import queries
from services.referrals.actions.submit_referral import submit_referral
from services.referrals.api.access import TAKERS, ServiceCaller, Services, Session, WorkSession
from services.referrals.domain import ReferralId
from services.referrals.schemas import (
    AgenciesSeen,
    AgenciesStanding,
    AmendmentDetail,
    ReferralDetail,
    ReferralPage,
    ReferralQuery,
)
from shared import clock
from shared.audit import record_access
from shared.db import transaction
from shared.http.answers import CursorText, Limit
from shared.http.client import ON_BEHALF_OF, person_in
from shared.http.lenient import OnceLenient
from shared.http.routes import StrictRoute
from shared.problems import Forbidden
from shared.security import FRONT_DOOR, GUEST_ROLE, Caller

DESK = "service-triage"
"""The one service that asks for people: those who are signed in to its pages."""

router = APIRouter(route_class=StrictRoute, include_in_schema=False)


@router.get("/internal/agencies/standing")
async def list_standing(caller: ServiceCaller, session: WorkSession) -> AgenciesStanding:
    """List whose tokens the other services refuse from now on, and the rates that some agencies have of their own."""
    del caller
    return await queries.standing_of_agencies(session)


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


@router.get("/internal/agencies/referring")
async def list_referring(caller: ServiceCaller, session: Session) -> dict[str, dict[str, str]]:
    """List the agencies that may refer, and so may their people on the pages, with the name of each."""
    del caller
    return {"agencies": await queries.referring_agencies(session)}


@router.get("/internal/referrals/{referral_id}")
async def get_detail(
    caller: ServiceCaller, resources: Services, session: WorkSession, referral_id: ReferralId
) -> ReferralDetail:
    detail = await queries.detail_of(session, resources.vault, referral_id)
    await record_access(session, caller, "referral.read", "referral", [referral_id], purpose="triage")
    return detail


async def person_of(
    caller: ServiceCaller, resources: Services, behalf: Annotated[str, Header(alias=ON_BEHALF_OF)] = ""
) -> Caller:
    """Return for whom the pages of triage ask: staff who take calls, or somebody of an agency that may refer."""
    if caller.subject != DESK:
        raise Forbidden("Only the pages of triage ask for people.")
    person = person_in(behalf)
    async with transaction(resources.db) as session:
        refers = GUEST_ROLE in person.roles and person.agency in await queries.referring_agencies(session)
    takes_calls = person.agency == FRONT_DOOR and not person.roles.isdisjoint(TAKERS)
    if not (refers or takes_calls):
        raise Forbidden("This is for staff who take calls, and for people of agencies that may refer.")
    return person


Person = Annotated[Caller, Depends(person_of)]


@router.get("/internal/referrals/{referral_id}/amendments/{amendment_id}")
async def get_amendment(
    caller: ServiceCaller, resources: Services, session: WorkSession, referral_id: ReferralId, amendment_id: UUID
) -> AmendmentDetail:
    """Return what was added, by itself: who reads each as it comes reads none twice."""
    detail = await queries.amendment_of(session, resources.vault, referral_id, amendment_id)
    await record_access(session, caller, "referral.read", "referral", [referral_id], purpose="triage")
    return detail


@router.post("/internal/referrals", status_code=202)
async def post_from_page(person: Person, resources: Services, once: OnceLenient) -> Response:
    """Submit a referral that somebody filled in on a page: theirs and their agency's, as if they had sent it."""
    return await submit_referral(resources, person, once)


@router.get("/internal/referrals")
async def list_from_pages(
    person: Person, resources: Services, session: Session, limit: Limit = 50, cursor: CursorText = None
) -> ReferralPage:
    """List what people of this person's agency filled in on the pages, the latest first."""
    asked = ReferralQuery(limit=limit, cursor=cursor)
    page = await queries.list_referrals(session, resources.vault, person.agency, asked, by_people=True)
    shown = [referral.id for referral in page.items]
    await record_access(session, person, "referral.listed", "referral", shown, purpose="following")
    return page
