"""Sends a delivery again because its owner asks."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.deliveries import CLOSED, OPEN, DeliveryId, DeliveryState, DeliveryUnderWay
from services.notifications.models import Delivery, Thread
from shared.outbox import mark_emitted
from shared.problems import NotFound


async def replay_delivery(session: AsyncSession, agency: str, delivery_id: DeliveryId) -> None:
    """Make a closed delivery due again with its whole schedule, or bring a retry forward to now.

    One of an earlier turn waits for the delivery of the same referral that is on its way. Raises NotFound and
    DeliveryUnderWay.
    """
    mine = select(Delivery).where(Delivery.id == delivery_id, Delivery.agency == agency)
    found = await session.scalar(mine)
    if found is None:
        raise NotFound
    thread = select(Thread).where(Thread.referral_id == found.referral_id, Thread.agency == agency)
    await session.execute(thread.with_for_update())
    delivery = await session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if delivery is None:
        raise NotFound
    if DeliveryState(delivery.state) in CLOSED:
        delivery.due_at = None if await _line_has_a_turn(session, delivery) else func.clock_timestamp()
        delivery.state, delivery.attempts_made, delivery.closed_at = DeliveryState.SCHEDULED, 0, None
    elif delivery.state == DeliveryState.RETRYING:
        delivery.due_at = func.clock_timestamp()
    else:
        raise DeliveryUnderWay("Look at its state; replay it once it is delivered, dead or waiting for a retry.")
    mark_emitted(session)


async def _line_has_a_turn(session: AsyncSession, delivery: Delivery) -> Any:
    return await session.scalar(
        select(Delivery.id).where(
            Delivery.endpoint_id == delivery.endpoint_id,
            Delivery.referral_id == delivery.referral_id,
            Delivery.state.in_(OPEN),
            Delivery.due_at.is_not(None),
        )
    )
