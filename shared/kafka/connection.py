"""What every client of Kafka here shares: what being away looks like, how long to wait, how to let go."""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

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


async def stopped(stopping: Awaitable[None]) -> bool:
    """Wait for a client's own `stop()` within bounds, since it may wait for a broker that never comes back."""
    with suppress(*KAFKA_AWAY):
        await asyncio.wait_for(stopping, STOP_SECONDS)
        return True
    return False
