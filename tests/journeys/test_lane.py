"""A child in danger passes the flood: the order in which cases open, on both shapes of the front door."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import make_url

from services.front_door.folder import database_urls
from tests.conftest import EXAMPLES
from tests.factories import another_family
from tests.journeys.conftest import World
from tests.journeys.test_one_referral import eventually

FLOOD = 200
MOST_BEFORE = FLOOD * 9 // 10


class Cases:
    """Triage's table of cases, which can be held so that none opens."""

    def __init__(self, data_dir: Path) -> None:
        self._runner = asyncio.Runner()
        way = make_url(database_urls(data_dir)["triage"].owner).set(drivername="postgresql")
        self._connection: Any = self._run(asyncpg.connect(way.render_as_string(hide_password=False)))

    def _run(self, work: Any) -> Any:
        return self._runner.run(_awaited(work))

    def hold(self) -> None:
        self._run(self._connection.execute("BEGIN; LOCK TABLE cases IN SHARE MODE"))

    def release(self) -> None:
        self._run(self._connection.execute("COMMIT"))

    def in_order(self) -> list[UUID]:
        """Return the referrals of which there is a case, in the order in which these opened."""
        rows = self._run(self._connection.fetch("SELECT referral_id FROM cases ORDER BY opened_at"))
        return [row["referral_id"] for row in rows]

    def close(self) -> None:
        self._run(self._connection.close())
        self._runner.close()


async def _awaited(work: Any) -> Any:
    return await work


@contextmanager
def cases_of(world: World) -> Iterator[Cases]:
    cases = Cases(world.door.data_dir)
    try:
        yield cases
    finally:
        cases.close()


def ordinary(number: int) -> dict[str, Any]:
    """Return a referral of a family of its own, in no danger, that takes no place of an early help service."""
    document = json.loads((EXAMPLES / "05-self-harm-after-exclusion.json").read_text())
    surname = "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}").title()
    return another_family(document, surname * 2, born=f"20{8 + number % 12:02}-{1 + number % 9:02}-1{number % 9}")


def test_a_child_in_danger_passes_a_flood(world: World) -> None:
    """With another agency's referrals all before it, the urgent one has its case before nine in ten of theirs."""
    danger = json.loads((EXAMPLES / "06-almost-empty-urgent.json").read_text())
    with cases_of(world) as cases:
        cases.hold()
        try:
            with ThreadPoolExecutor(8) as pool:
                sent = list(pool.map(lambda number: world.submit("northants-police", ordinary(number)), range(FLOOD)))
            last = world.submit("towcester-primary", danger)
        finally:
            cases.release()
        assert {reply.status_code for reply in (*sent, last)} == {202}
        flood = {UUID(reply.json()["id"]) for reply in sent}
        urgent = UUID(last.json()["id"])

        eventually(lambda: {*flood, urgent} <= set(cases.in_order()), 120)
        opened = cases.in_order()
        assert len(flood & set(opened[: opened.index(urgent)])) < MOST_BEFORE
        assert len(opened) == len(set(opened))
