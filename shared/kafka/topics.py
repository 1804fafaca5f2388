"""The topics, as `deploy/kafka/topics.yaml` declares them; made by `frontdoor migrate`, named by relay and consumer."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code
from pydantic import BaseModel, ConfigDict, Field

from shared.kafka.connection import KAFKA_AWAY, REQUEST_MS, back_off, stopped
from shared.problems import Unavailable

DECLARATION: Final = Path(__file__).parents[2] / "deploy" / "kafka" / "topics.yaml"
DEAD_LETTERS: Final = ".dead-letters"
IN_SYNC: Final = "min.insync.replicas"
PATIENCE_SECONDS: Final = 60.0


class Topics(BaseModel):
    """What the file declares; `settings` has Kafka's own names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    replication: int = Field(ge=1)
    settings: dict[str, int | bool | str]
    partitions: dict[str, int]


def topic_of(service: str) -> str:
    """Return the topic that a service's outbox is relayed to."""
    return f"frontdoor.{service}"


def declared() -> Topics:
    return Topics.model_validate(yaml.safe_load(DECLARATION.read_text()))


async def create_topics(bootstrap: str, *, replication: int | None = None) -> list[str]:
    """Make the topics that are not there yet and return their names.

    `replication` overrides the declared one, for a single broker. Waits a minute for Kafka; raises `Unavailable`
    where it stays away or refuses a topic.
    """
    failures = 0
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(*KAFKA_AWAY, AttributeError):  # aiokafka's word for a cluster without a controller yet
                    return await _create(bootstrap, declared(), replication)
                await back_off(failures)
                failures += 1
    except TimeoutError:
        raise Unavailable("Kafka does not answer. Is FRONTDOOR_KAFKA its address, and is it running?") from None


async def _create(bootstrap: str, topics: Topics, replication: int | None) -> list[str]:
    copies = replication or topics.replication
    settings = {name: _as_kafka_says(value) for name, value in topics.settings.items()}
    settings[IN_SYNC] = str(min(copies, int(settings[IN_SYNC])))
    wanted = [NewTopic(name, count, copies, topic_configs=settings) for name, count in topics.partitions.items()]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        reply = await admin.create_topics(wanted)
    finally:
        await stopped(admin.close())
    made = []
    for name, code, *_ in reply.topic_errors:
        error = for_code(code)
        if error is NoError:
            made.append(name)
        elif error is not TopicAlreadyExistsError and not error.retriable:
            raise Unavailable(f"Kafka refused the topic {name}: {error.__name__}.")
        elif error is not TopicAlreadyExistsError:
            raise error(name)
    return made


def _as_kafka_says(value: int | bool | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def answers(bootstrap: str, within_seconds: float = 2.0) -> bool:
    """Tell whether Kafka answers a metadata request, for readiness."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(within_seconds * 1000))
    try:
        async with asyncio.timeout(within_seconds):
            await admin.start()
            return True
    except KAFKA_AWAY:
        return False
    finally:
        await stopped(admin.close())
