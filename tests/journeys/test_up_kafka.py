"""`frontdoor up` with a Kafka: one process, whose services talk through topics instead of through tables."""

import asyncio
import json
from pathlib import Path

import httpx
from sqlalchemy import select

from services.cli.running import opened
from shared.db import transaction
from shared.outbox import outbox_cursor
from tests.conftest import EXAMPLES
from tests.faults.front_door import FrontDoor
from tests.journeys.conftest import World
from tests.journeys.test_one_referral import eventually
from tests.kafka.broker import cluster, need_kafka

SCHOOL = "towcester-primary"


def test_up_takes_kafka_where_it_is_given(tmp_path: Path) -> None:
    """A referral becomes a case, and the only readers of the outboxes are relays."""
    need_kafka()
    with cluster() as kafka:
        settings = {"FRONTDOOR_KAFKA": kafka.bootstrap, "FRONTDOOR_KAFKA_REPLICATION": "1"}
        door = FrontDoor(tmp_path.resolve() / "data", **settings)
        door.start()
        try:
            door.await_ready()
            with httpx.Client(base_url=door.url, timeout=40, trust_env=False) as http:
                world = World(door, http)
                assert http.get("/health/ready").json()["dependencies"]["kafka"] == "up"
                document = json.loads((EXAMPLES / "03-attendance-and-routines.json").read_text())
                made = world.submit(SCHOOL, document).json()["id"]
                assert eventually(lambda: world.case_of(made), 120)["status"] == "routed"
            assert asyncio.run(_readers(door.data_dir)) == [["kafka", "kafka.urgent"], ["kafka"], ["kafka"]]
        finally:
            assert door.stop() == 0


async def _readers(data_dir: Path) -> list[list[str]]:
    """Return who reads each service's outbox."""
    found = []
    readers = select(outbox_cursor.c.reader).order_by(outbox_cursor.c.reader)
    async with opened(data_dir) as databases:
        for db in databases.values():
            async with transaction(db) as session:
                found.append(list((await session.scalars(readers)).all()))
    return found
