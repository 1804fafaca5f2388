"""What happens next in a simulated month, and the front door's own clocks between."""

import heapq
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import text

from services.cli.month.front import Front
from shared.db import transaction

NEVER = datetime.max.replace(tzinfo=UTC)
MINUTE, RESOLUTION = timedelta(minutes=1), timedelta.resolution

Act = Callable[[], Awaitable[None]]

_seen = text(
    """
    SELECT least((SELECT min(next_at) FROM clocks WHERE ended_at IS NULL),
                 (SELECT min(next_at) FROM pages),
                 (SELECT min(lease_until) + interval '1 second' FROM cases WHERE status = 'claimed')) AS due_at,
           count(*) AS waiting,
           count(*) FILTER (WHERE priority = 'red' AND acknowledged_at IS NULL) AS red
    FROM cases WHERE status = 'unassigned'
    """
)


@dataclass(frozen=True)
class Seen:
    """When the front door has something to do by itself next; the cases that wait for a person, and the red ones."""

    due_at: datetime | None
    waiting: int
    red: int


@dataclass
class Agenda:
    """Acts by their minute, and within one in the order in which they were put down."""

    front: Front
    _acts: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def now(self) -> datetime:
        return self.front.times.at

    def put(self, at: datetime, act: Act) -> None:
        minute = max(at, self.now) + MINUTE - RESOLUTION
        heapq.heappush(self._acts, (minute.replace(second=0, microsecond=0), next(self._numbers), act))

    def put_in(self, after: timedelta, act: Act) -> None:
        self.put(self.now + after, act)

    async def live(self, until: datetime, look: Callable[[Seen], None]) -> None:
        """Let everything happen up to `until`: at each moment first the clocks, then the acts, then `look`.

        Events come to rest after the clocks and after the acts, so nothing depends on which of two things is faster.
        """
        seen = await self._look()
        while (at := min(self._next_act(), seen.due_at or NEVER)) <= until:
            await self.front.times.move_to(at)
            if seen.due_at is not None and seen.due_at <= at:
                await self.front.work()
            while self._acts and self._acts[0][0] <= at:
                await heapq.heappop(self._acts)[2]()
            await self.front.rest()
            seen = await self._look()
            look(seen)
        await self.front.times.move_to(until)

    def _next_act(self) -> datetime:
        return self._acts[0][0] if self._acts else NEVER

    async def _look(self) -> Seen:
        async with transaction(self.front.db) as session:
            return Seen(*(await session.execute(_seen)).one())
