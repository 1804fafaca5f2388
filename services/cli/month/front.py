"""The whole front door in this process, on a throwaway server, at a time that the simulation sets.

Routes, consumers, outboxes, clocks and databases are the real ones. Only what they do by themselves is done here one
thing after another, and the time of services and databases stands still until it is moved.
"""

import tempfile
from asyncio import Event
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection
from uvicorn.lifespan.on import LifespanOn

from services.cli.month.times import Times
from services.front_door.app import compose
from services.front_door.clients import register_clients
from services.front_door.databases import DatabaseUrls
from services.front_door.embedded import entries_of
from services.front_door.folder import migrated
from services.triage.actions.claim_case import release_lapsed
from services.triage.actions.desk import Desk
from services.triage.worker import send_pages
from services.triage.worker.stepping import step_clocks
from shared import clock
from shared.db import Database, transaction
from shared.http.service import Service
from shared.inbox import consume
from shared.outbox import BATCH, Cursor, HandOn, open_cursor, read_round
from shared.settings.demo import load_demo

ISSUER = "http://front-door.test"


@dataclass
class Reader:
    """A consumer's way through the outbox of a producer; `woken` is set while there may be something to read."""

    connection: AsyncConnection
    cursor: Cursor
    hand_on: HandOn
    woken: Event

    async def read(self) -> None:
        """Read to the end. Nobody else writes meanwhile, so a batch that is not full is the last one."""
        taken = BATCH
        while taken >= BATCH or self.woken.is_set():
            self.woken.clear()
            taken = await read_round(self.connection, self.cursor, self.hand_on)


@dataclass
class Pager:
    """Counts the pages that duty staff are sent."""

    sent: int = 0

    async def send(self, to: str, text: str) -> None:
        del to, text
        self.sent += 1


@dataclass
class Front:
    """The front door as the simulation has it; `at` is the time that everything in it goes by."""

    app: FastAPI
    services: dict[str, Service]
    desk: Desk
    readers: Sequence[Reader]
    times: Times
    data_dir: Path
    hub_dir: Path
    pager: Pager = field(default_factory=Pager)

    @property
    def db(self) -> Database:
        return self.services["triage"].resources.db

    async def rest(self) -> None:
        """Let events travel until nobody has anything left to read."""
        while any(reader.woken.is_set() for reader in self.readers):
            for reader in self.readers:
                if reader.woken.is_set():
                    await reader.read()

    async def work(self) -> None:
        """Do what triage's worker does by itself, once: steps of clocks, pages, claims that lie idle."""
        await step_clocks(self.db, self.desk)
        await send_pages(self.db, self.desk, self.pager, ISSUER)
        async with transaction(self.db) as session:
            await release_lapsed(session)
        await self.rest()


@asynccontextmanager
async def opened(admin_url: str, places: dict[str, DatabaseUrls], data_dir: Path, hub_dir: Path, starts_at: datetime
                 ) -> AsyncIterator[Front]:  # fmt: skip
    """Open the front door at `starts_at`, on migrated databases of a server of which nobody else knows."""
    await register_clients(places["referrals"], data_dir, load_demo(hub_dir))
    built: list[Service] = []

    def beside(services: Sequence[Service]) -> Sequence[APIRouter]:
        built.extend(services)
        return ()

    async with AsyncExitStack() as stack:
        times = await stack.enter_async_context(Times.over(admin_url, places, starts_at))
        stack.enter_context(clock.told_by(lambda: times.at))
        app = compose(places, data_dir, ISSUER, beside, demo=True)
        state = await stack.enter_async_context(_living(app))
        readers = [
            await stack.enter_async_context(_reading(producer, consumer))
            for consumer in built
            for producer in built
            if producer.name in consumer.entries
        ]
        services = {service.name: service for service in built}
        yield Front(app, services, state["triage_desk"], readers, times, data_dir, hub_dir)


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Run the application's lifespan as its server does; gives what it yields."""
    config = uvicorn.Config(app, lifespan="on", log_config=None)
    config.load()
    lifespan = LifespanOn(config)
    await lifespan.startup()
    try:
        yield lifespan.state
    finally:
        await lifespan.shutdown()


@asynccontextmanager
async def _reading(producer: Service, consumer: Service) -> AsyncIterator[Reader]:
    db, woken = producer.resources.db, Event()
    hand_on = partial(consume, consumer.resources.db, consumer.name, entries_of(consumer))
    db.listeners.add(woken)
    async with db.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        yield Reader(connection, await open_cursor(connection, consumer.name), hand_on, woken)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="frontdoor-month-")


def prepared(data_dir: Path, admin_url: str) -> dict[str, DatabaseUrls]:
    """Make roles, databases and tables on the server."""
    return migrated(data_dir, admin_url)
