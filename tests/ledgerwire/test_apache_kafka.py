"""The real Apache Kafka that tests run against: fetched, started, used, wounded, stopped."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ProducerFenced

from ledgerwire import apache_kafka as real
from ledgerwire import kafka_artifacts
from ledgerwire.kafka_artifacts import KafkaUnavailable
from unified.broker import BrokerSettings


async def _make_topic(bootstrap: str, topic: str, *, replicas: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, replicas)])
    await admin.close()


async def _producer(bootstrap: str, transactional_id: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        transactional_id=transactional_id,
        transaction_timeout_ms=10_000,
        acks="all",
    )
    await producer.start()
    return producer


async def _read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    """Return the first committed values; raise TimeoutError when they do not come."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_committed_transactions_are_read_and_aborted_ones_are_not(
    broker: BrokerSettings,
) -> None:
    """What a reader of committed records sees is the same on both brokers."""
    topic = f"{broker.prefix}.transactions"
    await _make_topic(broker.bootstrap, topic)
    producer = await _producer(broker.bootstrap, f"{broker.prefix}.writer")
    async with producer.transaction():
        await producer.send_and_wait(topic, b"kept 1", partition=0)
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"aborted", partition=0)
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send_and_wait(topic, b"kept 2", partition=0)
    await producer.stop()

    assert await _read(broker.bootstrap, topic, 2) == [b"kept 1", b"kept 2"]


async def test_a_second_producer_of_the_same_id_fences_the_first(broker: BrokerSettings) -> None:
    """The relay's safety rests on it, so both brokers must do it."""
    topic = f"{broker.prefix}.fencing"
    await _make_topic(broker.bootstrap, topic)
    first = await _producer(broker.bootstrap, f"{broker.prefix}.shard")
    await first.begin_transaction()
    await first.send_and_wait(topic, b"zombie", partition=0)

    second = await _producer(broker.bootstrap, f"{broker.prefix}.shard")
    with pytest.raises(ProducerFenced):
        await first.commit_transaction()
    async with second.transaction():
        await second.send_and_wait(topic, b"successor", partition=0)
    await first.stop()
    await second.stop()

    assert await _read(broker.bootstrap, topic, 1) == [b"successor"]


@pytest.mark.needs_kafka
@pytest.mark.timeout(240)
async def test_three_nodes_lose_one_and_nothing_acknowledged(tmp_path: Path) -> None:
    """With one broker of three killed, what was acknowledged is read and writing goes on."""
    cluster = await asyncio.to_thread(real.start, tmp_path, nodes=3, deadline_s=120)
    try:
        await _make_topic(cluster.bootstrap, "replicated", replicas=3)
        producer = await _producer(cluster.bootstrap, "writer")
        async with producer.transaction():
            await producer.send_and_wait("replicated", b"before", partition=0)
        cluster.kill_node(cluster.nodes[0])
        async with producer.transaction():
            await producer.send_and_wait("replicated", b"after", partition=0)
        await producer.stop()
        left = ",".join(node.address for node in cluster.nodes[1:])
        assert await _read(left, "replicated", 2) == [b"before", b"after"]

        cluster.start_node(cluster.nodes[0])
        await asyncio.to_thread(cluster.wait_until_up, deadline_s=60)
    finally:
        await asyncio.to_thread(cluster.stop)


def test_without_java_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The reason stands in one sentence, for the summary of skipped tests and for `make kafka`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    assert kafka_artifacts.missing() == "Java 17 or newer"
    with pytest.raises(KafkaUnavailable, match="Apache Kafka needs Java 17 or newer"):
        kafka_artifacts.fetch()
