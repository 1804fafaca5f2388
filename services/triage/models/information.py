"""What partners are asked about a child, what they say, and what comes in by itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class InformationRequest(Base):
    """Questions to one agency about children of a case; purpose and questions are sealed in `details`."""

    __tablename__ = "information_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    agency: Mapped[str]
    children: Mapped[list[Any]]
    lawful_basis: Mapped[str]
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    due_at: Mapped[datetime]
    details: Mapped[bytes]

    __table_args__ = (Index(None, "agency", "asked_at", "id"),)


class InformationResponse(Base):
    """What the agency answered, or why it refused; `may_share_with` are codes of who else may read it."""

    __tablename__ = "information_responses"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("information_requests.id"), primary_key=True)
    responded_by: Mapped[str]
    responded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    may_share_with: Mapped[list[Any]]
    details: Mapped[bytes]


class NewInformation(Base):
    """What came in about a case that is open: its worker's to acknowledge. `kind` is `NewInformationKind`.

    `amendment_id` is the sender's amendment whose details are still to be fetched.
    """

    __tablename__ = "new_information"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]
    from_case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    received_at: Mapped[datetime]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    details: Mapped[bytes | None]
    amendment_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_new_information_open", "case_id", postgresql_where=text("acknowledged_at IS NULL")),
        Index("ix_new_information_pending", "id", postgresql_where=text("amendment_id IS NOT NULL")),
    )
