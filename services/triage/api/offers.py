"""Providers of early help read what they are offered."""

from typing import Annotated

from fastapi import APIRouter

from services.triage.api.desk import Session, TriageDesk
from services.triage.queries.offers import find_offer, list_offers, show_offer
from services.triage.schemas import OfferDetail, OfferPage
from shared.audit import record_access
from shared.http.answers import CursorText, Limit, decode_place
from shared.http.validation import known_id
from shared.security import Caller, allow

LEAST_NEED = 2
"""Indicators of level 1 are what goes well."""

router = APIRouter(tags=["early help"])
Provider = Annotated[Caller, allow(scope="early-help:respond")]


@router.get("/v1/early-help-offers")
async def get_offers(caller: Provider, session: Session, limit: Limit = 50, cursor: CursorText = None) -> OfferPage:
    """List the offers that are open to this provider, oldest first."""
    return await list_offers(session, caller.agency, limit, decode_place(cursor))


@router.get("/v1/early-help-offers/{offer_id}")
async def get_offer(caller: Provider, offer_id: str, session: Session, desk: TriageDesk) -> OfferDetail:
    """Show one offer: what the provider needs for its child, and nothing else."""
    offer, case = await find_offer(session, caller.agency, known_id(offer_id))
    await record_access(session, caller, "read", "case", [case.id], purpose="early help")
    needs = frozenset(i.code for i in desk.policy.vocabulary.indicators if i.level >= LEAST_NEED)
    return await show_offer(session, desk.vault, needs, offer, case)
