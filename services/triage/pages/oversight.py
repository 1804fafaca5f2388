"""For those who answer for the front door: how it stands, the night, the policy in force, and the audit."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.triage.domain import CaseStatus, OfferStatus
from services.triage.pages.download import as_csv
from services.triage.pages.page import Page, PageRoute, page_for
from services.triage.pages.queue import today_ends_at
from services.triage.pages.words import OVERSEERS
from services.triage.queries.challenges import open_challenges
from services.triage.queries.clocks import list_pages
from services.triage.queries.handover import hand_over
from services.triage.queries.oversight import (
    audit_of,
    contacts_by_day,
    conversion_by_agency,
    due_counts,
    offers_by_provider,
    timeliness,
    waiting_cases,
)
from services.triage.queries.unmet_needs import count_unmet
from shared import clock
from shared.audit import record_access
from shared.db import new_id, transaction
from shared.security import CASE_ROLES, STAFF_ROLES

LONGEST_NAME = 255
NIGHT_ROWS = 100
PAGES_SHOWN = 20

router = APIRouter(route_class=PageRoute, include_in_schema=False)
StaffPage = Annotated[Page, page_for(CASE_ROLES)]
OverseersPage = Annotated[Page, page_for(OVERSEERS)]
EverybodysPage = Annotated[Page, page_for(STAFF_ROLES)]


class Searched(BaseModel):
    """What the audit is searched for."""

    reference: str = Field("", max_length=LONGEST_NAME)
    who: str = Field("", max_length=LONGEST_NAME)


@router.get("/desk/oversight")
async def get_oversight(page: OverseersPage) -> Response:
    """Show the clocks now, what waits for a manager, and the last 28 days; nothing here tells who a child is."""
    now, hub = clock.now(), page.desk.hub
    async with transaction(page.db) as session:
        shown: dict[str, Any] = {
            "dues": await due_counts(session, now, today_ends_at(page.desk, now)),
            "countersign": await waiting_cases(session, CaseStatus.AWAITING_COUNTERSIGNATURE),
            "challenges": (await open_challenges(session, hub)).items,
            "pages": (await list_pages(session, PAGES_SHOWN, None)).items,
            "days": await contacts_by_day(session, now, hub.time_zone),
            "agencies": await conversion_by_agency(session, now),
            "timely": await timeliness(session, now),
        }
    return page.show("oversight.html", now=now, **shown)


@router.get("/desk/oversight/contacts.csv")
async def get_contacts(page: OverseersPage) -> Response:
    async with transaction(page.db) as session:
        days = await contacts_by_day(session, clock.now(), page.desk.hub.time_zone)
    return as_csv(("day", "contacts"), days)


@router.get("/desk/oversight/agencies.csv")
async def get_agencies(page: OverseersPage) -> Response:
    async with transaction(page.db) as session:
        agencies = await conversion_by_agency(session, clock.now())
    rows = [(one.agency.name, one.agency.shown, one.statutory.shown, one.share) for one in agencies]
    return as_csv(("agency", "contacts", "decided_at_level_4", "share"), rows)


@router.get("/desk/early-help")
async def get_early_help(page: EverybodysPage) -> Response:
    """Show what became of offers by provider, and for whom there was none; nothing here tells who a child is."""
    now = clock.now()
    async with transaction(page.db) as session:
        offers = await offers_by_provider(session, now)
        unmet = (await count_unmet(session, page.desk.hub, None, None)).items
    return page.show("early_help.html", now=now, offers=offers, states=list(OfferStatus), unmet=unmet)


@router.get("/desk/handover")
async def get_handover(page: StaffPage) -> Response:
    """Show what came in, or was worked on, since the last closing, by reference."""
    now = clock.now()
    async with transaction(page.db) as session:
        night = await hand_over(session, page.desk.hub, now, NIGHT_ROWS, None)
    return page.show("handover.html", night=night, now=now)


@router.get("/desk/policy")
async def get_policy(page: EverybodysPage) -> Response:
    """Show the policy in force as its file says it, and which version of it speaks."""
    policy = page.desk.policy
    return page.show("policy.html", document=policy.document, stamp=policy.stamp, vocabulary=policy.vocabulary)


@router.get("/desk/audit")
async def get_audit(page: OverseersPage, asked: Annotated[Searched, Query()]) -> Response:
    """Search who read or wrote what; the search is itself recorded."""
    async with transaction(page.db) as session:
        rows = await audit_of(session, asked.reference.strip() or None, asked.who.strip() or None)
        if rows:
            await record_access(session, page.caller, "audit.searched", "audit", [new_id()], purpose="oversight")
    return page.show("audit.html", asked=asked, rows=rows, searched=bool(asked.reference or asked.who))
