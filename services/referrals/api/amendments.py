"""Routes by which a sender adds to a referral, or withdraws it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.referrals import queries
from services.referrals.actions.amend_referral import add_information, withdraw_referral
from services.referrals.api.access import Sender, Services, Session
from services.referrals.domain import ReferralId
from services.referrals.models import Referral
from services.referrals.schemas import AmendmentAccepted, InformationIn, WithdrawalIn
from shared.http.answers import Answer, OnceBody, answer_once
from shared.http.openapi import body_of

router = APIRouter(tags=["referrals"])


async def _own_referral(caller: Sender, session: Session, referral_id: ReferralId) -> Referral:
    return await queries.own_referral(session, caller.agency, referral_id)


OwnReferral = Annotated[Referral, Depends(_own_referral)]
"""The agency's own referral in the path, or 404 before the body is read."""


@router.post(
    "/v1/referrals/{referral_id}/information",
    status_code=202,
    response_model=AmendmentAccepted,
    openapi_extra=body_of(InformationIn),
)
async def post_information(
    caller: Sender, referral: OwnReferral, resources: Services, session: Session, once: OnceBody
) -> Response:
    """Add facts to a referral, also to one that is decided; what was sent before stays as it is."""

    async def make() -> Answer:
        return Answer(202, await add_information(session, resources, caller, referral, once.document))

    return await answer_once(session, resources.vault, caller, once, make)


@router.post(
    "/v1/referrals/{referral_id}/withdrawal",
    status_code=202,
    response_model=AmendmentAccepted,
    openapi_extra=body_of(WithdrawalIn),
)
async def post_withdrawal(
    caller: Sender, referral: OwnReferral, resources: Services, session: Session, once: OnceBody
) -> Response:
    """Withdraw a referral that is not decided; a person in triage decides what follows."""

    async def make() -> Answer:
        return Answer(202, await withdraw_referral(session, resources, caller, referral, once.document))

    return await answer_once(session, resources.vault, caller, once, make)
