"""What is no longer needed goes: used assertions, stored answers, events that everyone has. Run in the background."""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.models import UsedAssertion
from shared.http.answers import forget_answers
from shared.outbox import delete_read


async def tidy(session: AsyncSession, outbox_retention: timedelta) -> None:
    await session.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < func.clock_timestamp()))
    await forget_answers(session)
    await delete_read(session, outbox_retention)
