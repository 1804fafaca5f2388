"""What became of what each agency sent in the last 28 days. Nothing here tells who a child is."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain.small_numbers import tell
from services.triage.models import Case
from services.triage.queries.contacts import STATUTORY_LEVEL, begins_at, days_before
from shared.db import first_id

Counts = Mapping[str, list[int]]
"""Of each agency: how many were decided at level 4, decided below it, and not decided yet."""


@dataclass(frozen=True)
class Outcomes:
    """How many contacts of one agency there were, and how many were decided at level 4 and below; None is not told."""

    contacts: int | None = None
    statutory: int | None = None
    below: int | None = None

    @property
    def share(self) -> int | None:
        """The share of level 4 in what was decided, in whole percent."""
        if self.statutory is None or self.below is None or not self.statutory + self.below:
            return None
        return round(100 * self.statutory / (self.statutory + self.below))


async def outcomes_by_agency(session: AsyncSession, now: datetime, zone: ZoneInfo) -> Mapping[str, Outcomes]:
    """Count the contacts by agency; small numbers and what would give them away are not told.

    The oversight page tells totals by source, so agencies that refer as the same keep each other's small numbers.
    """
    since = begins_at(days_before(now, zone)[0], zone)
    statutory = Case.decided_level >= STATUTORY_LEVEL
    counted = [
        func.count().filter(which)
        for which in (
            statutory,
            Case.decided_at.is_not(None) & statutory.is_not(True),
            Case.decided_at.is_(None) & statutory.is_not(True),
        )
    ]
    query = (
        select(Case.source, Case.agency, *counted)
        .where(Case.id >= first_id(since), Case.received_at >= since)
        .group_by(Case.source, Case.agency)
        .order_by(func.count(), Case.source, Case.agency)
    )
    rows = (await session.execute(query)).all()
    # The source that comes last is the one that an agency refers as most.
    refers_as = {agency: source for source, agency, *_ in rows}
    groups: dict[str | None, dict[str, list[int]]] = defaultdict(dict)
    for _, agency, *numbers in rows:
        counts = groups[refers_as[agency]].setdefault(agency, [0, 0, 0])
        counts[:] = map(sum, zip(counts, numbers, strict=True))
    return await asyncio.to_thread(_told, list(groups.values()))


def _told(groups: Sequence[Counts]) -> Mapping[str, Outcomes]:
    outcomes: dict[str, Outcomes] = {}
    for counts in groups:
        told = tell(list(counts.values()))
        for agency, total, parts in zip(counts, told.totals, told.rows, strict=True):
            outcomes[agency] = Outcomes(total, parts[0], parts[1])
    return outcomes
