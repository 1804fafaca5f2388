"""Offers of early help as their provider sees them: what it needs for its child, and nothing else."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import OPEN_OFFERS, OfferStatus
from services.triage.models import Case, Child, Offer
from services.triage.queries.cases import Place, open_details
from services.triage.schemas import OfferDetail, OfferItem, OfferPage
from shared.http.reading import encode_cursor
from shared.problems import NotFound
from shared.vault import Vault

CHILD_FIELDS = (
    "given_name", "family_name", "known_as", "date_of_birth", "expected_delivery_date", "estimated_age_years",
    "first_language", "interpreter_needed", "disabilities",
)  # fmt: skip
CONTACT_FIELDS = ("name", "relationship")
WHEREABOUTS = ("address", "school", "gp_practice")

_open = Offer.status.in_(OPEN_OFFERS)
_readable = or_(
    Offer.status.in_(OPEN_OFFERS),
    and_(Offer.status == OfferStatus.STEPPED_UP, Offer.accepted_at.is_not(None)),
    and_(Offer.status == OfferStatus.CLOSED, Offer.result.is_not(None)),
)
"""A provider goes on seeing the families that it took on; not what it declined, or what was taken back before."""


def _offers_of(provider: str) -> Select[Offer, Case]:
    return select(Offer, Case).join(Case, Case.id == Offer.case_id).where(Offer.provider == provider)


async def list_offers(session: AsyncSession, provider: str, limit: int, after: Place | None) -> OfferPage:
    """Return a page of the offers that are open to this provider, oldest first."""
    query = _offers_of(provider).where(_open).order_by(Offer.offered_at, Offer.id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Offer.offered_at, Offer.id) > after)
    rows = (await session.execute(query)).all()
    last = rows[limit - 1].Offer if len(rows) > limit else None
    return OfferPage(
        items=[show_to_provider(row.Offer, row.Case) for row in rows[:limit]],
        next_cursor=encode_cursor([last.offered_at.isoformat(), last.id]) if last else None,
    )


def show_to_provider(offer: Offer, case: Case) -> OfferItem:
    return OfferItem(
        id=offer.id,
        referral_id=case.referral_id,
        reference=case.reference,
        service=offer.service,
        status=offer.status,
        offered_at=offer.offered_at,
        accepted_at=offer.accepted_at,
        started_on=offer.started_on,
        result=offer.result,
    )


async def owned_offer(session: AsyncSession, provider: str, offer_id: UUID) -> Offer:
    """Return an offer that was ever made to this provider; raises `NotFound`."""
    offer = await session.scalar(select(Offer).where(Offer.id == offer_id, Offer.provider == provider))
    if offer is None:
        raise NotFound("There is no such offer for you.")
    return offer


async def find_offer(session: AsyncSession, provider: str, offer_id: UUID, *, lock: bool = False) -> tuple[Offer, Case]:
    """Return offer and case; raises `NotFound` for another provider's, and for one that was declined or taken back."""
    query = _offers_of(provider).where(Offer.id == offer_id, _readable)
    if lock:
        query = query.with_for_update(of=Offer).execution_options(populate_existing=True)
    row = (await session.execute(query)).first()
    if row is None:
        raise NotFound("There is no such offer for you.")
    offer, case = row
    return offer, case


async def show_offer(
    session: AsyncSession, vault: Vault, needs: frozenset[str], offer: Offer, case: Case
) -> OfferDetail:
    """Return what the provider needs to meet the family; where the child lives is left out if it is protected.

    `needs` are the indicators that help can be asked for, which leaves strengths out.
    """
    referral = open_details(vault, case) or {}
    child = referral["children"][offer.child]
    assessed = await session.get_one(Child, (case.id, offer.child))
    hidden = child.get("location_protected")
    shown = (*CHILD_FIELDS, *(() if hidden else WHEREABOUTS))
    return OfferDetail(
        **show_to_provider(offer, case).model_dump(),
        child={name: child[name] for name in shown if child.get(name) is not None},
        contacts=[_contact(person) for person in referral.get("household") or () if _may_be_contacted(person)],
        needs=sorted(needs.intersection(assessed.receipt["facts"].get("indicators", ()))),
        agreement=_agreement(referral),
        safe_contact=referral.get("safe_contact"),
    )


def _agreement(referral: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return who agreed to what and when, by name instead of by place in a household that is not shown."""
    given: Mapping[str, Any] | None = (referral.get("openness") or {}).get("agreement")
    if given is None:
        return None
    by = given.get("by")
    person = referral["household"][by] if by is not None else {}
    shown = {name: given[name] for name in ("position", "on", "to") if given.get(name) is not None}
    return shown | ({"by": person["name"]} if person.get("name") and _may_be_contacted(person) else {})


def _may_be_contacted(person: Mapping[str, Any]) -> bool:
    return person.get("role_in_concern") != "alleged_perpetrator" and not person.get("must_not_learn")


def _contact(person: Mapping[str, Any]) -> dict[str, Any]:
    return {name: person[name] for name in CONTACT_FIELDS if person.get(name) is not None}
