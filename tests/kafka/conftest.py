"""One real broker for the suite, started when the first test needs it."""

from collections.abc import Iterator

import pytest

from tests.kafka.broker import Broker, cluster, need_kafka


@pytest.fixture(scope="session")
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
