"""What was decided of a case, and who disagreed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class Decision(Base):
    """What a person decided; rationale, feedback and reasons are sealed."""

    __tablename__ = "decisions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[str]
    automatic: Mapped[bool]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    countersigned_by: Mapped[str | None]
    countersigned_at: Mapped[datetime | None]
    children: Mapped[list[Any]]
    details: Mapped[bytes]


class Challenge(Base):
    """A partner's professional disagreement with a decision, at one stage of the hub's escalation.

    `state` is `ChallengeState`; reason, wanted outcome and answer are sealed.
    """

    __tablename__ = "challenges"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decisions.id"))
    agency: Mapped[str]
    stage: Mapped[int]
    state: Mapped[str]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    due_at: Mapped[datetime]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    details: Mapped[bytes]
