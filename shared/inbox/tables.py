"""What was taken, and what could not be: the tables of every consumer."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Text, func, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from shared.db import JSON_OR_NULL, shared_metadata

WAITING = "waiting"

inbox = Table(
    "inbox",
    shared_metadata,
    Column("reader", Text, primary_key=True),
    Column("event_id", PgUUID(as_uuid=True), primary_key=True),
    Column("outcome", Text, nullable=False, server_default="applied"),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

dead_letters = Table(
    "dead_letters",
    shared_metadata,
    Column("id", PgUUID(as_uuid=True), primary_key=True),
    Column("reader", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="dead"),
    Column("headers", JSON_OR_NULL, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
    Column("died_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("subject", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", DateTime(timezone=True)),
    Index("ix_dead_letters_waiting", "reader", "subject", postgresql_where=text("state = 'waiting'")),
)
"""`state` is `dead`, `replay` or `dropped` as people leave it. What is `waiting` is not dead yet: it is tried again at
`next_at`, and what comes later of its `subject` waits behind it.
"""
