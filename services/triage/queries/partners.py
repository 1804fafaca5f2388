"""What became of what each agency sent in the last 28 days. Nothing here tells who a child is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain.small_numbers import tell
from services.triage.models import Case
from shared.db import first_id

SPAN = timedelta(days=28)
STATUTORY_LEVEL = 4


@dataclass(frozen=True)
class Outcomes:
    """How many contacts of one agency there were, and how many were decided at level 4; None is not told."""

    contacts: int | None
    statutory: int | None

    @property
    def share(self) -> int | None:
        """The share decided at level 4, in whole percent."""
        return None if not self.contacts or self.statutory is None else round(100 * self.statutory / self.contacts)


async def outcomes_by_agency(session: AsyncSession, now: datetime) -> Mapping[str, Outcomes]:
    """Count the contacts by agency, most first; small numbers and what would give them away are not told."""
    statutory = func.count().filter(Case.decided_level >= STATUTORY_LEVEL)
    query = select(Case.agency, func.count(), statutory).where(Case.id >= first_id(now - SPAN)).group_by(Case.agency)
    rows = (await session.execute(query.order_by(func.count().desc(), Case.agency))).all()
    told = tell([[reached, number - reached] for _, number, reached in rows])
    return {row[0]: Outcomes(total, parts[0]) for row, parts, total in zip(rows, told.rows, told.totals, strict=True)}
