"""What happens at the same moment to places, offers and families, on real locks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.directory import set_capacity
from services.triage.models import Offer, UnmetNeed
from services.triage.queries.directory import load_directory, this_week
from shared.db import transaction
from tests.fakes import eventually
from tests.triage.conftest import Front, example
from tests.triage.test_offers import NAMES, OTHER, OTHER_HUB, TOWCESTER, again, another_child, routed, say

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_the_last_place_is_given_once(front: Front) -> None:
    """Of cases that open at once, as many are routed as there are places; the others find the service full."""
    async with transaction(front.db) as session:
        await set_capacity(session, TOWCESTER, "72-239", 2, this_week())
    ids = await asyncio.gather(*(front.submit(another_child(name)) for name in NAMES))
    cases = [await front.case_of(referral_id) for referral_id in ids]
    assert sorted(case["status"] for case in cases) == ["routed"] * 2 + ["unassigned"] * 4
    async with transaction(front.db) as session:
        _, free = await load_directory(session)
        assert (await session.scalars(select(UnmetNeed.why))).all() == ["full"] * 4
    assert free[TOWCESTER, "72-239"] == 0


async def test_a_family_is_referred_again_while_its_offer_is_declined(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linking the new case and finding the child another place wait for each other once, and never both ways."""
    _, offer = await routed(front, hubs=2)
    looks: list[bool] = []
    replies: list[asyncio.Task[httpx.Response]] = []

    async def load(session: AsyncSession, *, hold: bool = False) -> Any:
        looks.append(hold)
        found = await load_directory(session, hold=hold)
        if not replies:
            replies.append(asyncio.create_task(say(front, offer, "decline", reason="No worker.")))
            await eventually(lambda: _somebody_waits(front))
        return found

    monkeypatch.setattr("services.triage.actions.places.load_directory", load)
    await front.consume(front.announce(example("03")), front.announce(another_child("Ada")))
    assert (await replies[0]).status_code == 200
    assert looks == [True, True]


async def _somebody_waits(front: Front) -> bool:
    async with transaction(front.db) as session:
        return bool(await session.scalar(text(WAITING)))


async def test_clicks_at_once_leave_one_child_with_one_provider(front: Front) -> None:
    """Accepting and declining at the same moment ends in one order or the other, never in two open offers."""
    case, offer = await routed(front, hubs=2)
    clicks: list[Callable[[], Awaitable[httpx.Response]]] = [
        lambda: say(front, offer, "acceptance"),
        lambda: say(front, offer, "decline", reason="No worker."),
        lambda: say(front, offer, "acceptance"),
        lambda: say(front, offer, "decline", reason="No worker."),
        lambda: say(front, offer, "acceptance", OTHER_HUB),
    ]
    replies = await asyncio.gather(*(click() for click in clicks))
    assert {reply.status_code for reply in replies} <= {200, 404, 409}
    assert sum(reply.status_code == 200 and reply.json()["status"] == "declined" for reply in replies) == 1
    async with transaction(front.db) as session:
        open_offers = (await session.scalars(select(Offer).where(Offer.status.in_(("offered", "accepted"))))).all()
    assert [one.provider for one in open_offers] == [OTHER]
    assert (await again(front, case))["status"] == "routed"
