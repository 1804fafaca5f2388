"""A case, its children and what was said of them. Names and narrative stand only in `details`, sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Model, new_id, new_metadata


class Base(Model):
    __abstract__ = True
    metadata = new_metadata()


class Case(Base):
    """One referral, one case, however many children.

    `version` is its entity tag; `queue_rank` puts the most urgent first, from 0. `due_at` is the earliest of its
    clocks for a decision: the statutory one, the hub's by colour, and when the referrer needs to know. `owner` is an
    account of `owner_issuer`'s. `known_to` is the worker who knows the child from before. `prioritised_by` is who set
    the colour, if a person did. `source` is the census's code of who referred, None until the referral was fetched.
    `unfinished` is what the case stands without, `WhyUnfinished` by `Unfinished`; at `finish_at` triage's worker makes
    up for it, after `finish_attempts` that failed.
    """

    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    referral_id: Mapped[UUID] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(index=True)
    agency: Mapped[str]
    source: Mapped[str | None]
    kind: Mapped[str]
    status: Mapped[str]
    urgency: Mapped[str]
    level: Mapped[int | None]
    priority: Mapped[str]
    queue_rank: Mapped[int]
    council: Mapped[str | None]
    unfinished: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    finish_at: Mapped[datetime | None]
    finish_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    owner: Mapped[str | None]
    owner_issuer: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    received_at: Mapped[datetime]
    decision_due_at: Mapped[datetime]
    needed_by: Mapped[datetime | None]
    due_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    known_to: Mapped[str | None]
    prioritised_by: Mapped[str | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    decided_at: Mapped[datetime | None]
    decided_level: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    details: Mapped[bytes | None]

    __table_args__ = (
        Index(None, "status", "due_at", "id"),
        Index(None, "due_at", "id"),
        Index(
            "ix_cases_next",
            "queue_rank",
            "due_at",
            "id",
            postgresql_where=text("status = 'unassigned'"),
        ),
        Index(
            "ix_cases_known_to",
            "known_to",
            "queue_rank",
            "due_at",
            "id",
            postgresql_where=text("status = 'unassigned' AND known_to IS NOT NULL"),
        ),
        Index("ix_cases_finish", "finish_at", postgresql_where=text("finish_at IS NOT NULL")),
        Index("ix_cases_unfinished", "id", postgresql_where=text("unfinished <> '{}'")),
        Index("ix_cases_lease", "lease_until", postgresql_where=text("status = 'claimed'")),
        Index("ix_cases_owner", "owner", "due_at", "id"),
        Index("ix_cases_without_issuer", "id", postgresql_where=text("owner IS NOT NULL AND owner_issuer IS NULL")),
        Index("ix_cases_in_hands", "owner", postgresql_where=text("owner IS NOT NULL AND status <> 'decided'")),
    )

    @property
    def details_pending(self) -> bool:
        return "details" in self.unfinished


class Child(Base):
    """A child of a case, by index into the referral's `children`, with the receipt that stands now."""

    __tablename__ = "children"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    child: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    receipt: Mapped[dict[str, Any]]
    outcome: Mapped[str | None]
    decided_level: Mapped[int | None]


class Assessment(Base):
    """Every receipt there ever was, immutable: what was said of a child, when, and because of what."""

    __tablename__ = "assessments"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    child: Mapped[int]
    cause: Mapped[str]
    receipt: Mapped[dict[str, Any]]
    assessed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Coding(Base):
    """What a screener coded of the narrative: codes in the open, notes and source sealed."""

    __tablename__ = "codings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    coded_by: Mapped[str]
    coded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    indicators: Mapped[list[Any]]
    facts: Mapped[dict[str, Any]]
    details: Mapped[bytes]


class Step(Base):
    """A line of the case's timeline: who did what, in codes."""

    __tablename__ = "timeline"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    who: Mapped[str]
    what: Mapped[str]
