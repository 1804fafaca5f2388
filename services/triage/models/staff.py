"""Who signs in to the staff pages, and what they have typed but not sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.security import FRONT_DOOR


class StaffMember(Base):
    """Who works here or refers on the pages, as their identity provider described them last, by sign-in or by token.

    `subject` is theirs alone at `issuer`, and one issuer's here: another that says the same subject is refused.
    `agency` is the slug of the agency that a referrer is of, the front door's own for staff.
    Who has `left_at` set is nobody here any more.
    """

    __tablename__ = "staff_members"

    subject: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[Any]]
    agency: Mapped[str] = mapped_column(server_default=FRONT_DOOR)
    signed_in_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    left_at: Mapped[datetime | None]


class StaffSession(Base):
    """A browser that is signed in: `digest` is the SHA-256 of the secret in its cookie, which stands nowhere else.

    `queue_asked` is what the queue was last narrowed to, as its address says it: codes, and nothing of a child.
    """

    __tablename__ = "staff_sessions"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("staff_members.subject"), index=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    queue_asked: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (Index(None, "seen_at"),)


class Draft(Base):
    """What somebody typed into a form of a case and has not sent; the fields are sealed in `details`."""

    __tablename__ = "drafts"

    subject: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    saved_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    details: Mapped[bytes]

    __table_args__ = (Index(None, "case_id"),)
