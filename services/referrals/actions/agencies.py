"""Agencies and services become known, get keys, and are shut out. Run by `frontdoor agency` and `frontdoor up`."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain.agencies import (
    KEYS_LIVE,
    AgencyUnknown,
    RegistrationRefused,
    check_registration,
    public_jwk,
)
from services.referrals.models import Agency, AgencyKey
from shared.allowances import Allowance, Rate
from shared.security import FRONT_DOOR


async def register_agency(
    session: AsyncSession, slug: str, name: str, *, source: str | None = None, scopes: Collection[str] = ()
) -> None:
    """Make an agency known, or bring name, source and scopes of a known one up to date; a disabled one stays so.

    Raises `RegistrationRefused`.
    """
    check_registration(slug, scopes)
    if slug == FRONT_DOOR and scopes:
        raise RegistrationRefused("The front door's own staff sign in; it has no scopes.")
    said = {"name": name, "source": source, "scopes": sorted(scopes)}
    registration = insert(Agency).values(slug=slug, **said)
    await session.execute(registration.on_conflict_do_update(index_elements=["slug"], set_=said))


async def add_agency_key(session: AsyncSession, slug: str, jwk: Mapping[str, Any]) -> str:
    """Let the agency prove itself by this public key too, and return its kid; only the two newest keys stay live.

    Raises `AgencyUnknown`, and `KeyRefused` for a key of another kind.
    """
    public = public_jwk(jwk)
    await _lock(session, slug)
    key = insert(AgencyKey).values(agency=slug, kid=public["kid"], jwk=public)
    await session.execute(key.on_conflict_do_nothing())
    newest = select(AgencyKey.kid).where(AgencyKey.agency == slug).order_by(AgencyKey.added_at.desc()).limit(KEYS_LIVE)
    await session.execute(delete(AgencyKey).where(AgencyKey.agency == slug, AgencyKey.kid.not_in(newest)))
    return str(public["kid"])


async def limit_agency(session: AsyncSession, slug: str, allowance: Allowance, rate: Rate | None) -> None:
    """Give the agency a rate of its own, or the installation's again; raises `AgencyUnknown`."""
    await _lock(session, slug)
    agency = await session.get_one(Agency, slug, populate_existing=True)
    others = {name: own for name, own in agency.rates.items() if name != allowance}
    agency.rates = others if rate is None else {**others, allowance.value: str(rate)}


async def disable_agency(session: AsyncSession, slug: str) -> None:
    """Refuse new tokens at once and those issued within a minute; raises `AgencyUnknown`."""
    await _lock(session, slug)
    live = update(Agency).where(Agency.slug == slug, Agency.disabled_at.is_(None))
    await session.execute(live.values(disabled_at=func.clock_timestamp()))


async def enable_agency(session: AsyncSession, slug: str) -> None:
    """Take the agency's keys again; raises `AgencyUnknown`."""
    await _lock(session, slug)
    await session.execute(update(Agency).where(Agency.slug == slug).values(disabled_at=None))


async def _lock(session: AsyncSession, slug: str) -> None:
    if await session.scalar(select(Agency.slug).where(Agency.slug == slug).with_for_update()) is None:
        raise AgencyUnknown("Register the agency first, or correct its slug.")
