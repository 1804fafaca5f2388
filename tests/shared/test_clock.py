"""Who tells the time."""

import asyncio
from datetime import UTC, datetime

from shared import clock

LONG_AGO = datetime(2001, 2, 3, 4, 5, tzinfo=UTC)


def test_the_machine_tells_the_time() -> None:
    """Unless another clock was named, the time lies between two looks at the machine's."""
    assert datetime.now(UTC) <= clock.now() <= datetime.now(UTC)


async def test_another_clock_tells_tasks_that_start_under_it() -> None:
    """What starts inside the block keeps the other clock; what comes after the block has the machine's."""

    async def read() -> datetime:
        return clock.now()

    with clock.told_by(lambda: LONG_AGO):
        started = asyncio.create_task(read())
        assert clock.now() == LONG_AGO
    assert await started == LONG_AGO
    assert clock.now().year > LONG_AGO.year
