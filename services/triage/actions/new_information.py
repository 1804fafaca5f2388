"""What comes in about a case that is open waits for its worker, whose clock runs until it is acknowledged."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.claim_case import check_hand
from services.triage.actions.clocks import end_clocks, start_clock
from services.triage.actions.desk import TRIAGE, Desk, note, now
from services.triage.clocks import ClockKind
from services.triage.domain import NewInformationAcknowledged, NewInformationKind
from services.triage.models import Case, NewInformation
from services.triage.queries.casework import part_of_case
from shared import clock
from shared.calendar import term_ends_at
from shared.db import insert_rows, new_id
from shared.security import Caller
from shared.settings.hub import Term

_insert = insert(NewInformation.metadata.tables[NewInformation.__tablename__])


async def add_new_information(
    session: AsyncSession, desk: Desk, case: Case, kind: NewInformationKind, from_case_id: UUID | None = None,
    details: Any | None = None,
) -> UUID:  # fmt: skip
    """Record that something came in about the case, and start its clock; returns the record's id.

    `details` is whatever JSON can say, and is sealed. The caller holds the case's lock.
    """
    row_id, received_at = new_id(), clock.now()
    row = {
        "id": row_id,
        "case_id": case.id,
        "kind": kind,
        "from_case_id": from_case_id,
        "received_at": received_at,
        "details": None if details is None else desk.vault.seal(NewInformation.__tablename__, row_id, details),
    }
    await insert_rows(session, _insert, [row])
    due_at = term_ends_at(received_at, _term_of(desk, case), desk.hub)
    await start_clock(session, desk, case, ClockKind.NEW_INFORMATION, received_at, due_at, about=row_id)
    await note(session, case, TRIAGE, f"new_information.{kind}")
    return row_id


def _term_of(desk: Desk, case: Case) -> Term:
    colour: Any = case.priority
    return desk.hub.clocks.new_information[colour]


async def acknowledge_new_information(session: AsyncSession, case: Case, caller: Caller, row_id: UUID) -> None:
    """Record that its worker, or a manager, took note of it, and end its clock. The caller holds the case's lock."""
    row = await part_of_case(session, NewInformation, case.id, row_id)
    check_hand(case, caller)
    if row.acknowledged_at is not None:
        raise NewInformationAcknowledged("Read on the case who did.")
    row.acknowledged_by, row.acknowledged_at = caller.subject, await now(session)
    await end_clocks(session, case, ClockKind.NEW_INFORMATION, about=row_id)
    await note(session, case, caller, "new_information.acknowledged")
