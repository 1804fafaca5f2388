"""Counts the children for whom no service of early help was found; small numbers could tell who they are."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain.small_numbers import tell
from services.triage.models import UnmetNeed
from services.triage.queries.tables import Table, largest_first, told_table
from services.triage.schemas import UnmetNeedOut, UnmetNeedPage
from shared import clock
from shared.settings.hub import Hub

LEAST_NEED = 2
"""Indicators of level 1 are what goes well."""
SPAN = timedelta(days=365)
AGE_BANDS = ("unborn", "under 1", "1-4", "5-9", "10-15", "16-19", "20 and over", "not known")

Recorded = tuple[ColumnElement[bool], ColumnElement[bool]]
Place = tuple[str, str]
"""Council and postcode district, either empty where it is not known."""
Need = tuple[int, str]
"""Level and code of an indicator, empty where nothing was coded."""


async def count_unmet(session: AsyncSession, hub: Hub, since: date | None, until: date | None) -> UnmetNeedPage:
    """Return the counts from one local day to another, both included, by place, age band, level and need.

    Where it is not told how many children of a place and age there are, it is of none of their needs.
    """
    recorded = _between(hub, since, until)
    told = await _told_groups(session, recorded)
    return UnmetNeedPage(
        items=[
            UnmetNeedOut(
                council=place[0] or None,
                district=place[1] or None,
                age_band=band,
                level=level,
                need=need or None,
                children=number if told.get((place, band), True) else None,
            )
            for (place, band), needs in sorted((await _by_need(session, hub, recorded)).items())
            for (level, need), number in _told(needs)
        ]
    )


async def unmet_by_place(session: AsyncSession, hub: Hub) -> Table:
    """Count the children of the last twelve months by place and age band."""
    return await _by_place(session, _between(hub, None, None))


async def unmet_by_need(session: AsyncSession, hub: Hub) -> Table:
    """Count them by indicator, a child with several under each."""
    counts: Counter[str] = Counter()
    for needs in (await _by_need(session, hub, _between(hub, None, None))).values():
        for (_, need), number in needs.items():
            counts[need] += number
    return told_table(("children",), largest_first({need: [number] for need, number in counts.items()}))


def _between(hub: Hub, since: date | None, until: date | None) -> Recorded:
    last = until or clock.now().astimezone(hub.time_zone).date()
    first = since or last - SPAN
    begins, ends = (datetime.combine(day, time(), hub.time_zone) for day in (first, last + timedelta(days=1)))
    return UnmetNeed.recorded_at >= begins, UnmetNeed.recorded_at < ends


async def _by_place(session: AsyncSession, recorded: Recorded) -> Table:
    place = (func.coalesce(UnmetNeed.council, ""), func.coalesce(UnmetNeed.district, ""))
    query = select(*place, UnmetNeed.age_band, func.count()).where(*recorded).group_by(*place, UnmetNeed.age_band)
    found = (await session.execute(query)).all()
    bands = [band for band in AGE_BANDS if any(row[2] == band for row in found)]
    counts: dict[Hashable, list[int]] = defaultdict(lambda: [0] * len(bands))
    for council, district, band, number in found:
        counts[council, district][bands.index(band)] += number
    return told_table(bands, largest_first(counts))


async def _told_groups(session: AsyncSession, recorded: Recorded) -> dict[tuple[Hashable, str], bool]:
    """Tell of each place and age band whether its number of children is told."""
    table = await _by_place(session, recorded)
    return {
        (row.key, band): number is not None
        for row in table.rows
        for band, number in zip(table.series, row.numbers, strict=True)
    }


async def _by_need(session: AsyncSession, hub: Hub, recorded: Recorded) -> Mapping[tuple[Place, str], Counter[Need]]:
    needs = {indicator.code for indicator in hub.indicators if indicator.level >= LEAST_NEED}
    counted: dict[tuple[Place, str], Counter[Need]] = defaultdict(Counter)
    for row in await session.scalars(select(UnmetNeed).where(*recorded)):
        group = (row.council or "", row.district or ""), row.age_band
        counted[group].update((row.level, need) for need in needs.intersection(row.needs) or ("",))
    return counted


def _told(needs: Mapping[Need, int]) -> Iterator[tuple[Need, int | None]]:
    ordered = sorted(needs)
    for need, (number,) in zip(ordered, tell([[needs[need]] for need in ordered]).rows, strict=True):
        yield need, number
