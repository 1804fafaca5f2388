"""For those who answer for the front door: how it stands, the night, the policy in force, and the audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus
from services.triage.pages.charts import Caption, Share, chart_of, charts_of, day, hour, named, source, week
from services.triage.pages.page import Page, PageRoute, page_for
from services.triage.pages.queue import today_ends_at
from services.triage.pages.words import OVERSEERS
from services.triage.queries.challenges import open_challenges
from services.triage.queries.clocks import list_pages
from services.triage.queries.contacts import (
    answers_by_week,
    contacts_by_day,
    days_before,
    decisions_by_week,
    outcomes_by_source,
    recent_contacts,
)
from services.triage.queries.handover import hand_over
from services.triage.queries.oversight import audit_of, due_counts, forecast, waiting_cases
from services.triage.queries.tables import Table
from services.triage.queries.unallocated import longest_unallocated, unallocated_by_age, unallocated_by_day
from shared import clock
from shared.audit import record_access
from shared.db import new_id, transaction
from shared.security import CASE_ROLES, STAFF_ROLES
from shared.settings.hub import Hub

LONGEST_NAME = 255
NIGHT_ROWS = 100
PAGES_SHOWN = 20

OUTCOMES = {"statutory": "Decided at level 4", "other": "Below level 4, or not decided yet"}
CONVERSION = Share("Share at level 4", ("statutory",), ("statutory", "other"))
TURNS = {"in_time": "In time", "late": "Late", "running": "Still open, in time", "overdue": "Still open, overdue"}
TIMELY = Share("In time of those due", ("in_time",), ("in_time", "late", "overdue"))
AGES = {
    "hour": "Up to an hour",
    "four_hours": "1 to 4 hours",
    "day": "4 to 24 hours",
    "three_days": "1 to 3 days",
    "longer": "Longer than 3 days",
}
CAPTIONS = {
    "forecast": Caption("Falling due in the next eight working hours", "Falls due", {"due": "Cases"}, hour),
    "unallocated": Caption("Cases that nobody had when the day ended", "Day", {"unallocated": "Cases"}, day, days=True),
    "ages": Caption("Cases that nobody has now, by age", "Since receipt", {"unallocated": "Cases"}, named(AGES)),
    "contacts": Caption("Contacts by day", "Day", {"contacts": "Contacts"}, day, days=True),
    "sources": Caption("What became of contacts, by source", "Source", OUTCOMES, source, CONVERSION),
    "decisions": Caption("Decided within one working day, by week of receipt", "Week", TURNS, week, TIMELY),
    "answers": Caption("Referrer answered within one working day, by week of receipt", "Week", TURNS, week, TIMELY),
}

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
            "longest": await longest_unallocated(session),
            "countersign": await waiting_cases(session, CaseStatus.AWAITING_COUNTERSIGNATURE),
            "challenges": (await open_challenges(session, hub)).items,
            "pages": (await list_pages(session, PAGES_SHOWN, None)).items,
            "charts": charts_of(CAPTIONS, await tables(session, now, hub), hub),
        }
    return page.show("oversight.html", now=now, **shown)


@router.get("/desk/oversight/{oversight_chart}.csv")
async def get_oversight_chart(page: OverseersPage, oversight_chart: str) -> Response:
    """Return the numbers of one of the page's charts; the counts of the others are not spared."""
    hub = page.desk.hub
    async with transaction(page.db) as session:
        return chart_of(CAPTIONS, await tables(session, clock.now(), hub), hub, oversight_chart).csv()


async def tables(session: AsyncSession, now: datetime, hub: Hub) -> Mapping[str, Table]:
    days = days_before(now, hub.time_zone)
    contacts = await recent_contacts(session, now, hub.time_zone)
    return {
        "forecast": await forecast(session, now, hub),
        "unallocated": await unallocated_by_day(session, days, hub.time_zone),
        "ages": await unallocated_by_age(session, now),
        "contacts": contacts_by_day(contacts, days),
        "sources": outcomes_by_source(contacts),
        "decisions": decisions_by_week(contacts, days),
        "answers": answers_by_week(contacts, days),
    }


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
