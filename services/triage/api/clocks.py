"""What the clocks tell staff: the night that they take over, and whom the clocks have paged."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.triage.api.desk import Session, TriageDesk
from services.triage.queries.clocks import list_pages
from services.triage.queries.handover import Place, hand_over
from services.triage.schemas import Handover, PageList
from shared import clock
from shared.http.answers import BAD_CURSOR, CursorText, Limit, decode_cursor, decode_place
from shared.problems import Invalid
from shared.security import CASE_ROLES, Caller, Role, allow

router = APIRouter(tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]
Overseer = Annotated[Caller, allow(roles=(Role.MANAGER, Role.ADMIN))]


@router.get("/v1/handover")
async def get_handover(
    _caller: Staff, session: Session, desk: TriageDesk, limit: Limit = 50, cursor: CursorText = None
) -> Handover:
    """List what came in or was done out of hours since the last closing; nothing here tells who the child is."""
    return await hand_over(session, desk.hub, clock.now(), limit, _place(cursor))


@router.get("/v1/pages")
async def get_pages(_caller: Overseer, session: Session, limit: Limit = 50, cursor: CursorText = None) -> PageList:
    """List the calls to the line of duty, the newest first, by reference."""
    return await list_pages(session, limit, decode_place(cursor))


def _place(cursor: str | None) -> Place | None:
    values = decode_cursor(cursor, 4)
    if values is None:
        return None
    try:
        decided, rank, due_at, case_id = values
        return bool(decided), int(rank), datetime.fromisoformat(due_at), UUID(case_id)
    except (ValueError, TypeError, AttributeError):
        raise Invalid("Correct the fields named.", errors=(BAD_CURSOR,)) from None
