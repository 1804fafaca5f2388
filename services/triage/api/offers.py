"""Providers of early help read what they are offered, and say what becomes of it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions import offers as actions
from services.triage.actions.desk import Desk
from services.triage.api.desk import Session, Triage, TriageDesk
from services.triage.domain import OfferStatus, offer_has_come
from services.triage.models import Case, Offer
from services.triage.queries.cases import find_case
from services.triage.queries.offers import (
    find_offer,
    list_offers,
    owned_offer,
    show_offer,
    show_to_provider,
)
from services.triage.schemas import (
    AcceptanceIn,
    ClosureIn,
    DeclineIn,
    In,
    OfferDetail,
    OfferItem,
    OfferPage,
    StartIn,
    StepUpIn,
)
from shared.audit import record_access
from shared.db import transaction
from shared.http.answers import Answer, CursorText, Limit, OnceBody, answer_once
from shared.http.limits import ChargedRecord
from shared.http.openapi import body_of
from shared.http.reading import BY_TIME, decode_cursor
from shared.http.routes import StrictRoute
from shared.http.validation import known_id, validated
from shared.http.waiting import Wait, wait_for
from shared.security import Caller, allow

LEAST_NEED = 2
"""Indicators of level 1 are what goes well."""

router = APIRouter(route_class=StrictRoute, tags=["early help"])
Provider = Annotated[Caller, allow(scope="early-help:respond")]
Awaited = Annotated[OfferStatus | None, Query(description="Wait for this status, or any after it.")]
M = TypeVar("M", bound=In)


async def _known_offer(caller: Provider, offer_id: str, resources: Triage) -> UUID:
    """Return the provider's own offer, or 404 before the body is read; ended ones too, for a request sent twice."""
    async with transaction(resources.db) as session:
        return (await owned_offer(session, caller.agency, known_id(offer_id))).id


OwnOffer = Annotated[UUID, Depends(_known_offer)]


@router.get("/v1/early-help-offers")
async def get_offers(caller: Provider, session: Session, limit: Limit = 50, cursor: CursorText = None) -> OfferPage:
    """List the offers that are open to this provider, oldest first."""
    return await list_offers(session, caller.agency, limit, decode_cursor(cursor, BY_TIME))


@router.get("/v1/early-help-offers/{offer_id}")
async def get_offer(
    caller: Provider,
    _: Annotated[None, Depends(ChargedRecord("triage", "offer_id", find_offer))],
    resources: Triage,
    desk: TriageDesk,
    offer_id: str,
    wait: Wait,
    status: Awaited = None,
) -> OfferDetail:
    """Show one offer, at once or when it has come as far as is asked: what the provider needs for its child."""
    asked = known_id(offer_id)

    async def look(session: AsyncSession) -> OfferStatus:
        return OfferStatus((await owned_offer(session, caller.agency, asked)).status)

    if wait.seconds:
        await wait_for(resources.db, look, status, offer_has_come, wait)
    needs = frozenset(i.code for i in desk.policy.vocabulary.indicators if i.level >= LEAST_NEED)
    async with transaction(resources.db) as session:
        offer, case = await find_offer(session, caller.agency, asked)
        await record_access(session, caller, "read", "case", [case.id], purpose="early help")
        return await show_offer(session, desk.vault, needs, offer, case)


@router.post(
    "/v1/early-help-offers/{offer_id}/acceptance", response_model=OfferItem, openapi_extra=body_of(AcceptanceIn)
)
async def post_acceptance(
    caller: Provider, offer_id: OwnOffer, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Take the family on. It counts as help once the family was met."""

    async def accept(case: Case, held: Offer, _: AcceptanceIn) -> None:
        await actions.accept_offer(session, desk, case, held, caller)

    return await _turn(session, desk, caller, offer_id, once, AcceptanceIn, accept)


@router.post("/v1/early-help-offers/{offer_id}/start", response_model=OfferItem, openapi_extra=body_of(StartIn))
async def post_start(
    caller: Provider, offer_id: OwnOffer, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Say on which day the family was first met."""

    async def start(case: Case, held: Offer, given: StartIn) -> None:
        await actions.start_offer(session, case, held, caller, given.on)

    return await _turn(session, desk, caller, offer_id, once, StartIn, start)


@router.post("/v1/early-help-offers/{offer_id}/decline", response_model=OfferItem, openapi_extra=body_of(DeclineIn))
async def post_decline(
    caller: Provider, offer_id: OwnOffer, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Give the child back: to the next service, or to a person where the family refused."""

    async def decline(case: Case, held: Offer, given: DeclineIn) -> None:
        await actions.decline_offer(session, desk, case, held, caller, given.reason)

    return await _turn(session, desk, caller, offer_id, once, DeclineIn, decline)


@router.post("/v1/early-help-offers/{offer_id}/step-up", response_model=OfferItem, openapi_extra=body_of(StepUpIn))
async def post_step_up(
    caller: Provider, offer_id: OwnOffer, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Bring the case back to social care at once."""

    async def step_up(case: Case, held: Offer, given: StepUpIn) -> None:
        await actions.step_up_offer(session, desk, case, held, caller, given.reason)

    return await _turn(session, desk, caller, offer_id, once, StepUpIn, step_up)


@router.post("/v1/early-help-offers/{offer_id}/closure", response_model=OfferItem, openapi_extra=body_of(ClosureIn))
async def post_closure(
    caller: Provider, offer_id: OwnOffer, once: OnceBody, session: Session, desk: TriageDesk
) -> Response:
    """Say how the help ended."""

    async def close(case: Case, held: Offer, given: ClosureIn) -> None:
        await actions.close_offer(session, desk, case, held, caller, given.result)

    return await _turn(session, desk, caller, offer_id, once, ClosureIn, close)


async def _turn(
    session: Session,
    desk: Desk,
    caller: Caller,
    offer_id: UUID,
    once: OnceBody,
    model: type[M],
    take: Callable[[Case, Offer, M], Awaitable[None]],
) -> Response:
    """Let the offer take its turn once, with the case and then the offer locked, as everybody locks them."""

    async def make() -> Answer:
        given = validated(model, once.document)
        owned = await owned_offer(session, caller.agency, offer_id)
        case = await find_case(session, owned.case_id, lock=True)
        held, _ = await find_offer(session, caller.agency, offer_id, lock=True)
        await take(case, held, given)
        await session.flush()
        return Answer(200, show_to_provider(held, case))

    return await answer_once(session, desk.vault, caller, once, make)
