"""What is no longer needed goes, and nothing else."""

from datetime import timedelta

from sqlalchemy import func, insert, select, update

from services.referrals.actions.tidy import forget_used
from services.referrals.models import UsedAssertion
from shared.db import transaction
from shared.http.answers import idempotent_answers
from shared.outbox import outbox
from tests.referrals.conftest import Front
from tests.referrals.documents import document

LATE = func.clock_timestamp() - timedelta(hours=25)


async def test_only_what_is_over_goes(front: Front) -> None:
    """Expired assertions, answers older than a day and events past their retention go; the others stay."""
    await front.post(document(), key="old")
    await front.post(document(), key="new")
    async with transaction(front.db) as session:
        for jti, hours in (("expired", -1), ("live", 1)):
            expires_at = func.clock_timestamp() + timedelta(hours=hours)
            await session.execute(insert(UsedAssertion).values(agency="a-school", jti=jti, expires_at=expires_at))
        old = update(idempotent_answers).where(idempotent_answers.c.key == "old")
        await session.execute(old.values(created_at=LATE))
        first = select(func.min(outbox.c.position)).scalar_subquery()
        await session.execute(update(outbox).where(outbox.c.position == first).values(created_at=LATE))
    async with transaction(front.db) as session:
        await forget_used(session, timedelta(hours=24))
    async with transaction(front.db) as session:
        assert (await session.scalars(select(UsedAssertion.jti))).all() == ["live"]
        assert (await session.scalars(select(idempotent_answers.c.key))).all() == ["new"]
    assert len(await front.events()) == 1
