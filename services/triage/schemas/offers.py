"""Offers of early help, as staff and their providers see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class OfferOut(BaseModel):
    id: UUID
    provider: str
    child: int
    service: str
    status: str
    offered_at: datetime


class OfferItem(BaseModel):
    """An offer as its provider's list shows it."""

    id: UUID
    referral_id: UUID
    reference: str
    service: str
    status: str
    offered_at: datetime


class OfferPage(BaseModel):
    items: list[OfferItem]
    next_cursor: str | None


class OfferDetail(OfferItem):
    """What a provider needs for its child, and nothing else."""

    child: dict[str, Any]
    contacts: list[dict[str, Any]]
    needs: list[str]
    agreement: dict[str, Any] | None
    safe_contact: dict[str, Any] | None
