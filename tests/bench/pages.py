"""Row pages: the queue of 100 cases and the fullest case as staff load them, and a claim until another sees it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final, cast

import httpx

from services.cli.synthetic import load_cast, synthetic_referrals
from services.triage.app import build
from services.triage.pages.live import Changes
from services.triage.pages.queue import ROWS
from services.triage.settings import Settings
from shared.http.background import background
from shared.http.client import ServiceClient
from shared.http.service import Service, new_application
from shared.inbox import consume
from shared.settings.environment import Profile
from tests.bench.rows import Figures
from tests.bench.stage import Stage, sealing
from tests.bench.triage import submitted
from tests.conftest import HUB_FOLDER
from tests.fakes import ISSUER, OtherService, verifier
from tests.triage.pages.browsing import Browser

CASES: Final = 300
TURNS: Final = 25
SEED: Final = 7
QUEUE: Final = "/desk?queue=all"
GOALS: Final = {"queue": "at most 40 ms", "case": "at most 30 ms", "change": "at most 1 s"}
NOTE: Final = (
    "300 synthetic cases; the request of a signed-in manager through all of the application without a socket, from the "
    "cookie to the last byte: reading, unsealing, rendering and audit. The queue has 100 rows; the case is that with "
    "the longest page. The change is a claim by one screener, until another process's word of it has come and a second "
    "screener has loaded the queue again. Median, and fastest to slowest, of 25 turns each, and the median of "
    "the processor time of the process itself, which neighbours on the machine change least."
)

Turn = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Desk:
    """Triage in this process with what it hears of, and a client without a socket."""

    service: Service
    changes: Changes
    http: httpx.AsyncClient

    async def signed_in(self, persona: str) -> Browser:
        browser = Browser(self.http, ISSUER)
        await browser.sign_in(persona)
        return browser


async def pages(stage: Stage) -> Figures:
    async with _open(stage) as desk:
        manager, screener, other = [await desk.signed_in(name) for name in ("manager", "screener", "screener-2")]
        await manager.open(QUEUE)
        paths = re.findall(r'href="(/desk/cases/[^"]+)"', manager.page.text)
        if len(paths) != ROWS:
            raise RuntimeError(f"the queue has {len(paths)} rows")
        sizes = {path: len((await manager.open(path)).text) for path in paths}
        fullest = max(sizes, key=sizes.__getitem__)
        free = iter(paths)

        async def change() -> float:
            path, before = next(free), desk.changes.version
            await screener.open(path)
            begun = perf_counter()
            await screener.send(f"{path}/claim")
            while desk.changes.version == before:
                await desk.changes.wait(5)
            await other.open(QUEUE)
            return perf_counter() - begun

        lines = [
            (f"queue of {ROWS} rows", await _timed(lambda: manager.open(QUEUE)), GOALS["queue"]),
            ("the fullest case", await _timed(lambda: manager.open(fullest)), GOALS["case"]),
            ("a claim until another sees it", _shown([await change() for _ in range(TURNS)]), GOALS["change"]),
        ]
    return Figures("pages", lines, NOTE)


@asynccontextmanager
async def _open(stage: Stage) -> AsyncIterator[Desk]:
    referrals = OtherService()
    settings = Settings.model_validate({**sealing(stage.ways["triage"].app), "profile": Profile.DEMO})
    service = build(settings, cast("ServiceClient", referrals), cast("ServiceClient", OtherService()))
    app = new_application("Triage", "bench", verifier(), service.router, background("triage", service.work))
    made = synthetic_referrals(load_cast(HUB_FOLDER), SEED, datetime.now(UTC).date())
    async with app.router.lifespan_context(app) as state:
        messages = [submitted(referrals, document) for _, document in islice(made, CASES)]
        await consume(service.resources.db, "triage", service.entries["referrals"], messages)

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url=ISSUER) as http:
            yield Desk(service, (state or {})["triage_changes"], http)


async def _timed(turn: Turn) -> str:
    await turn()
    seconds, own = [], []
    for _ in range(TURNS):
        begun, worked = perf_counter(), process_time()
        await turn()
        seconds.append(perf_counter() - begun)
        own.append(process_time() - worked)
    return f"{_shown(seconds)}, {1000 * median(own):.0f} ms of this process"


def _shown(seconds: list[float]) -> str:
    least, middle, most = (1000 * value for value in (min(seconds), median(seconds), max(seconds)))
    return f"{middle:.0f} ms ({least:.0f} to {most:.0f})"
