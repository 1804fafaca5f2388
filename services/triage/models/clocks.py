"""What runs: every clock of a case with its next step, and the pages that a step sends."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class Clock(Base):
    """A clock that runs on a case until `ended_at`; `next_at` is when its next step is due, None after the last.

    `kind` is `ClockKind`; `about` is the request, route or other record whose clock it is, the case itself if None.
    """

    __tablename__ = "clocks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]
    about: Mapped[UUID | None]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    step: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_clocks_running",
            "case_id",
            "kind",
            "about",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_clocks_next", "next_at", postgresql_where=text("ended_at IS NULL AND next_at IS NOT NULL")),
        Index("ix_clocks_spent", "kind", postgresql_where=text("ended_at IS NULL AND next_at IS NULL")),
    )


class Page(Base):
    """A call to somebody on duty, until it is sent. Its text is the same for every event: a reference and a link.

    It is about a case, or about a referral that has none: the dead letter `letter_id`.
    """

    __tablename__ = "pages"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    letter_id: Mapped[UUID | None] = mapped_column(unique=True)
    line: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    next_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    sent_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_pages_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),)
