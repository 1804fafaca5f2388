"""The tables of the referrals service. Names and narrative stand only in columns called `details`, sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Model, new_metadata
from shared.vault import Vault


class Base(Model):
    __abstract__ = True
    metadata = new_metadata()


class Agency(Base):
    """A partner, or a service as a client of the others; `source` is the DfE code of what it refers.

    `rates` has the allowances that are its own, as a burst and how many a second; others are the installation's.
    """

    __tablename__ = "agencies"

    slug: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    source: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    registered_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    disabled_at: Mapped[datetime | None]
    rates: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (Index("ix_agencies_disabled", "slug", postgresql_where=text("disabled_at IS NOT NULL")),)


class AgencyKey(Base):
    """A public key by which an agency proves who it is; two are live while it changes them.

    `used_at` is the hour in which it was used last.
    """

    __tablename__ = "agency_keys"

    agency: Mapped[str] = mapped_column(ForeignKey("agencies.slug"), primary_key=True)
    kid: Mapped[str] = mapped_column(primary_key=True)
    jwk: Mapped[dict[str, Any]]
    added_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    used_at: Mapped[datetime | None]


class UsedAssertion(Base):
    """A client assertion that was used; it is refused until it has expired anyway."""

    __tablename__ = "used_assertions"

    agency: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Referral(Base):
    """One referral; `details` is the whole document, and `status` moves as `ReferralStatus` says.

    `score` and `missing` are its quality on arrival: how complete it was, and the parts that it was without.
    `agency_reference` is the digest of its sender's own reference; empty where that was never looked at.
    """

    __tablename__ = "referrals"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    agency: Mapped[str]
    submitted_by: Mapped[str]
    source: Mapped[str]
    kind: Mapped[str]
    urgency: Mapped[str]
    restricted: Mapped[bool]
    status: Mapped[str]
    received_at: Mapped[datetime]
    decision_due_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    advice: Mapped[list[Any] | None]
    score: Mapped[int | None]
    missing: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    agency_reference: Mapped[bytes | None]
    details: Mapped[bytes]

    __table_args__ = (
        Index(None, "agency", "id"),
        Index(None, "agency", "agency_reference", postgresql_where=text("agency_reference IS NOT NULL")),
        Index("ix_referrals_unread", "id", postgresql_where=text("agency_reference = ''")),
    )


def digest_of(vault: Vault, agency_reference: object) -> bytes | None:
    """Return by what a sender's own reference is found, None where there is none."""
    return vault.blind("agency_reference", agency_reference) if isinstance(agency_reference, str) else None


class Amendment(Base):
    """What its sender added to a referral, or its withdrawal: a new record, nothing is overwritten."""

    __tablename__ = "amendments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referrals.id"), index=True)
    kind: Mapped[str]
    submitted_by: Mapped[str]
    received_at: Mapped[datetime]
    details: Mapped[bytes]


class Decision(Base):
    """What was decided of a referral, for its sender to read; `details` holds feedback and next step."""

    __tablename__ = "decisions"

    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referrals.id"), primary_key=True)
    decided_at: Mapped[datetime]
    details: Mapped[bytes]
