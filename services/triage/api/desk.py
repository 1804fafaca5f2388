"""What the routes of triage ask for: a transaction, the desk, the case in the path, and how they answer with it."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.models import Case
from services.triage.queries.cases import changes_since, find_case, show_case
from shared.db import transaction
from shared.http.answers import Answer, check_if_match, etag
from shared.http.limits import ChargedRecord
from shared.http.service import Resources, resources_of, session_of
from shared.http.validation import known_id
from shared.problems import PreconditionFailed

Session = Annotated[AsyncSession, session_of("triage")]
WorkSession = Annotated[AsyncSession, session_of("triage", for_work=True)]
Triage = Annotated[Resources, resources_of("triage")]


async def _desk(request: Request) -> Desk:
    desk: Desk = request.state.triage_desk
    return desk


TriageDesk = Annotated[Desk, Depends(_desk)]


async def _read_case(case_id: str, session: Session) -> Case:
    return await find_case(session, known_id(case_id))


async def _known_case(case_id: str, resources: Triage) -> UUID:
    async with transaction(resources.db) as session:
        return (await find_case(session, known_id(case_id))).id


async def _case_of_staff(session: AsyncSession, _: str, case_id: UUID) -> Case:
    return await find_case(session, case_id)


ChargedCase = Annotated[None, Depends(ChargedRecord("triage", "case_id", _case_of_staff))]
ReadCase = Annotated[Case, Depends(_read_case)]
"""The case in the path, for a route that takes no body."""
KnownCase = Annotated[UUID, Depends(_known_case)]
"""The id of the case in the path, or 404 before the body is read, with nothing open meanwhile; `lock` finds it anew."""


async def lock(session: AsyncSession, case_id: UUID) -> Case:
    return await find_case(session, case_id, lock=True)


async def lock_version(session: AsyncSession, case_id: UUID, if_match: str | None) -> Case:
    """Lock the case; raises where `If-Match` is absent or names another version."""
    locked = await lock(session, case_id)
    try:
        check_if_match(if_match, locked.version)
    except PreconditionFailed as stale:
        raise await _with_changes(session, locked, if_match, stale) from None
    return locked


async def _with_changes(
    session: AsyncSession, case: Case, if_match: str | None, stale: PreconditionFailed
) -> PreconditionFailed:
    """Return the problem with what happened since, so that a page can show it beside what was being typed."""
    read = [int(version) for version in re.findall(r'"([0-9]{1,9})"', if_match or "")]
    changes = await changes_since(session, case, max(read, default=0))
    members = {"changes": [step.model_dump(mode="json") for step in changes]}
    return PreconditionFailed(stale.detail, headers=etag(case.version), members=members)


async def answer_with(session: AsyncSession, desk: Desk, case: Case, status: int = 200) -> Answer:
    """Return the case as it stands now, with its entity tag."""
    await session.flush()
    return Answer(status, await show_case(session, desk.vault, case), etag(case.version))
