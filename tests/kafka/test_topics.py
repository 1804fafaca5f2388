"""Topics are what the file declares, made once, and refused in words that help."""

import pytest

from shared.events import FACTS, ReferralSubmitted
from shared.kafka import answers, create_topics, topic_of
from shared.kafka.topics import DEAD_LETTERS, declared
from shared.outbox import LANE
from shared.problems import Unavailable
from tests.kafka.broker import Broker, free_port


def test_each_service_that_speaks_has_a_topic_and_one_for_its_dead_letters() -> None:
    """The file declares both topics for every source of events and for the lane, and nothing else."""
    topics = {topic_of(fact.source) for fact in FACTS} | {topic_of(ReferralSubmitted.source) + LANE}
    assert set(declared().partitions) == topics | {topic + DEAD_LETTERS for topic in topics}


async def test_topics_are_made_once(broker: Broker) -> None:
    """The declared topics are made on the first call; a second finds them there."""
    assert sorted(await create_topics(broker.bootstrap, replication=1)) == sorted(declared().partitions)
    assert await create_topics(broker.bootstrap, replication=1) == []


async def test_too_few_brokers_are_refused_in_words(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three copies on one broker are a refusal that names the topic, not a wait."""
    wanted = declared().model_copy(update={"partitions": {"frontdoor.nowhere": 1}})
    monkeypatch.setattr("shared.kafka.topics.declared", lambda: wanted)
    with pytest.raises(Unavailable) as refusal:
        await create_topics(broker.bootstrap)
    assert refusal.value.detail == "Kafka refused the topic frontdoor.nowhere: InvalidReplicationFactorError."


async def test_readiness_tells_a_broker_from_none(broker: Broker) -> None:
    """A running broker answers; a port where nothing listens does not."""
    assert await answers(broker.bootstrap, 30)
    assert not await answers(f"127.0.0.1:{free_port()}")
