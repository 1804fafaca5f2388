"""Early help that is offered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class Offer(Base):
    """Early help offered to a child by one provider's service."""

    __tablename__ = "offers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    child: Mapped[int]
    provider: Mapped[str]
    service: Mapped[str]
    status: Mapped[str]
    offered_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (Index(None, "provider", "offered_at", "id"),)
