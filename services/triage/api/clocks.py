"""What the clocks tell staff: the night that they take over, and whom the clocks have paged."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import TypeAdapter

from services.triage.api.desk import Session, TriageDesk
from services.triage.queries.clocks import list_pages
from services.triage.queries.handover import hand_over
from services.triage.schemas import Handover, PageList
from shared import clock
from shared.http.answers import CursorText, Limit
from shared.http.reading import BY_TIME, Moment, Rank, decode_cursor
from shared.http.routes import StrictRoute
from shared.security import CASE_ROLES, Caller, Role, allow

router = APIRouter(route_class=StrictRoute, tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]
PLACE = TypeAdapter(tuple[bool, Rank, Moment, UUID])
Overseer = Annotated[Caller, allow(roles=(Role.MANAGER, Role.ADMIN))]


@router.get("/v1/handover")
async def get_handover(
    _caller: Staff, session: Session, desk: TriageDesk, limit: Limit = 50, cursor: CursorText = None
) -> Handover:
    """List what came in or was done out of hours since the last closing; nothing here tells who the child is."""
    return await hand_over(session, desk.hub, clock.now(), limit, decode_cursor(cursor, PLACE))


@router.get("/v1/pages")
async def get_pages(_caller: Overseer, session: Session, limit: Limit = 50, cursor: CursorText = None) -> PageList:
    """List the calls to the line of duty, the newest first, by reference."""
    return await list_pages(session, limit, decode_cursor(cursor, BY_TIME))
