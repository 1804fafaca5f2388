"""Upkeep, in the background: what is no longer needed goes, and what older versions did not look at is looked at."""

from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.models import Referral, UsedAssertion, digest_of
from shared.db import Database, transaction
from shared.http.service import tidy
from shared.vault import Vault

BATCH = 200
_unread = select(Referral.id, Referral.details).where(Referral.agency_reference == b"").order_by(Referral.id)


async def forget_used(session: AsyncSession, retention: timedelta) -> None:
    await session.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < func.clock_timestamp()))
    await tidy(session, retention)


async def index_references(db: Database, vault: Vault) -> None:
    """Make referrals that an older version stored findable by their sender's own reference."""
    while True:
        async with transaction(db) as session:
            rows = (await session.execute(_unread.limit(BATCH))).all()
            if not rows:
                return
            documents = {row.id: vault.open(Referral.__tablename__, row.id, row.details) for row in rows}
            digests = {key: digest_of(vault, kept.get("agency_reference")) for key, kept in documents.items()}
            await session.execute(update(Referral), [{"id": k, "agency_reference": d} for k, d in digests.items()])
