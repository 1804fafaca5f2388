"""The automatic route: offers go out at once where the policy allows it; a person still confirms."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import TRIAGE, Desk, Verdict, note, put_on_queue, tell
from services.triage.actions.offers import came_back, make_offer, withdraw_offers
from services.triage.actions.places import find_help, record_unmet
from services.triage.domain import CaseStatus, Unfinished
from services.triage.models import Case
from services.triage.routing import Choice
from shared.events import CaseRouted

NEEDED_TO_ROUTE = frozenset({Unfinished.DETAILS, Unfinished.PEOPLE, Unfinished.ASSESSMENT, Unfinished.DUTIES})


async def follow_verdict(session: AsyncSession, desk: Desk, case: Case, verdict: Verdict) -> None:
    """Route the case where every child may be and a service fits each; take the route back where it no longer holds.

    A case that came back from a provider, or stands without what could speak against a route, waits for a person.
    """
    may_route = verdict.may_route and NEEDED_TO_ROUTE.isdisjoint(case.unfinished)
    if may_route and case.status in (CaseStatus.UNASSIGNED, CaseStatus.CLAIMED):
        if await came_back(session, case):
            return
        choices = await find_help(session, verdict.seekers)
        await record_unmet(session, case, choices)
        if all(choice.service for choice in choices):
            await _route(session, desk, case, choices)
    elif not may_route:
        await withdraw_route(session, desk, case)


async def withdraw_route(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Take an automatic route back, where the case is on one: a person has it next."""
    if case.status == CaseStatus.ROUTED:
        await withdraw_offers(session, desk, case)
        put_on_queue(case)
        await note(session, case, TRIAGE, "case.route_withdrawn")


async def _route(session: AsyncSession, desk: Desk, case: Case, choices: Sequence[Choice]) -> None:
    case.status = CaseStatus.ROUTED
    case.lease_until = None
    await tell(session, case, CaseRouted, f"/v1/cases/{case.id}", case.agency)
    for choice in choices:
        await make_offer(session, desk, case, choice)
    await note(session, case, TRIAGE, "case.routed")
