"""What senders, services and operators see of referrals and agencies; reads alone, returned ready to show."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain import ReferralId, ReferralStatus, quality_of
from services.referrals.domain.agencies import SERVICES, Scope
from services.referrals.domain.quality import ASKS
from services.referrals.models import Agency, AgencyKey, Amendment, Decision, Referral, digest_of
from services.referrals.schemas import (
    AgenciesSeen,
    AgenciesStanding,
    AgencySeen,
    AgencyShown,
    AmendmentDetail,
    AmendmentOut,
    Links,
    PartMissing,
    QualitySeen,
    ReferralDetail,
    ReferralOut,
    ReferralPage,
    ReferralQuery,
)
from shared.db import first_id, transaction
from shared.http.reading import BY_ID, decode_cursor, encode_cursor
from shared.http.service import Resources
from shared.problems import NotFound
from shared.vault import Vault

A = TypeVar("A", bound=AmendmentOut)
QUALITY_SPAN = timedelta(days=28)

Sources = dict[str, str | None]
"""What each agency refers, as a DfE code, remembered from one look at the registrations to the next."""


@dataclass(frozen=True)
class Intake(Resources):
    """What requests of this service need."""

    sources: Sources = field(default_factory=dict)


_own = (
    select(Referral, Decision)
    .outerjoin(Decision, Decision.referral_id == Referral.id)
    .where(Referral.agency == bindparam("agency"))
)
_one = _own.where(Referral.id == bindparam("referral_id"))
_page = _own.order_by(Referral.id.desc()).limit(bindparam("limit"))
_status = select(Referral.status).where(Referral.id == bindparam("referral_id"), Referral.agency == bindparam("agency"))
_additions = select(Amendment).order_by(Amendment.received_at, Amendment.id)
_amendments = _additions.where(Amendment.referral_id.in_(bindparam("ids", expanding=True)))
_source = select(Agency.source).where(Agency.slug == bindparam("slug"))
_credentials = (
    select(Agency.scopes, AgencyKey.jwk)
    .join(AgencyKey, AgencyKey.agency == Agency.slug)
    .where(Agency.slug == bindparam("slug"), AgencyKey.kid == bindparam("kid"), Agency.disabled_at.is_(None))
)
_standing = select(Agency.slug, Agency.source, Agency.rates, Agency.disabled_at.is_not(None).label("disabled"))
_answering = select(Agency.slug, Agency.source).where(
    Agency.disabled_at.is_(None), Agency.scopes.contains([Scope.INFORMATION_RESPOND])
)
_referring = select(Agency.slug, Agency.name).where(
    Agency.disabled_at.is_(None), Agency.scopes.contains([Scope.REFERRALS_WRITE])
)
_newest_kids = func.array_agg(aggregate_order_by(AgencyKey.kid, AgencyKey.added_at.desc()))
_agencies = (
    select(Agency, func.array_remove(_newest_kids, None).label("kids"))
    .outerjoin(AgencyKey, AgencyKey.agency == Agency.slug)
    .group_by(Agency.slug)
    .order_by(Agency.slug)
)
_partners = (
    select(
        Agency.slug,
        Agency.name,
        Agency.source,
        Agency.disabled_at.is_(None).label("enabled"),
        func.count(AgencyKey.kid).label("keys"),
        func.max(AgencyKey.added_at).label("key_added_at"),
        func.max(AgencyKey.used_at).label("key_used_at"),
    )
    .outerjoin(AgencyKey, AgencyKey.agency == Agency.slug)
    .where(Agency.slug.not_in(SERVICES))
    .group_by(Agency.slug)
    .order_by(Agency.name, Agency.slug)
)
_scores = (
    select(Referral.agency, func.count(), func.avg(Referral.score))
    .where(Referral.id >= bindparam("since"), Referral.score.is_not(None))
    .group_by(Referral.agency)
)
_parts = (
    select(Referral.agency, func.unnest(Referral.missing).label("part"))
    .where(Referral.id >= bindparam("since"))
    .subquery()
)
_missing = (
    select(_parts.c.agency, _parts.c.part, func.count())
    .group_by(_parts.c.agency, _parts.c.part)
    .order_by(func.count().desc(), _parts.c.part)
)


def self_link(referral_id: ReferralId) -> Links:
    return Links(self=f"/v1/referrals/{referral_id}")


async def referral_of(session: AsyncSession, vault: Vault, agency: str, referral_id: ReferralId) -> ReferralOut:
    """Return the agency's own referral; raises `NotFound` for any other."""
    row = (await session.execute(_one, {"agency": agency, "referral_id": referral_id})).one_or_none()
    if row is None:
        raise NotFound
    return _shown(vault, *row, (await _amendments_of(session, vault, [referral_id]))[referral_id])


