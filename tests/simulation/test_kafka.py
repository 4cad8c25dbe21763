"""The network in memory keeps Kafka's promises about transactions, and breaks where it is told."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError, ProducerFenced

from tests.simulation.engine import Engine
from tests.simulation.kafka import Broker, SimulatedProducer
from tests.simulation.loop import VirtualLoop
from tests.simulation.trace import Trace
from tests.simulation.weather import Weather

NAME = "xero.relay.3"


@pytest.fixture
def weather() -> Iterator[Weather]:
    """A world without a database."""
    loop = VirtualLoop()
    yield Weather(loop, cast(Engine, None), random.Random(1), Trace())  # noqa: S311  # play
    loop.forget()


@pytest.fixture
def broker(weather: Weather) -> Broker:
    """Kafka in that world."""
    return Broker(weather)


def run(broker: Broker, work: Callable[[], Awaitable[Any]]) -> Any:
    """Play until the work has ended."""

    async def play() -> Any:
        return await work()

    return broker.weather.loop.run_until_complete(play())


async def started(broker: Broker) -> SimulatedProducer:
    """A producer that has taken over the name."""
    producer = SimulatedProducer(broker, NAME)
    await producer.start()
    return producer


async def send(producer: SimulatedProducer, *values: bytes) -> None:
    """Put records into the open transaction and wait until Kafka has them."""
    futures = [
        await producer.send("events", key=b"k", value=value, partition=0, headers=())
        for value in values
    ]
    await asyncio.gather(*futures)


def values(broker: Broker) -> list[object]:
    """What readers of committed records see."""
    return [record.value for record in broker.read()]


def test_records_are_seen_once_committed_and_in_order(broker: Broker) -> None:
    """Before the commit a reader sees nothing of a transaction, after it everything."""

    async def work() -> list[object]:
        producer = await started(broker)
        async with producer.transaction():
            await send(producer, b"1", b"2")
            before = values(broker)
        return before

    assert run(broker, work) == []
    assert values(broker) == [b"1", b"2"]


def test_a_failed_block_leaves_nothing(broker: Broker) -> None:
    """An exception aborts the transaction."""

    async def work() -> None:
        producer = await started(broker)
        async with producer.transaction():
            await send(producer, b"1")
            raise LookupError

    with pytest.raises(LookupError):
        run(broker, work)
    assert values(broker) == []


def test_a_newer_producer_fences_the_older(broker: Broker) -> None:
    """A relay that wakes late can neither send nor commit behind its successor."""

    async def work() -> None:
        older = await started(broker)
        with pytest.raises(ProducerFenced):  # noqa: PT012  # the commit is refused
            async with older.transaction():
                await send(older, b"old")
                newer = await started(broker)
        async with newer.transaction():
            await send(newer, b"new")
        with pytest.raises(ProducerFenced):  # as above
            async with older.transaction():
                await send(older, b"late")

    run(broker, work)

    assert values(broker) == [b"new"]


def test_a_transaction_that_stays_open_is_aborted(broker: Broker) -> None:
    """Its producer died: nothing of it is ever seen, and nobody else need come for that."""

    async def work() -> None:
        producer = await started(broker)
        await send(producer, b"1")
        await asyncio.sleep(60.0)
        with pytest.raises(ProducerFenced):
            await producer.end(committed=True)

    run(broker, work)

    assert (values(broker), broker.open) == ([], {})


def test_a_commit_may_happen_unheard(broker: Broker) -> None:
    """The worst case for a relay: Kafka has it, and the relay was told of a failure."""

    async def work() -> None:
        producer = await started(broker)
        await send(producer, b"1")
        broker.weather.trouble.kafka_unheard = 1.0
        with pytest.raises(KafkaTimeoutError):
            await producer.end(committed=True)

    run(broker, work)

    assert values(broker) == [b"1"]


def test_a_broker_that_is_away_fails_the_sender(broker: Broker) -> None:
    """And the producer stays failed: whoever made it has to throw it away."""

    async def work() -> None:
        producer = await started(broker)
        broker.weather.kafka_away = True
        with pytest.raises(KafkaError):  # the send fails, then the commit
            async with producer.transaction():
                await send(producer, b"1")
        broker.weather.kafka_away = False
        with pytest.raises(KafkaError):
            await producer.send("events", key=b"k", value=b"2", partition=0, headers=())

    run(broker, work)

    assert values(broker) == []
