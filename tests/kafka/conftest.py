"""One real broker for the suite, started when the first test needs it."""

from collections.abc import Iterator

import pytest

from tests.kafka.broker import Broker, cluster, need_kafka


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    need_kafka()
    with cluster(1) as alone:
        yield alone.brokers[0]
