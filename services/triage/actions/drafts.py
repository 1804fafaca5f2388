"""What somebody typed and has not sent is kept for them alone, until they send the form or throw it away."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import CASEWORK
from services.triage.models import Draft
from shared.audit import record_access
from shared.security import Caller
from shared.vault import Vault

Typed = Mapping[str, list[str]]


async def keep_draft(
    session: AsyncSession, vault: Vault, caller: Caller, case_id: UUID, form: str, typed: Typed
) -> None:
    """Keep the fields of a form of a case, in place of what was kept of it before."""
    sealed = vault.seal(Draft.__tablename__, _name(caller, case_id, form), typed)
    row = insert(Draft).values(subject=caller.subject, case_id=case_id, form=form, details=sealed)
    kept = row.on_conflict_do_update(
        index_elements=["subject", "case_id", "form"],
        set_={"details": row.excluded.details, "saved_at": func.clock_timestamp()},
    )
    await session.execute(kept)
    await record_access(session, caller, "draft.kept", "case", [case_id], purpose=CASEWORK)


async def find_draft(session: AsyncSession, vault: Vault, caller: Caller, case_id: UUID, form: str) -> Typed | None:
    """Return what this caller typed into the form and did not send."""
    row = await session.get(Draft, (caller.subject, case_id, form))
    if row is None:
        return None
    typed: Typed = vault.open(Draft.__tablename__, _name(caller, case_id, form), row.details)
    return typed


async def drafts_of(session: AsyncSession, caller: Caller, case_id: UUID) -> frozenset[str]:
    """Return the forms of a case of which this caller has a draft."""
    query = select(Draft.form).where(Draft.case_id == case_id, Draft.subject == caller.subject)
    return frozenset((await session.scalars(query)).all())


async def forget_draft(session: AsyncSession, caller: Caller, case_id: UUID, form: str) -> None:
    await session.execute(
        delete(Draft).where(Draft.subject == caller.subject, Draft.case_id == case_id, Draft.form == form)
    )


def _name(caller: Caller, case_id: UUID, form: str) -> str:
    return f"{caller.subject} {case_id} {form}"
