"""What a relay relies on Kafka for, as scenarios that any Kafka can be put through.

The in-memory one of the simulation goes through them in virtual time, the embedded broker and
Apache Kafka in real time; all must let readers of committed records see the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from aiokafka.errors import KafkaError

from handlers.producer import Producer


class Kafka(Protocol):
    """One Kafka under trial, with a topic of its own."""

    topic: str

    async def relay(self) -> Producer:
        """A started producer of the shard's `transactional.id`, the same each time."""
        ...

    async def seen(self) -> list[bytes]:
        """What readers of committed records see of the topic now."""
        ...


async def send(kafka: Kafka, producer: Producer, *values: bytes) -> None:
    """Put records into the open transaction, and wait until Kafka has them."""
    futures = [
        await producer.send(kafka.topic, key=b"k", value=value, partition=0, headers=())
        for value in values
    ]
    await asyncio.gather(*futures)


async def _committed(kafka: Kafka) -> list[bytes]:
    producer = await kafka.relay()
    try:
        async with producer.transaction():
            await send(kafka, producer, b"1", b"2")
            assert await kafka.seen() == []
        async with producer.transaction():
            await send(kafka, producer, b"3")
        return await kafka.seen()
    finally:
        await producer.stop()


async def _taken_back(kafka: Kafka) -> list[bytes]:
    producer = await kafka.relay()
    try:
        with suppress(LookupError):
            async with producer.transaction():
                await send(kafka, producer, b"taken back")
                raise LookupError
        async with producer.transaction():
            await send(kafka, producer, b"meant")
        return await kafka.seen()
    finally:
        await producer.stop()


async def _fenced(kafka: Kafka) -> list[bytes]:
    """The older one is thrown away after its refusal, as a relay does."""
    older, newer = await kafka.relay(), None
    refused = False
    try:
        try:
            async with older.transaction():
                await send(kafka, older, b"old")
                newer = await kafka.relay()
        except KafkaError:
            refused = True
        assert refused
        assert newer is not None
        async with newer.transaction():
            await send(kafka, newer, b"new")
        return await kafka.seen()
    finally:
        await older.stop()
        if newer is not None:
            await newer.stop()


async def _left_open(kafka: Kafka) -> list[bytes]:
    """What a killed relay had not committed is aborted by its successor's start."""
    killed = await kafka.relay()
    await killed.transaction().__aenter__()
    await send(kafka, killed, b"never committed")
    successor = await kafka.relay()
    try:
        async with successor.transaction():
            await send(kafka, successor, b"committed")
        return await kafka.seen()
    finally:
        await successor.stop()
        with suppress(KafkaError):
            await killed.stop()


#: By name: what is done, and what readers see of it in the end.
SCENARIOS: dict[str, tuple[Callable[[Kafka], Awaitable[list[bytes]]], list[bytes]]] = {
    "committed records are seen in order, none before the commit": (_committed, [b"1", b"2", b"3"]),
    "a transaction that is taken back leaves nothing": (_taken_back, [b"meant"]),
    "a newer producer fences the older": (_fenced, [b"new"]),
    "a successor's start ends what was left open": (_left_open, [b"committed"]),
}
