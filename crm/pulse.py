"""Is Kafka there, and how far behind it are we? Asked beside the rounds, which can't tell.

A consumer whose broker is gone reads nothing and complains of nothing: to its rounds that looks
like a topic on which nothing happens.
"""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from crm.health import Health

EVERY_S = 5.0
ANSWER_S = 10.0  #: longer than that is no answer


async def feel(consumer: AIOKafkaConsumer, topic: str, health: Health) -> None:
    """Ask every few seconds where the partitions end, and note it; for as long as it may run."""
    while True:
        try:
            async with asyncio.timeout(ANSWER_S):
                behind = await _behind(consumer, topic)
        except (KafkaError, OSError, TimeoutError):
            pass  # whoever looks at `kafka_at` sees it grow old
        else:
            health.kafka_answered(behind)
        await asyncio.sleep(EVERY_S)


async def _behind(consumer: AIOKafkaConsumer, topic: str) -> int:
    ours = consumer.assignment()
    # Whoever has no partition asks all the same: an idle instance must be ready to take over.
    ends = await consumer.end_offsets(list(ours) or [TopicPartition(topic, 0)])
    behind = 0
    for tp in ours:
        try:
            behind += max(ends[tp] - await consumer.position(tp), 0)
        except IllegalStateError:
            continue  # taken from us just now
    return behind
