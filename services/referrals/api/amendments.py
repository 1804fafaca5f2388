"""Routes by which a sender adds to a referral, or withdraws it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.referrals import queries
from services.referrals.actions.amend_referral import add_information, withdraw_referral
from services.referrals.api.access import Sender, Services, Session
from services.referrals.domain import ReferralId
from services.referrals.models import Referral
from services.referrals.schemas import AmendmentAccepted, InformationIn, WithdrawalIn, adds_something, tells_of_harm
from shared.db import transaction
from shared.http.answers import Answer, OnceBody, answer_once
from shared.http.lenient import APPLIED, Document, OnceLenient
from shared.http.openapi import body_of
from shared.http.routes import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["referrals"])


async def _own_referral(caller: Sender, resources: Services, referral_id: ReferralId) -> Referral:
    async with transaction(resources.db) as session:
        return await queries.own_referral(session, caller.agency, referral_id)


OwnReferral = Annotated[Referral, Depends(_own_referral)]
"""The agency's own referral in the path, or 404 before the body is read, with nothing open meanwhile."""


@router.post(
    "/v1/referrals/{referral_id}/information",
    status_code=202,
    response_model=AmendmentAccepted,
    responses={202: APPLIED},
    openapi_extra=body_of(InformationIn),
)
async def post_information(
    caller: Sender, resources: Services, referral: OwnReferral, once: OnceLenient, session: Session
) -> Response:
    """Add facts to a referral, also to one that is decided; what was sent before stays as it is.

    Unless the referral ruled out a danger, and this tells of none, what does not fit is kept and warned about, and a
    text or an indicator is enough.
    """
    document: Document = once.document
    in_danger = referral.urgency != "no" or tells_of_harm(document.content, resources.hub)
    lenient = document.is_lenient(danger=in_danger, enough=adds_something(document.content))
    referral_id = ReferralId(referral.id)

    async def make() -> Answer:
        accepted = await add_information(session, resources, caller, referral_id, document, lenient=lenient)
        return Answer(202, accepted, document.headers)

    return await answer_once(session, resources.vault, caller, once, make)


@router.post(
    "/v1/referrals/{referral_id}/withdrawal",
    status_code=202,
    response_model=AmendmentAccepted,
    openapi_extra=body_of(WithdrawalIn),
)
async def post_withdrawal(
    caller: Sender, resources: Services, referral: OwnReferral, once: OnceBody, session: Session
) -> Response:
    """Withdraw a referral that is not decided; a person in triage decides what follows."""
    referral_id = ReferralId(referral.id)

    async def make() -> Answer:
        return Answer(202, await withdraw_referral(session, resources, caller, referral_id, once.document))

    return await answer_once(session, resources.vault, caller, once, make)
