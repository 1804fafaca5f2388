"""Counts the children for whom no service of early help was found; small numbers could tell who they are."""

from collections import Counter
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import UnmetNeed
from services.triage.schemas import UnmetNeedOut, UnmetNeedPage
from shared.settings.hub import Hub

FEWEST_SHOWN = 5
LEAST_NEED = 2
"""Indicators of level 1 are what goes well."""
SPAN = timedelta(days=365)


async def count_unmet(session: AsyncSession, hub: Hub, since: date | None, until: date | None) -> UnmetNeedPage:
    """Return the counts from one local day to another, both included, by place, age band, level and need."""
    last = until or datetime.now(hub.time_zone).date()
    first = since or last - SPAN
    begins, ends = (datetime.combine(day, time(), hub.time_zone) for day in (first, last + timedelta(days=1)))
    query = select(UnmetNeed).where(UnmetNeed.recorded_at >= begins, UnmetNeed.recorded_at < ends)
    needs = {indicator.code for indicator in hub.indicators if indicator.level >= LEAST_NEED}
    counted = Counter(
        (row.council or "", row.district or "", row.age_band, row.level, need)
        for row in await session.scalars(query)
        for need in needs.intersection(row.needs) or ("",)
    )
    return UnmetNeedPage(
        items=[
            UnmetNeedOut(
                council=council or None,
                district=district or None,
                age_band=age_band,
                level=level,
                need=need or None,
                children=number if number >= FEWEST_SHOWN else None,
            )
            for (council, district, age_band, level, need), number in sorted(counted.items())
        ]
    )
