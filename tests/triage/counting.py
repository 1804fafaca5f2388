"""Cases, offers and unmet needs that are alike, for tests that count them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.triage.models import Case, Offer, Step, UnmetNeed
from shared.db import new_id, transaction
from tests.triage.conftest import Front

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def add_cases(front: Front, number: int, **said: Any) -> list[UUID]:
    """Add so many cases that are alike in what is said of them, received an hour ago unless that is said."""
    at = said.pop("received_at", NOW - HOUR)
    usual = {
        "agency": "a-school",
        "source": "2A",
        "kind": "request",
        "status": "decided",
        "urgency": "no",
        "priority": "green",
        "queue_rank": 2,
        "received_at": at,
        "opened_at": at,
        "decision_due_at": at + DAY,
        "due_at": at + DAY,
    }
    rows = [{**usual, **said, "id": new_id(), "referral_id": new_id(), "reference": "FD-1"} for _ in range(number)]
    async with transaction(front.db) as session:
        await session.execute(insert(Case), rows)
    return [row["id"] for row in rows]


async def add_steps(front: Front, cases: Sequence[UUID], what: str, at: datetime) -> None:
    rows = [{"id": new_id(), "case_id": case, "at": at, "who": "somebody", "what": what} for case in cases]
    async with transaction(front.db) as session:
        await session.execute(insert(Step), rows)


async def add_offers(front: Front, number: int, status: str, provider: str = "a-hub", ago: timedelta = HOUR) -> None:
    case_ids = await add_cases(front, number)
    usual = {"child": 0, "provider": provider, "service": provider, "band": "72-239", "offered_at": NOW - ago}
    async with transaction(front.db) as session:
        rows = [{**usual, "id": new_id(), "case_id": case, "status": status} for case in case_ids]
        await session.execute(insert(Offer), rows)


async def add_unmet(front: Front, number: int, district: str, band: str) -> None:
    case_ids = await add_cases(front, number)
    usual = {"child": 0, "council": "E06000061", "district": district, "age_band": band, "level": 2, "why": "area"}
    async with transaction(front.db) as session:
        await session.execute(
            insert(UnmetNeed), [{**usual, "case_id": case, "needs": ["bullying"]} for case in case_ids]
        )
