"""Who is who: blind indexes of the people in referrals, and links between cases. Links never merge."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.triage.models.case import Base
from shared.db import new_id


class PersonKey(Base):
    """A blind index of a person named in a referral, by which the same person is found again.

    `person` is the pointer of the person in the referral, such as `/children/0`; `kind` says what was indexed.
    """

    __tablename__ = "person_keys"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]


class Link(Base):
    """A person of this case may be, or is, a person of an earlier case.

    `state` is `LinkState`, `relation` is `Relation`; `score` lies between 0 and 1; `reasons` are codes of what agrees
    and what does not.
    """

    __tablename__ = "links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    person: Mapped[str]
    other_case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    other_person: Mapped[str]
    relation: Mapped[str]
    state: Mapped[str]
    score: Mapped[float]
    reasons: Mapped[list[Any]]
    proposed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("case_id", "person", "other_case_id", "other_person"),)