async def own_referral(session: AsyncSession, agency: str, referral_id: ReferralId, *, lock: bool = False) -> Referral:
    """Return the row of the agency's own referral, locked where asked; raises `NotFound` for any other."""
    query = select(Referral).where(Referral.id == referral_id, Referral.agency == agency)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound
    return found


async def _amendments_of(session: AsyncSession, vault: Vault, ids: Sequence[UUID]) -> Mapping[UUID, list[AmendmentOut]]:
    found: dict[UUID, list[AmendmentOut]] = defaultdict(list)
    for row in (await session.scalars(_amendments, {"ids": ids})).all():
        found[row.referral_id].append(_amendment(vault, row, AmendmentOut))
    return found


def _amendment(vault: Vault, row: Amendment, shape: type[A]) -> A:
    said = vault.open(Amendment.__tablename__, row.id, row.details)
    return shape.model_validate({"id": row.id, "kind": row.kind, "received_at": row.received_at, **said})


async def list_referrals(
    session: AsyncSession, vault: Vault, agency: str, asked: ReferralQuery, *, by_people: bool = False
) -> ReferralPage:
    """Return the agency's own referrals, the latest first; `by_people` those alone that none of its programs sent."""
    page = _page.where(*_narrowing(vault, asked))
    page = page.where(Referral.submitted_by != Referral.agency) if by_people else page
    rows = (await session.execute(page, {"agency": agency, "limit": asked.limit + 1})).all()
    shown = rows[: asked.limit]
    amendments = await _amendments_of(session, vault, [row.Referral.id for row in shown])
    items = [_shown(vault, *row, amendments[row.Referral.id]) for row in shown]
    return ReferralPage(items=items, next_cursor=encode_cursor([items[-1].id]) if len(rows) > asked.limit else None)


def _narrowing(vault: Vault, asked: ReferralQuery) -> Iterator[ColumnElement[bool]]:
    after, since = decode_cursor(asked.cursor, BY_ID), asked.received_after
    if after is not None:
        yield Referral.id < after[0]
    if asked.status is not None:
        yield Referral.status == asked.status
    if asked.reference is not None:
        yield Referral.reference == asked.reference.upper()
    if asked.agency_reference is not None:
        yield Referral.agency_reference == digest_of(vault, asked.agency_reference)
    if since is not None:
        yield and_(Referral.id >= first_id(since), Referral.received_at > since)


async def status_of(session: AsyncSession, agency: str, referral_id: ReferralId) -> ReferralStatus:
    """Return where the agency's own referral stands; raises `NotFound` for any other."""
    status = await session.scalar(_status, {"agency": agency, "referral_id": referral_id})
    if status is None:
        raise NotFound
    return ReferralStatus(status)


async def detail_of(session: AsyncSession, vault: Vault, referral_id: ReferralId) -> ReferralDetail:
    """Return the whole referral of whichever agency; raises `NotFound` where there is none."""
    referral = await session.get(Referral, referral_id)
    if referral is None:
        raise NotFound
    document = vault.open(Referral.__tablename__, referral.id, referral.details)
    return ReferralDetail(
        id=referral_id,
        reference=referral.reference,
        agency=referral.agency,
        source=referral.source,
        kind=referral.kind,
        status=ReferralStatus(referral.status),
        received_at=referral.received_at,
        decision_due_at=referral.decision_due_at,
        quality=quality_of(document, referral.received_at.date()),
        referral=document,
    )


