"""What workers write on a case, and the reasons of what they change: sealed, beside a line of the timeline."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk, note
from services.triage.models import Case, Note
from shared.db import new_id
from shared.security import Caller


async def write_note(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, about: str, text: str | None
) -> None:
    """Write the line `about` on the timeline, and what was said of it, if anything was. The caller holds the lock."""
    if text is not None:
        row_id = new_id()
        sealed = desk.vault.seal(Note.__tablename__, row_id, {"text": text})
        session.add(Note(id=row_id, case_id=case.id, about=about, written_by=caller.subject, details=sealed))
    await note(session, case, caller, about)
