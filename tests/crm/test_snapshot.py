"""Reading to the end while a transaction is under way: two ends, and who needs which."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from crm.snapshot import all_partitions, snapshot
from crm.topics import ensure_topics
from unified.broker import BrokerSettings
from unified.topics import all_topics, invoice_status_topic

PATIENCE_S = 90.0

pytestmark = pytest.mark.needs_kafka


async def values(broker: BrokerSettings, *, settled: bool) -> list[bytes | None]:
    """All that a reader sees of the topic."""
    topic = invoice_status_topic(broker.prefix)
    reading = snapshot(broker, all_partitions(broker.partitions, topic), settled=settled)
    return [record.value async for batch in reading for record in batch]


async def test_settled_reader_waits_for_what_is_about_to_be_committed(
    kafka_broker: BrokerSettings,
) -> None:
    """As an acknowledged commit is, until its marks stand in every partition; any other reader
    ends before it."""
    await ensure_topics(kafka_broker, all_topics(kafka_broker.prefix, ()))
    topic = invoice_status_topic(kafka_broker.prefix)
    producer = AIOKafkaProducer(
        **kafka_broker.client_options(), transactional_id=f"{kafka_broker.prefix}-snapshot"
    )
    await producer.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async with producer.transaction():
                await producer.send_and_wait(topic, b"before", key=b"k", partition=0)
            async with producer.transaction():
                await producer.send_and_wait(topic, b"under way", key=b"k", partition=0)
                assert await values(kafka_broker, settled=False) == [b"before"]
                waiting = asyncio.create_task(values(kafka_broker, settled=True))
                assert not (await asyncio.wait({waiting}, timeout=1.0))[0]

            assert await waiting == [b"before", b"under way"]
    finally:
        await producer.stop()
