"""The staff of a simulated month: who takes the next case when, day and night. What they do with it is casework."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from services.cli.month.agenda import Agenda, Seen
from services.cli.month.calls import Worker
from services.cli.month.casework import Casework
from services.cli.month.habits import StaffHabit
from shared.calendar import is_open, next_opening

WORKING_DAYS = 22
TURN = timedelta(minutes=1)
NOTHING_FOR_ME = timedelta(minutes=15)
NIGHT = Worker("out-of-hours", "out_of_hours")
ROUNDS = (timedelta(minutes=90), timedelta(hours=4, minutes=30), timedelta(hours=7))
"""When, after opening, routes are confirmed and new information is looked for."""


def team_for(contacts: int, habit: StaffHabit) -> tuple[list[Worker], list[Worker]]:
    """Return as many social workers and screeners as so many contacts a month ask for."""
    social_workers = max(2, round(contacts / WORKING_DAYS / habit.contacts_a_day))
    screeners = max(1, social_workers // habit.screener_for)
    return (
        [Worker(f"social-worker-{n}", "social_worker") for n in range(1, social_workers + 1)],
        [Worker(f"screener-{n}", "screener") for n in range(1, screeners + 1)],
    )


@dataclass
class Team:
    """`idle` wait for work in the order in which they became free; `called` is the duty worker, until the answer."""

    agenda: Agenda
    casework: Casework
    idle: deque[Worker] = field(default_factory=deque)
    called: bool = False

    def begin(self, workers: Iterable[Worker], until: datetime) -> None:
        """Put down the openings of the hub, and the rounds of each day."""
        self.idle.extend(workers)
        for opening in self._openings(until):
            self.agenda.put(opening, self.open)
            for after in ROUNDS:
                self.agenda.put(opening + after, self.casework.go_round)

    def _openings(self, until: datetime) -> Iterator[datetime]:
        at = next_opening(self.agenda.now, self.agenda.front.desk.hub)
        while at < until:
            yield at
            at = next_opening(at, self.agenda.front.desk.hub)

    async def open(self) -> None:
        """Do nothing: that a moment has come is enough for somebody to look."""

    def look(self, seen: Seen) -> None:
        """Send whoever is idle to the cases that wait; while the hub is closed, the duty worker to a red one."""
        if is_open(self.agenda.now, self.agenda.front.desk.hub):
            for _ in range(min(seen.waiting, len(self.idle))):
                self.agenda.put_in(TURN, partial(self.turn, self.idle.popleft()))
        elif seen.red and not self.called:
            self.called = True
            self.agenda.put_in(self._until_answered(), self.answer)

    async def turn(self, worker: Worker) -> None:
        """Take the next case, and be busy with it for a while."""
        minutes = 0.0
        if is_open(self.agenda.now, self.agenda.front.desk.hub):
            minutes = await self.casework.take_next(worker)
        busy = timedelta(minutes=minutes) if minutes else NOTHING_FOR_ME
        self.agenda.put_in(busy, partial(self.free, worker))

    async def answer(self) -> None:
        """Let the duty worker answer for what is red and waits for an answer."""
        self.called = False
        await self.casework.acknowledge_red(NIGHT)

    def _until_answered(self) -> timedelta:
        chance = self.casework.chances.of("answered", self.agenda.now)
        return timedelta(minutes=chance.uniform(*self.casework.habit.minutes_at_night))

    async def free(self, worker: Worker) -> None:
        self.idle.append(worker)
