"""Staff find their work: lists of cases, one case, and the next most urgent."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.triage.actions.claim_case import claim_next_case
from services.triage.actions.desk import CASEWORK
from services.triage.api.desk import ChargedCase, ReadCase, Session, TriageDesk, answer_with
from services.triage.queries.cases import Due, Filter, Queue, list_cases, show_case
from services.triage.queries.links import nearest, show_candidates
from services.triage.schemas import CaseOut, CasePage
from shared import clock
from shared.allowances import Allowance
from shared.audit import record_access
from shared.http.answers import etag, respond
from shared.http.limits import Charged
from shared.http.reading import BY_TIME, Count, decode_cursor
from shared.http.routes import StrictRoute
from shared.security import CASE_ROLES, Caller, allow

router = APIRouter(route_class=StrictRoute, tags=["cases"])
Staff = Annotated[Caller, allow(roles=CASE_ROLES)]
Claimer = Annotated[Caller, allow(roles=CASE_ROLES, allowance=Allowance.CLAIMS)]


class CaseQuery(BaseModel):
    """What a list of cases is narrowed to, as the URL says it."""

    queue: Queue = Queue.ALL
    level: Count | None = Field(None, ge=1, le=4)
    priority: str | None = Field(None, pattern="^(blue|green|amber|red)$")
    council: str | None = Field(None, pattern="^[EWSN][0-9]{8}$", description="ONS code.")
    due: Due | None = None
    limit: Count = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=512, description="`next_cursor` of the page before.")


@router.get("/v1/cases")
async def get_cases(
    caller: Staff, session: Session, desk: TriageDesk, asked: Annotated[CaseQuery, Query()]
) -> CasePage:
    """List cases, those due first before the others; nothing here tells who the child is."""
    tomorrow = clock.now().astimezone(desk.hub.time_zone).date() + timedelta(days=1)
    wanted = Filter(
        owner=caller.subject,
        today_ends_at=datetime.combine(tomorrow, time(), desk.hub.time_zone).astimezone(UTC),
        **asked.model_dump(exclude={"limit", "cursor"}),
    )
    return await list_cases(session, wanted, asked.limit, decode_cursor(asked.cursor, BY_TIME))


@router.get("/v1/cases/{case_id}")
async def get_case(
    caller: Staff, _: ChargedCase, case: ReadCase, session: Session, desk: TriageDesk, response: Response
) -> CaseOut:
    """Show one case whole; of very many matches some alone say who is meant. The read is audited before it leaves."""
    await record_access(session, caller, "read", "case", [case.id], purpose=CASEWORK)
    response.headers.update(etag(case.version))
    shown = await show_case(session, desk.vault, case)
    named = nearest(shown.matches)
    others = [match.other_case.id for match in named]
    await record_access(session, caller, "match.read", "case", others, purpose=CASEWORK)
    candidates = {match.id: match for match in await show_candidates(session, desk.vault, case, named)}
    return shown.model_copy(update={"matches": [candidates.get(match.id, match) for match in shown.matches]})


@router.post("/v1/cases/next", response_model=CaseOut, responses={204: {"description": "No case is unassigned."}})
async def post_next_case(caller: Claimer, _: Charged, session: Session, desk: TriageDesk) -> Response:
    """Claim the most urgent unassigned case; below red, one whose child the caller knows comes first."""
    case = await claim_next_case(session, desk, caller)
    return Response(status_code=204) if case is None else respond(await answer_with(session, desk, case))
