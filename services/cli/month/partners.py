"""The partners of a simulated month: providers of early help, and agencies that are asked for information."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from urllib.parse import urlsplit

from services.cli.month.agenda import Agenda
from services.cli.month.calls import Calls
from services.cli.month.habits import AskedHabit, Chances, ProviderHabits
from shared.calendar import is_open, next_opening

PAGE = 200
OFFERED = "uk.frontdoor.early_help.offered.v1"
ASKED = "uk.frontdoor.information.requested.v1"
RESULTS = ("needs_met", "some_progress", "family_ended")

Take = Callable[[str, str, int], Awaitable[None]]


@dataclass
class Partners:
    """Every partner follows its event feed in working hours, and acts on what the feed points at."""

    agenda: Agenda
    calls: Calls
    chances: Chances
    providers: ProviderHabits
    asked: AskedHabit
    numbers: dict[str, int]
    _feeds: dict[str, str] = field(default_factory=dict)

    async def follow(self, slug: str, every: timedelta) -> None:
        """Read the feed to its end, and again after a while."""
        takes: Mapping[str, Take] = {OFFERED: self._consider, ASKED: self._answer}
        while True:
            after = self._feeds.get(slug, "")
            page = await self.calls.as_agency(slug, "GET", f"/v1/events?limit={PAGE}&after={after}" if after
                                              else f"/v1/events?limit={PAGE}")  # fmt: skip
            for event in page.document["items"]:
                if event["type"] in takes:
                    path = urlsplit(event["data"]["detail_url"]).path
                    await takes[event["type"]](slug, path, self.numbers[event["data"]["referral_id"]])
            self._feeds[slug] = page.document["next_cursor"]
            if len(page.document["items"]) < PAGE:
                break
        self._at_work(every, partial(self.follow, slug, every))

    async def _consider(self, slug: str, path: str, number: int) -> None:
        """Decide, having read the offer, what becomes of it; silence is a decision too."""
        habit, chance = self.providers.of(slug), self.chances.of("offer", slug, number)
        read = await self.calls.as_agency(slug, "GET", path)
        draw = chance.random() - habit.silent
        if read.status != 200 or draw < 0:  # noqa: PLR2004
            return
        if draw < habit.has_no_place:
            act = partial(self._send, slug, f"{path}/decline", {"reason": "No place is free with us."})
        elif draw < habit.has_no_place + habit.family_refuses:
            act = partial(self._send, slug, f"{path}/decline", {"reason": "family_refused"})
        else:
            act = partial(self._accept, slug, path, chance)
        self._at_work(timedelta(hours=chance.uniform(1, 20)), act)

    async def _accept(self, slug: str, path: str, chance: Random) -> None:
        reply = await self.calls.as_agency(slug, "POST", f"{path}/acceptance", {})
        if reply.status == 200 and chance.random() >= self.providers.of(slug).never_starts:  # noqa: PLR2004
            self._at_work(timedelta(days=chance.uniform(1, 9)), partial(self._start, slug, path, chance))

    async def _start(self, slug: str, path: str, chance: Random) -> None:
        on = self.agenda.now.astimezone(self.agenda.front.desk.hub.time_zone).date().isoformat()
        reply = await self.calls.as_agency(slug, "POST", f"{path}/start", {"on": on})
        habit, draw = self.providers.of(slug), chance.random()
        if reply.status != 200:  # noqa: PLR2004
            return
        if draw < habit.steps_up:
            step_up = partial(self._send, slug, f"{path}/step-up", {"reason": "More is needed than we can give."})
            self._at_work(timedelta(days=chance.uniform(1, 7)), step_up)
        elif draw < habit.steps_up + habit.closes:
            close = partial(self._send, slug, f"{path}/closure", {"result": chance.choice(RESULTS)})
            self._at_work(timedelta(days=chance.uniform(5, 15)), close)

    async def _answer(self, slug: str, path: str, number: int) -> None:
        chance = self.chances.of("asked", slug, number)
        draw = chance.random() - self.asked.silent
        if draw < 0:
            return
        body = {"refuse_reason": "We may not share this."} if draw < self.asked.refuses else {"answer": "We know them."}
        self._at_work(timedelta(minutes=chance.uniform(10, 240)), partial(self._send, slug, f"{path}/response", body))

    async def _send(self, slug: str, path: str, body: dict[str, Any]) -> None:
        await self.calls.as_agency(slug, "POST", path, body)

    def _at_work(self, after: timedelta, act: Callable[[], Awaitable[None]]) -> None:
        self.agenda.put(_in_hours(self.agenda.now + after, self.agenda), act)


def _in_hours(at: datetime, agenda: Agenda) -> datetime:
    hub = agenda.front.desk.hub
    return at if is_open(at, hub) else next_opening(at, hub)
