"""What is no longer needed goes: used assertions, stored answers, events that everyone has. Run in the background."""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.models import UsedAssertion
from shared.http.service import tidy


async def forget_used(session: AsyncSession, retention: timedelta) -> None:
    await session.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < func.clock_timestamp()))
    await tidy(session, retention)
