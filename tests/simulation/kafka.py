"""Kafka in memory: topics, transactions and fencing, and a producer that can be failed anywhere.

The broker keeps what Kafka promises and no more: one epoch per `transactional.id`, raised by each
start, so that an older producer is refused; records of a transaction are visible once it is
committed; a transaction that stays open is aborted after its time-out. Not here: groups, offsets,
compaction. A producer sends in the background and in order, as aiokafka's does, so what was
buffered when its program fell asleep goes out late.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFenced,
    RequestTimedOutError,
)

from handlers.producer import TRANSACTION_TIMEOUT_MS
from oracle.inputs import KafkaRecord
from tests.simulation.weather import Weather
from unified.broker import BrokerSettings


@dataclass
class _Transaction:
    """Records that stand or fall together; `committed` is None while it is open."""

    committed: bool | None = None
    records: int = 0


@dataclass(frozen=True)
class _Record:
    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass
class Broker:
    """All topics, and the coordinator of transactions."""

    weather: Weather
    log: list[tuple[_Record, _Transaction]] = field(default_factory=list)
    epochs: dict[str, int] = field(default_factory=dict)
    open: dict[str, _Transaction] = field(default_factory=dict)
    fenced: int = 0

    def initialise(self, name: str) -> int:
        """A producer starts: what an earlier one left open is aborted, and it is fenced."""
        self._end(name, committed=False)
        self.epochs[name] = self.epochs.get(name, 0) + 1
        return self.epochs[name]

    def append(self, name: str, epoch: int, records: Sequence[_Record]) -> None:
        """Take records into the producer's transaction, all of them.

        Raises:
            ProducerFenced: a newer one has started, or the transaction took too long.
        """
        self._check(name, epoch)
        transaction = self.open.get(name)
        if transaction is None:
            transaction = self.open[name] = _Transaction()
            asyncio.get_running_loop().call_later(
                TRANSACTION_TIMEOUT_MS / 1000, self._too_long, name, transaction
            )
        for record in records:
            self.log.append((record, transaction))
        transaction.records += len(records)

    def end(self, name: str, epoch: int, *, committed: bool) -> None:
        """End the producer's transaction.

        Raises:
            ProducerFenced: as `append`.
        """
        self._check(name, epoch)
        self._end(name, committed=committed)

    def read(self) -> list[KafkaRecord]:
        """Every committed record, in the order of each partition."""
        offsets: dict[tuple[str, int], int] = {}
        found = []
        for record, transaction in self.log:
            place = record.topic, record.partition
            offset = offsets[place] = offsets.get(place, -1) + 1
            if transaction.committed:
                found.append(KafkaRecord(*place, offset, record.key, record.headers, record.value))
        return found

    def _check(self, name: str, epoch: int) -> None:
        if self.epochs.get(name) != epoch:
            self.fenced += 1
            raise ProducerFenced

    def _end(self, name: str, *, committed: bool) -> None:
        transaction = self.open.pop(name, None)
        if transaction is not None:
            transaction.committed = committed

    def _too_long(self, name: str, transaction: _Transaction) -> None:
        if self.open.get(name) is transaction:
            self._end(name, committed=False)
            self.epochs[name] += 1


class SimulatedProducer:
    """What the relay uses of aiokafka's transactional producer."""

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker = broker
        self._weather = broker.weather
        self._name = name
        self._epoch = 0
        self._buffer: list[tuple[_Record, asyncio.Future[Any]]] = []
        self._sending: asyncio.Task[None] | None = None
        self._failed: KafkaError | None = None

    async def start(self) -> None:
        """Take over the name. Raises KafkaError."""
        await self._request("start", self._initialise)

    async def stop(self) -> None:
        """Send what is buffered still, as aiokafka does, and end."""
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)

    def transaction(self) -> "_TransactionContext":
        """One transaction."""
        return _TransactionContext(self)

    async def send(
        self,
        topic: str,
        *,
        key: bytes,
        value: bytes | None,
        partition: int,
        headers: Sequence[tuple[str, bytes]],
    ) -> "asyncio.Future[Any]":
        """Buffer a record; it leaves in the background."""
        if self._failed is not None:
            raise self._failed
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # Nobody need ask each one: the transaction's end tells.
        future.add_done_callback(lambda done: done.exception())
        self._buffer.append((_Record(topic, partition, key, value, tuple(headers)), future))
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())
        return future

    async def _send_all(self) -> None:
        await asyncio.sleep(self._weather.hop_s())
        while self._buffer:
            batch, self._buffer = self._buffer, []
            records = [record for record, _ in batch]
            try:
                await self._request("send", lambda: self._append(records))  # noqa: B023  # awaited here
            except KafkaError as error:
                self._failed = error
                batch += self._buffer
                self._buffer = []
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for _, future in batch:
                    if not future.done():
                        future.set_result(None)
        self._sending = None

    async def end(self, *, committed: bool) -> None:
        """Commit or abort, once everything sent is acknowledged. Raises KafkaError."""
        if self._sending is not None:
            await self._sending
        if self._failed is not None:
            if committed:
                raise self._failed
            return
        await self._request(
            "commit" if committed else "abort",
            lambda: self._broker.end(self._name, self._epoch, committed=committed),
        )

    def _initialise(self) -> None:
        self._epoch = self._broker.initialise(self._name)

    def _append(self, records: Sequence[_Record]) -> None:
        self._broker.append(self._name, self._epoch, records)

    async def _request(self, what: str, do: Callable[[], None]) -> None:
        weather, trouble = self._weather, self._weather.trouble
        await asyncio.sleep(weather.hop_s())
        if weather.kafka_away:
            await asyncio.sleep(weather.hop_s())
            raise KafkaConnectionError("the broker is away")
        if weather.chance(trouble.kafka_fails):
            weather.tell(f"kafka fails before {what} of {self._name}")
            raise RequestTimedOutError
        do()
        weather.detail(f"kafka {what} {self._name} epoch {self._epoch}")
        await weather.pass_by(f"kafka {what}")
        if weather.chance(trouble.kafka_unheard):
            weather.tell(f"kafka is not heard after {what} of {self._name}")
            raise KafkaTimeoutError
        await asyncio.sleep(weather.hop_s())


class _TransactionContext:
    def __init__(self, producer: SimulatedProducer) -> None:
        self._producer = producer

    async def __aenter__(self) -> None:
        """Nothing to ask: a transaction begins with its first record."""

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self._producer.end(committed=kind is None)


def producers(broker: Broker) -> Callable[[BrokerSettings, int], SimulatedProducer]:
    """Makes the producers of the relays."""

    def made(settings: BrokerSettings, shard: int) -> SimulatedProducer:
        return SimulatedProducer(broker, f"{settings.prefix}.relay.{shard}")

    return made
