"""What staff do on a case beside deciding: acknowledge, note, open parallel routes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class Acknowledgement(Base):
    """A person has the referral and tells the referrer so; `advice` are codes of what to do meanwhile."""

    __tablename__ = "acknowledgements"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    acknowledged_by: Mapped[str]
    acknowledged_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    advice: Mapped[list[Any]]


class Note(Base):
    """What a worker wrote on a case, or the reason of a change that `about` names by its timeline code."""

    __tablename__ = "notes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    about: Mapped[str]
    written_by: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    details: Mapped[bytes]


class ParallelRoute(Base):
    """A duty that runs beside the decision, such as the LADO's, with its owner and its time."""

    __tablename__ = "parallel_routes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    child: Mapped[int | None]
    route: Mapped[str]
    owner: Mapped[str]
    due_at: Mapped[datetime]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    completed_by: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    details: Mapped[bytes]

    __table_args__ = (Index("ix_parallel_routes_open", "owner", postgresql_where=text("completed_at IS NULL")),)
