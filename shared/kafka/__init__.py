"""Kafka, the transport between services that run apart: each relays its outbox and consumes the others' topics."""

from shared.kafka.consumer import Observe, consume_topics
from shared.kafka.publisher import READERS, relay
from shared.kafka.topics import answers, create_topics, topic_of

__all__ = ["READERS", "Observe", "answers", "consume_topics", "create_topics", "relay", "topic_of"]
