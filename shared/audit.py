"""Who read or wrote what about a child, and why: rows that the service's own role can only add to."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, func, insert
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import XID8, insert_rows, shared_metadata
from shared.security import Caller
from shared.telemetry import correlation_id

audit_rows = Table(
    "audit_rows",
    shared_metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", XID8, nullable=False, server_default=func.pg_current_xact_id()),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("record_id", PgUUID(as_uuid=True), nullable=False),
    Column("correlation_id", Text, nullable=False),
    Index(None, "record_id", "position"),
)

_insert = insert(audit_rows)


def audit_row(
    caller: Caller, action: str, record: str, record_id: UUID, *, purpose: str
) -> dict[str, str | UUID | datetime]:
    """Return the values of one row, for an action that inserts it in a statement of its own.

    `purpose` is the route's; what a member of staff named for the request goes before it.
    """
    return {
        "who": caller.subject,
        "role": caller.role_shown,
        "purpose": caller.purpose or purpose,
        "action": action,
        "record": record,
        "record_id": record_id,
        "correlation_id": correlation_id.get(),
    }


async def record_access(
    session: AsyncSession,
    caller: Caller,
    action: str,
    record: str,
    record_ids: Iterable[UUID],
    *,
    purpose: str,
) -> None:
    """Add a row for each record touched, e.g. `record_access(session, caller, "read", "case", [case_id], …)`.

    It is committed with the caller's transaction, which ends before the body leaves.
    """
    rows = [audit_row(caller, action, record, record_id, purpose=purpose) for record_id in record_ids]
    await insert_rows(session, _insert, rows)
