"""The simulation's Kafka is held to what the embedded broker and Apache Kafka do."""

import random
from dataclasses import replace
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from crm.topics import ensure_topics
from handlers.producer import Producer, kafka_producer
from tests.simulation.engine import Engine
from tests.simulation.kafka import Broker, SimulatedProducer
from tests.simulation.loop import VirtualLoop
from tests.simulation.promises import SCENARIOS
from tests.simulation.trace import Trace
from tests.simulation.weather import Weather
from unified.broker import BrokerSettings
from unified.resources import resource
from unified.topics import all_topics, events_topic


class InMemory:
    """The simulation's."""

    topic = "promised"

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def relay(self) -> Producer:
        """As `promises.Kafka`."""
        producer = SimulatedProducer(self._broker, "relay.3")
        await producer.start()
        return producer

    async def seen(self) -> list[bytes]:
        """As `promises.Kafka`."""
        return [record.value for record in self._broker.read() if isinstance(record.value, bytes)]


class Real:
    """One behind a socket, with a topic of the test's own."""

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self.topic = events_topic(broker.prefix, resource("invoice"))

    async def relay(self) -> Producer:
        """As `promises.Kafka`."""
        # With transactions on the embedded broker, too, though no relay of ours has them there.
        producer = kafka_producer(replace(self._broker, embedded=False), 3)
        await producer.start()
        return producer

    async def seen(self) -> list[bytes]:
        """As `promises.Kafka`: everything up to the last stable offset."""
        place = TopicPartition(self.topic, 0)
        consumer = AIOKafkaConsumer(
            isolation_level="read_committed",
            enable_auto_commit=False,
            **self._broker.client_options(),
        )
        await consumer.start()
        try:
            consumer.assign([place])
            consumer.seek(place, 0)
            last_stable = (await consumer.end_offsets([place]))[place]
            found: list[bytes] = []
            while await consumer.position(place) < last_stable:
                for records in (await consumer.getmany(place, timeout_ms=1000)).values():
                    found.extend(record.value for record in records)
            return found
        finally:
            await consumer.stop()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_kafka_in_memory(name: str) -> None:
    """Readers see what the scenario says."""
    scenario, expected = SCENARIOS[name]
    loop = VirtualLoop()
    weather = Weather(loop, cast(Engine, None), random.Random(1), Trace())  # noqa: S311  # play
    try:

        async def play() -> list[bytes]:
            return await scenario(InMemory(Broker(weather)))

        assert loop.run_until_complete(play()) == expected
    finally:
        loop.forget()


@pytest.mark.parametrize("name", SCENARIOS)
async def test_kafka_behind_a_socket(name: str, broker: BrokerSettings) -> None:
    """The embedded broker and Apache Kafka let readers see the same."""
    scenario, expected = SCENARIOS[name]
    kafka = Real(broker)
    made = [each for each in all_topics(broker.prefix) if each.name == kafka.topic]
    await ensure_topics(broker, made)

    assert await scenario(kafka) == expected
