"""Early help that is offered, and help that could not be offered."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class Offer(Base):
    """Early help offered to a child by one provider's service; while it is open it holds a place of its age band.

    `considered` says of each service of the directory why it was taken or passed over. `started_on` is the day on
    which the family was first met. Reasons, of a decline or a step-up, are sealed in `details`.
    """

    __tablename__ = "offers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    child: Mapped[int]
    provider: Mapped[str]
    service: Mapped[str]
    band: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str]
    considered: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    offered_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    accepted_at: Mapped[datetime | None]
    started_on: Mapped[date | None] = mapped_column(Date)
    ended_at: Mapped[datetime | None]
    result: Mapped[str | None]
    details: Mapped[bytes | None]

    __table_args__ = (
        Index(None, "provider", "offered_at", "id"),
        Index(
            "ix_offers_open",
            "service",
            "band",
            postgresql_where=text("status IN ('offered', 'accepted', 'started')"),
        ),
    )


class UnmetNeed(Base):
    """A child for whom no service was found: where, how old, which level and needs, and what lacked.

    `age_band` is of the count, such as `0-4`; `why` is a code of what lacked, such as `full`.
    """

    __tablename__ = "unmet_needs"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    child: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), index=True)
    council: Mapped[str | None]
    district: Mapped[str | None]
    age_band: Mapped[str]
    level: Mapped[int]
    needs: Mapped[list[Any]]
    why: Mapped[str]
