"""Endpoints and events to start a test from, and what is then in the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.actions.endpoints import mark_verified, register_endpoint
from services.notifications.actions.schedule import schedule_deliveries
from services.notifications.domain.endpoints import EndpointId
from services.notifications.models import Attempt, Delivery, FeedEntry
from services.notifications.schemas import EndpointIn
from shared.db import Database, new_id, transaction
from shared.events import (
    CaseDecided,
    CaseOpened,
    CaseRouted,
    EarlyHelpClosed,
    EarlyHelpOffered,
    Event,
    InformationOverdue,
    ReferralSubmitted,
)
from shared.vault import Vault
from tests.notifications.configuration import new_settings

SCHOOL, POLICE, HUB = "towcester-primary", "northants-police", "towcester-family-hub"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Registered:
    id: EndpointId
    secret: str
    path: str


async def register(
    db: Database, vault: Vault, agency: str, url: str, *, verified: bool = True, **said: Any
) -> Registered:
    """Register an endpoint of `agency`; its URL is on this machine."""
    async with transaction(db) as session:
        wanted = EndpointIn(url=url, **said)
        endpoint, secret = await register_endpoint(session, vault, new_settings(), agency, wanted)
        if verified:
            await mark_verified(session, agency, EndpointId(endpoint.id), url)
    return Registered(EndpointId(endpoint.id), secret, "/" + url.rpartition("/")[2])


class Story:
    """One referral's way: each method makes its next event, with the audience that the contract gives it."""

    def __init__(self, agency: str = SCHOOL, provider: str = HUB) -> None:
        self.agency, self.provider = agency, provider
        self.id, self.case_id, self.offer_id = new_id(), new_id(), new_id()

    @property
    def _case(self) -> dict[str, Any]:
        path = f"/internal/cases/{self.case_id}/feedback"
        return {"referral_id": self.id, "reference": "FD-2611-0000-0000", "detail_url": path, "case_id": self.case_id}

    @property
    def _offer(self) -> dict[str, Any]:
        return {**self._case, "offer_id": self.offer_id, "provider": self.provider}

    def _event(self, fact: Any, *audience: str) -> Event:
        return Event(fact, audience, urgency="no", correlation_id=f"story-{self.id}", time=NOON)

    def submitted(self) -> Event:
        fact = ReferralSubmitted(
            referral_id=self.id,
            reference="FD-2611-0000-0000",
            detail_url=f"/internal/referrals/{self.id}",
            agency=self.agency,
            kind="request",
            received_at=NOON,
            decision_due_at=NOON,
        )
        return self._event(fact, self.agency)

    def opened(self) -> Event:
        return self._event(CaseOpened(**self._case), self.agency)

    def offered(self) -> Event:
        return self._event(EarlyHelpOffered(**self._offer), self.provider)

    def routed(self) -> Event:
        return self._event(CaseRouted(**self._case), self.agency)

    def decided(self) -> Event:
        return self._event(CaseDecided(**self._case), self.agency)

    def closed(self) -> Event:
        return self._event(EarlyHelpClosed(**self._offer), self.provider, self.agency)

    def overdue(self, state: Literal["soon", "over"]) -> Event:
        asked = {"request_id": self.offer_id, "asked": self.provider, "due_at": NOON}
        return self._event(InformationOverdue(**self._case, **asked, state=state), self.provider)

    def whole(self) -> list[Event]:
        return [
            self.submitted(), self.opened(), self.offered(), self.routed(), self.decided(), self.closed(),
        ]  # fmt: skip


async def tell(db: Database, *events: Event, verification_required: bool = False) -> None:
    async with transaction(db) as session:
        await schedule_deliveries(session, events, verification_required=verification_required)


async def feed_of(db: Database, agency: str) -> Sequence[FeedEntry]:
    async with transaction(db) as session:
        mine = select(FeedEntry).where(FeedEntry.agency == agency).order_by(FeedEntry.position)
        return (await session.scalars(mine)).all()


async def deliveries_to(db: Database, endpoint: Registered) -> Sequence[Delivery]:
    async with transaction(db) as session:
        mine = select(Delivery).where(Delivery.endpoint_id == endpoint.id).order_by(Delivery.sequence, Delivery.id)
        return (await session.scalars(mine)).all()


async def attempts_of(db: Database, delivery_id: UUID) -> Sequence[Attempt]:
    async with transaction(db) as session:
        return await _attempts(session, delivery_id)


async def _attempts(session: AsyncSession, delivery_id: UUID) -> Sequence[Attempt]:
    tried = select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(Attempt.started_at, Attempt.id)
    return (await session.scalars(tried)).all()
