"""What every client of Kafka here shares: what being away looks like, how long to wait, how to let go."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, Final

from aiokafka.errors import ConsumerStoppedError, KafkaError

KAFKA_AWAY: Final = (KafkaError, ConsumerStoppedError, OSError, TimeoutError)
FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0
STOP_SECONDS: Final = 10.0
REQUEST_MS: Final = 20_000


async def back_off(failures: int) -> None:
    """Wait longer with every failure in a row, with jitter, so that clients do not come back all at once."""
    longest = min(FIRST_WAIT_SECONDS * 2 ** min(failures, 10), LONGEST_WAIT_SECONDS)
    await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter


def raise_if_cancelled() -> None:
    """Raise the cancellation that a client swallowed: until Python 3.12 `wait_for` may, and aiokafka is built on it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def stopped(stopping: Coroutine[Any, Any, None]) -> bool:
    """Wait for a client's own farewell within bounds, and tell whether it came to its end.

    It may wait for a broker that never comes back, or end cancelled because one of the client's own tasks was.
    """
    farewell = asyncio.create_task(stopping)
    await asyncio.wait({farewell}, timeout=STOP_SECONDS)
    farewell.cancel()
    (outcome,) = await asyncio.gather(farewell, return_exceptions=True)
    return outcome is None
