"""The automatic route: offers go out at once where the policy allows it; a person still confirms."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import TRIAGE, Verdict, note, tell
from services.triage.actions.places import find_help, give_back, record_unmet, take_place
from services.triage.domain import CaseStatus, OfferStatus
from services.triage.models import Case, Offer
from services.triage.routing import Choice
from shared.db import insert_rows, new_id
from shared.events import CaseRouted, EarlyHelpClosed, EarlyHelpOffered, OfferFact

_OFFER = ("id", "case_id", "child", "provider", "service", "band", "status", "considered")
_insert_offer = insert(Offer.metadata.tables[Offer.__tablename__])


async def follow_verdict(session: AsyncSession, case: Case, verdict: Verdict) -> None:
    """Route the case where every child may be and a service fits each; take the route back where it no longer holds."""
    if verdict.may_route and case.status in (CaseStatus.UNASSIGNED, CaseStatus.CLAIMED):
        choices = await find_help(session, verdict.seekers)
        await record_unmet(session, case, choices)
        if all(choice.service for choice in choices):
            await _route(session, case, choices)
    elif case.status == CaseStatus.ROUTED and not verdict.may_route:
        await close_offers(session, case)
        case.status, case.owner, case.lease_until = CaseStatus.UNASSIGNED, None, None
        await note(session, case, TRIAGE, "case.route_withdrawn")


async def _route(session: AsyncSession, case: Case, choices: Sequence[Choice]) -> None:
    case.status = CaseStatus.ROUTED
    case.lease_until = None
    await tell(session, case, CaseRouted, f"/v1/cases/{case.id}", case.agency)
    for choice in choices:
        await make_offer(session, case, choice)
    await note(session, case, TRIAGE, "case.routed")


async def make_offer(session: AsyncSession, case: Case, choice: Choice) -> None:
    """Offer the child to the provider of the service that was chosen; the place is taken from now on."""
    if choice.service is None:
        return
    offer = Offer(
        id=new_id(),
        case_id=case.id,
        child=choice.seeker.child,
        provider=choice.service.provider,
        service=choice.service.slug,
        band=choice.band,
        status=OfferStatus.OFFERED,
        considered=[one.as_json() for one in choice.considered],
    )
    await take_place(session, choice)
    await insert_rows(session, _insert_offer, [{name: getattr(offer, name) for name in _OFFER}])
    await _tell_provider(session, case, offer, EarlyHelpOffered)


async def close_offers(session: AsyncSession, case: Case, children: frozenset[int] | None = None) -> None:
    """Close the open offers of these children (all if None): the provider no longer sees them."""
    open_offers = select(Offer).where(Offer.case_id == case.id, Offer.status == OfferStatus.OFFERED)
    for offer in (await session.scalars(open_offers.order_by(Offer.child))).all():
        if children is None or offer.child in children:
            offer.status = OfferStatus.CLOSED
            await give_back(session, offer)
            await _tell_provider(session, case, offer, EarlyHelpClosed, case.agency)


async def _tell_provider(session: AsyncSession, case: Case, offer: Offer, fact: type[OfferFact], *others: str) -> None:
    url = f"/v1/early-help-offers/{offer.id}"
    await tell(session, case, fact, url, offer.provider, *others, offer_id=offer.id, provider=offer.provider)
