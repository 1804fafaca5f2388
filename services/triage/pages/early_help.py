"""Early help as staff see it: what became of offers, which are open, the places of this week, and needs unmet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.pages.charts import Caption, Share, agency, chart_of, charts_of, named
from services.triage.pages.explained import indicator
from services.triage.pages.page import Page, PageRoute, page_for
from services.triage.pages.words import plain
from services.triage.queries.early_help import STATES, offers_by_age, offers_by_provider, open_offers, places_this_week
from services.triage.queries.tables import Table
from services.triage.queries.unmet_needs import AGE_BANDS, unmet_by_need, unmet_by_place
from shared import clock
from shared.db import transaction
from shared.security import CASE_ROLES, STAFF_ROLES
from shared.settings.hub import Hub

YEAR = 12
STATED = {str(state): plain(state) for state in STATES}
LAPSED = Share("Declined or bounced", ("declined", "bounced"), tuple(STATES))
AGES = {
    "day": "Up to a day",
    "three_days": "1 to 3 days",
    "week": "3 to 7 days",
    "four_weeks": "1 to 4 weeks",
    "longer": "Longer than 4 weeks",
}

router = APIRouter(route_class=PageRoute, include_in_schema=False)
EverybodysPage = Annotated[Page, page_for(STAFF_ROLES)]


def band(key: str) -> str:
    """Say in years what a band of a service says in months: `unborn-71` is `unborn to 5`."""
    begins, ends = key.split("-")
    first = "unborn" if begins == "unborn" else str(int(begins) // YEAR)
    return f"{first} to {(int(ends) + 1) // YEAR - 1}"


def service(_: Hub, key: tuple[str, str]) -> str:
    return f"{plain(key[0])}, {band(key[1])}"


def place(hub: Hub, key: tuple[str, str]) -> str:
    council, district = key
    return f"{district or 'District not known'}, {hub.councils.get(council, 'council not known')}"


def need(hub: Hub, code: str) -> str:
    return indicator(hub, code) or "Not coded"


CAPTIONS = {
    "offers": Caption("Offers of the last 28 days, by provider and state", "Provider", STATED, agency, LAPSED),
    "ages": Caption("Open offers, by the time since they were made", "Made", STATED, named(AGES)),
    "places": Caption("Places of this week", "Service and ages", {"taken": "Taken", "free": "Free"}, service),
    "unmet": Caption(
        "Children for whom no service was found, by place and age",
        "Place",
        {age: plain(age) if age[0].isalpha() else age.replace("-", " to ") for age in AGE_BANDS},
        place,
    ),
    "needs": Caption("What they needed", "Need", {"children": "Children"}, need),
}


@router.get("/desk/early-help")
async def get_early_help(page: EverybodysPage) -> Response:
    """Show how early help goes; nothing here tells who a child is, and only case workers are led to cases."""
    now, hub = clock.now(), page.desk.hub
    works = bool(page.caller.roles & set(CASE_ROLES))
    async with transaction(page.db) as session:
        charts = charts_of(CAPTIONS, await tables(session, now, hub), hub)
        offers = await open_offers(session) if works else ()
    return page.show("early_help.html", now=now, charts=charts, offers=offers, works=works)


@router.get("/desk/early-help/{help_chart}.csv")
async def get_help_chart(page: EverybodysPage, help_chart: str) -> Response:
    hub = page.desk.hub
    async with transaction(page.db) as session:
        return chart_of(CAPTIONS, await tables(session, clock.now(), hub), hub, help_chart).csv()


async def tables(session: AsyncSession, now: datetime, hub: Hub) -> Mapping[str, Table]:
    return {
        "offers": await offers_by_provider(session, now),
        "ages": await offers_by_age(session, now),
        "places": await places_this_week(session),
        "unmet": await unmet_by_place(session, hub),
        "needs": await unmet_by_need(session, hub),
    }
