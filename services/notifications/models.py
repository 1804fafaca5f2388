"""The tables of the notifications service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Model, new_id, new_metadata

OPEN = "state IN ('scheduled', 'leased', 'retrying')"
FAILED = "status IS NULL OR status NOT BETWEEN 200 AND 299"
WAITING = "state IN ('scheduled', 'retrying')"


class Base(Model):
    __abstract__ = True
    metadata = new_metadata()


class Endpoint(Base):
    """A receiver of one agency. An empty `event_types` means all, also types to come; `secret` is sealed."""

    __tablename__ = "endpoints"
    __table_args__ = (Index(None, "agency", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agency: Mapped[str]
    url: Mapped[str]
    description: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rate_limit_per_minute: Mapped[int | None]
    secret: Mapped[bytes]
    version: Mapped[int] = mapped_column(default=1)
    verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Thread(Base):
    """What one agency has been told of one referral: the last sequence number and status."""

    __tablename__ = "threads"

    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str | None]


class FeedEntry(Base):
    """An event as one agency sees it. Rows are inserted under one lock, so `position` is commit order."""

    __tablename__ = "feed_entries"
    __table_args__ = (
        Index(None, "agency", "position"),
        Index(None, "agency", "occurred_at", "position"),
        Index(None, "event_id", "agency", unique=True),
        Index(None, "subject"),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    agency: Mapped[str]
    type: Mapped[str]
    source: Mapped[str]
    subject: Mapped[str]
    occurred_at: Mapped[datetime]
    correlation_id: Mapped[str]
    traceparent: Mapped[str | None]
    council: Mapped[str | None]
    urgency: Mapped[str | None]
    pointer: Mapped[dict[str, Any]] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Delivery(Base):
    """One feed entry on its way to one endpoint.

    Of the open deliveries of a referral to an endpoint, one alone has a `due_at`: the next waits, without one, until
    that is delivered or dead. The unique index holds this whatever the code does.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["event_id", "agency"], ["feed_entries.event_id", "feed_entries.agency"]),
        Index(None, "endpoint_id", "id"),
        Index(None, "referral_id"),
        Index("ix_deliveries_line", "endpoint_id", "referral_id", "sequence", postgresql_where=text(OPEN)),
        Index(
            "uq_deliveries_turn",
            "endpoint_id",
            "referral_id",
            unique=True,
            postgresql_where=text(f"{OPEN} AND due_at IS NOT NULL"),
        ),
        Index("ix_deliveries_due", "endpoint_id", "due_at", postgresql_where=text(WAITING)),
        Index("ix_deliveries_dead", "closed_at", postgresql_where=text("state = 'dead'")),
        Index("ix_deliveries_leased", "endpoint_id", "leased_until", postgresql_where=text("state = 'leased'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey(Endpoint.id, ondelete="CASCADE"))
    event_id: Mapped[UUID]
    agency: Mapped[str]
    referral_id: Mapped[UUID]
    sequence: Mapped[int]
    state: Mapped[str]
    attempts_made: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    leased_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    closed_at: Mapped[datetime | None]


class Attempt(Base):
    """One try of a delivery: an HTTP status and the reply's head, or the failure that stood in its place."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index(None, "delivery_id", "started_at"),
        Index(None, "endpoint_id", "started_at"),
        Index("ix_attempts_failed", "endpoint_id", "started_at", postgresql_where=text(FAILED)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey(Delivery.id, ondelete="CASCADE"))
    endpoint_id: Mapped[UUID]
    started_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status: Mapped[int | None]
    failure: Mapped[str | None]
    head: Mapped[dict[str, str]] = mapped_column(JSON(none_as_null=True))