async def amendment_of(
    session: AsyncSession, vault: Vault, referral_id: ReferralId, amendment_id: UUID
) -> AmendmentDetail:
    """Return one addition to a referral, or its withdrawal, whole; raises `NotFound` where there is none."""
    row = await session.get(Amendment, amendment_id)
    if row is None or row.referral_id != referral_id:
        raise NotFound
    return _amendment(vault, row, AmendmentDetail)


async def source_of(intake: Intake, slug: str) -> str | None:
    """Return the DfE code of what the agency refers, or None where none is registered."""
    if slug not in intake.sources:
        async with transaction(intake.db) as session:
            return await session.scalar(_source, {"slug": slug})
    return intake.sources[slug]


async def credentials_of(session: AsyncSession, slug: str, kid: str) -> tuple[list[str], dict[str, Any]] | None:
    """Return scopes and public key of a client, or None where it is unknown or disabled, or has no such key."""
    row = (await session.execute(_credentials, {"slug": slug, "kid": kid})).one_or_none()
    return None if row is None else (row.scopes, row.jwk)


async def standing_of_agencies(session: AsyncSession) -> AgenciesStanding:
    rows = (await session.execute(_standing)).all()
    return AgenciesStanding(
        sources={row.slug: row.source for row in rows},
        disabled={row.slug for row in rows if row.disabled},
        rates={row.slug: row.rates for row in rows if row.rates},
    )


async def answering_agencies(session: AsyncSession) -> dict[str, str | None]:
    """Return who may be asked about a child, with the DfE code of what each refers."""
    return {row.slug: row.source for row in (await session.execute(_answering)).all()}


async def referring_agencies(session: AsyncSession) -> dict[str, str]:
    """Return who may refer, with the name of each."""
    return {row.slug: row.name for row in (await session.execute(_referring)).all()}


async def list_agencies(session: AsyncSession) -> list[AgencyShown]:
    rows = (await session.execute(_agencies)).all()
    return [
        AgencyShown(
            slug=agency.slug,
            name=agency.name,
            source=agency.source,
            scopes=agency.scopes,
            disabled_at=agency.disabled_at,
            rates=agency.rates,
            kids=kids or [],
        )
        for agency, kids in rows
    ]


async def agencies_seen(session: AsyncSession, now: datetime) -> AgenciesSeen:
    """Return every partner, services left out, and the quality of what came in the last 28 days by agency."""
    agencies = (await session.execute(_partners)).all()
    since = {"since": first_id(now - QUALITY_SPAN)}
    missing: dict[str, list[PartMissing]] = defaultdict(list)
    for agency, part, referrals in (await session.execute(_missing, since)).all():
        missing[agency].append(PartMissing(part=part, ask=ASKS.get(part, part), referrals=referrals))
    scores = (await session.execute(_scores, since)).all()
    return AgenciesSeen(
        agencies=[AgencySeen.model_validate(row, from_attributes=True) for row in agencies],
        quality={
            agency: QualitySeen(referrals=referrals, mean_score=float(mean), missing=missing[agency])
            for agency, referrals, mean in scores
        },
    )


def _shown(vault: Vault, referral: Referral, decision: Decision | None, amendments: list[AmendmentOut]) -> ReferralOut:
    """Return a referral as its sender reads it; what was decided shows only while it stands."""
    decision = decision if referral.status == ReferralStatus.DECIDED else None
    document = vault.open(Referral.__tablename__, referral.id, referral.details)
    told = {} if decision is None else vault.open(Decision.__tablename__, referral.id, decision.details)
    return ReferralOut(
        id=ReferralId(referral.id),
        reference=referral.reference,
        agency_reference=document.get("agency_reference"),
        kind=referral.kind,
        status=ReferralStatus(referral.status),
        received_at=referral.received_at,
        decision_due_at=referral.decision_due_at,
        acknowledged_at=referral.acknowledged_at,
        advice=referral.advice or [],
        feedback=told.get("feedback"),
        next_step=told.get("next_step"),
        decided_at=None if decision is None else decision.decided_at,
        amendments=amendments,
        links=self_link(ReferralId(referral.id)),
    )
