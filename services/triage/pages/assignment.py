"""A manager hands several cases of the queue to a colleague, each in a transaction of its own; nobody decides so."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.triage.actions.claim_case import assign_case
from services.triage.actions.colleagues import find_colleague
from services.triage.api.desk import lock_version
from services.triage.pages.form import Form
from services.triage.pages.page import Page, PageRoute, form_for, page_for
from services.triage.queries.cases import find_case
from services.triage.schemas import AssignmentIn
from shared.db import transaction
from shared.http.validation import known_id
from shared.problems import BadRequest, PreconditionFailed, Problem
from shared.security import Role

MANAGERS = (Role.MANAGER,)
MOST_CASES = 100

router = APIRouter(route_class=PageRoute, include_in_schema=False)
ManagersPage = Annotated[Page, page_for(MANAGERS)]
ManagersForm = Annotated[Form, form_for(MANAGERS)]


@dataclass(frozen=True)
class Handed:
    """What became of one case: `problem` is what stopped it, which `stale` says was another's work meanwhile."""

    case_id: UUID
    reference: str
    problem: Problem | None = None

    @property
    def stale(self) -> bool:
        return isinstance(self.problem, PreconditionFailed)


@router.post("/desk/assignment")
async def post_assignment(page: ManagersPage, form: ManagersForm) -> Response:
    """Hand over every case that was ticked and is still as it was read; say which went and which did not."""
    ticked = form.many("case")
    if not ticked:
        raise BadRequest("Tick the cases to hand over, then send again.")
    if len(ticked) > MOST_CASES:
        raise BadRequest(f"Tick at most {MOST_CASES} cases.")
    to = form.text("to")
    if to is None:
        raise BadRequest("Choose the colleague who is to have them.")
    async with transaction(page.db) as session:
        name = (await find_colleague(session, page.desk, to)).name
    handed = [await _hand(page, one, AssignmentIn(to=to)) for one in dict.fromkeys(ticked)]
    return page.show("assigned.html", to=name, handed=handed)


async def _hand(page: Page, ticked: str, given: AssignmentIn) -> Handed:
    """Hand one case over; `ticked` is its id and the version that the queue showed."""
    case_id, _, version = ticked.partition(" ")
    asked, reference = known_id(case_id), ""
    try:
        async with transaction(page.db) as session:
            case = await find_case(session, asked)
            reference = case.reference
            locked = await lock_version(session, case.id, f'"{version}"')
            await assign_case(session, page.desk, locked, page.caller, given)
    except Problem as problem:
        return Handed(asked, reference, problem)
    return Handed(asked, reference)
