"""Reading what a relay sent, as a consumer does: committed records only."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from crm.topics import ensure_topics
from unified.broker import BrokerSettings
from unified.topics import all_topics


@dataclass(frozen=True)
class Sent:
    """One committed record."""

    key: str
    value: Any  #: decoded; None for a tombstone
    headers: dict[str, str]
    partition: int
    offset: int
    timestamp_ms: int


async def make_topics(broker: BrokerSettings) -> None:
    """Make every topic of the installation."""
    await ensure_topics(broker, all_topics(broker.prefix))


async def committed(broker: BrokerSettings, topic: str, *, at_least: int = 0) -> list[Sent]:
    """All committed records of a topic, in order; waits (at most 20 s) for `at_least` of them."""
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **broker.client_options(),
    )
    await consumer.start()
    found: list[Sent] = []
    try:
        places = [TopicPartition(topic, number) for number in range(broker.partitions)]
        consumer.assign(places)
        async with asyncio.timeout(20):
            ends = await consumer.end_offsets(places)
            while len(found) < at_least or await _behind(consumer, ends):
                batches = await consumer.getmany(timeout_ms=100)
                found += [_sent(each) for batch in batches.values() for each in batch]
    finally:
        await consumer.stop()
    return found


async def _behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    places = [place for place, end in ends.items() if end > 0]
    return any([await consumer.position(place) < ends[place] for place in places])


def _sent(record: Any) -> Sent:
    return Sent(
        key=record.key.decode(),
        value=None if record.value is None else msgspec.json.decode(record.value),
        headers={name: value.decode() for name, value in record.headers},
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
    )
