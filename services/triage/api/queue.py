"""Staff find their work: lists of cases, one case, and the next most urgent."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.triage.actions.claim_case import claim_next_case
from services.triage.actions.desk import CASEWORK
from services.triage.api.desk import KnownCase, Session, TriageDesk, answer_with
from services.triage.queries.cases import Due, Filter, Queue, list_cases, show_case
from services.triage.schemas import CaseOut, CasePage
from shared.audit import record_access
from shared.http.answers import CursorText, Limit, decode_cursor, etag, respond
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]


@router.get("/v1/cases")
async def get_cases(
    caller: Staff,
    session: Session,
    desk: TriageDesk,
    queue: Queue = Queue.ALL,
    level: Annotated[int | None, Query(ge=1, le=4)] = None,
    priority: Annotated[str | None, Query(pattern="^(blue|green|amber|red)$")] = None,
    council: Annotated[str | None, Query(pattern="^[EWSN][0-9]{8}$")] = None,
    due: Due | None = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> CasePage:
    """List cases, those due first before the others; nothing here tells who the child is."""
    tomorrow = datetime.now(desk.hub.zone).date() + timedelta(days=1)
    today_ends_at = datetime.combine(tomorrow, time(), desk.hub.zone).astimezone(UTC)
    wanted = Filter(queue, caller.subject, today_ends_at, level, priority, council, due)
    return await list_cases(session, wanted, limit, decode_cursor(cursor, 2))


@router.get("/v1/cases/{case_id}")
async def get_case(caller: Staff, case: KnownCase, session: Session, desk: TriageDesk, response: Response) -> CaseOut:
    """Show one case whole. The read is audited before the body leaves."""
    await record_access(session, caller, "read", "case", [case.id], purpose=CASEWORK)
    response.headers.update(etag(case.version))
    return await show_case(session, desk.vault, case)


@router.post("/v1/cases/next", response_model=CaseOut, responses={204: {"description": "No case is unassigned."}})
async def post_next_case(caller: Staff, session: Session, desk: TriageDesk) -> Response:
    """Claim the most urgent unassigned case."""
    case = await claim_next_case(session, caller)
    return Response(status_code=204) if case is None else respond(await answer_with(session, desk, case))
