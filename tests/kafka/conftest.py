"""One real broker for the suite, started when the first test needs it."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.kafka.broker import Broker, cluster, need_kafka


@pytest.fixture(scope="package")
def only_broker() -> Iterator[Broker]:
    need_kafka()
    with cluster(1) as alone:
        yield alone.brokers[0]


@pytest.fixture
def broker(only_broker: Broker) -> Broker:
    """Give the broker, running, whatever a test before did to it."""
    if only_broker.jvm is None:
        only_broker.start()
    return only_broker


@pytest.fixture(autouse=True)
async def let_go() -> AsyncIterator[None]:
    """Let what is left of a test go at its end, and not in the next.

    A client of aiokafka that is cancelled between its first connection and the first answer leaves that open.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
        await asyncio.sleep(0)
        gc.collect()
