"""The relay: committed events to Kafka, in order, by one owner per shard.

A batch's events and states are one Kafka transaction, and rows are marked after its commit, so a
crash in between repeats them with the same ids. Any failure throws the producer away and starts
again at the lowest unsent row: that, and the shard's own `transactional.id`, keep a relay that was
paused and wakes late from writing behind its successor.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from aiokafka.errors import KafkaError

from handlers.metrics import HandlerMetrics
from handlers.producer import MakeProducer, Producer, kafka_producer
from handlers.waiting import Slices, either, until
from storage.database import Database
from storage.errors import LeaseLost, StorageError
from storage.relay import (
    Unrelayed,
    UnrelayedAnnouncement,
    UnrelayedEvent,
    mark_relayed,
    unrelayed,
)
from unified.broker import BrokerSettings
from unified.clock import Clock
from unified.codecs import instant_text
from unified.envelope import state_headers
from unified.partition import partition_of
from unified.resources import resource as resource_named
from unified.topics import control_topic, dead_topic, events_topic, key, state_topic

BATCH = 500  #: events per Kafka transaction
FIRST_WAIT_S = 0.2  #: after a failure, doubling up to LONGEST_WAIT_S
LONGEST_WAIT_S = 10.0

Assure = Callable[[], Awaitable[None]]
"""Makes sure that the shard is still ours to send, and stays so for a while; raises LeaseLost."""

log = structlog.get_logger(__name__)


async def _nobody_else() -> None:
    """For a shard that no other process knows of."""


@dataclass(frozen=True, slots=True)
class _Message:
    topic: str
    key: bytes
    value: bytes | None
    partition: int
    headers: list[tuple[str, bytes]]


class ShardRelay:
    """Sends one shard's events; owned by whoever holds the shard's lease."""

    def __init__(
        self,
        db: Database,
        broker: BrokerSettings,
        clock: Clock,
        shard: int,
        metrics: HandlerMetrics,
        *,
        make_producer: MakeProducer = kafka_producer,
    ) -> None:
        self._db = db
        self._broker = broker
        self._clock = clock
        self._shard = shard
        self._metrics = metrics
        self._make_producer = make_producer
        self._producer: Producer | None = None
        self._failures = 0

    async def start(self) -> None:
        """Take over the shard's `transactional.id`: an earlier owner's open transaction ends,
        which would hide later records of its partitions from readers.

        Raises:
            KafkaError: the broker can't be reached, or refuses.
        """
        producer = self._make_producer(self._broker, self._shard)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def close(self) -> None:
        """Give the producer back; an open transaction is aborted by the broker's time-out or by
        the next owner's start."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await producer.stop()
            except KafkaError as error:
                log.warning("relay_close_failed", shard=self._shard, error=type(error).__name__)

    async def relay_once(self) -> int:
        """Send the oldest unsent batch; returns how many rows Kafka acknowledged.

        Raises:
            KafkaError: nothing was marked; the producer is gone, the next call makes a new one.
            StorageError: nothing was marked, though Kafka may have it already.
        """
        batch = await self._oldest()
        if batch:
            await self._relay(batch)
        return len(batch)

    async def _oldest(self) -> Unrelayed:
        return await unrelayed(self._db, self._shard, limit=BATCH)

    async def _relay(self, batch: Unrelayed) -> Unrelayed:
        """Send a batch and mark it; returns the next one. Raises: as `relay_once`."""
        try:
            if self._producer is None:
                await self.start()
            await self._send(batch)
        except BaseException:
            await self.close()
            raise
        acknowledged_at = self._clock.real()
        following = await mark_relayed(self._db, self._shard, batch, limit=BATCH)
        self._observe(batch.events, acknowledged_at)
        return following

    async def _send(self, batch: Unrelayed) -> None:
        producer = self._producer
        assert producer is not None  # noqa: S101  # _relay started it
        published_at = instant_text(self._clock.real())
        async with producer.transaction():
            # One after the other into the producer's buffers: that fixes their order.
            under_way, slices = list[asyncio.Future[object]](), Slices()
            for event in batch.events:
                for message in self._messages(event, published_at):
                    under_way.append(await self._enqueue(producer, message))
                await slices.pause()
            for told in batch.announcements:
                under_way.append(await self._enqueue(producer, self._announcement(told)))
            await asyncio.gather(*under_way)

    @staticmethod
    async def _enqueue(producer: Producer, message: _Message) -> "asyncio.Future[object]":
        future: asyncio.Future[object] = await producer.send(
            message.topic,
            key=message.key,
            value=message.value,
            partition=message.partition,
            headers=message.headers,
        )
        return future

    def _messages(self, event: UnrelayedEvent, published_at: str) -> list[_Message]:
        resource = resource_named(event.resource)
        record_key = key(event.tenant_id, event.resource, event.entity_id)
        partition = partition_of(event.tenant_id, self._broker.partitions)
        stored = msgspec.json.decode(event.headers)
        of_event = [(name, text.encode()) for name, text in stored]
        of_event.append(("ce_recordedtime", published_at.encode()))
        of_state = state_headers(of_event)
        # `timing` is the value's last member, so the moment of sending is spliced in unparsed.
        value = event.value[:-2] + b',"published_at":"' + published_at.encode() + b'"}}'
        prefix = self._broker.prefix
        return [
            _Message(events_topic(prefix, resource), record_key, value, partition, of_event),
            _Message(state_topic(prefix, resource), record_key, event.state, partition, of_state),
        ]

    def _announcement(self, message: UnrelayedAnnouncement) -> _Message:
        topic = control_topic if message.topic == "control" else dead_topic
        tenant = message.tenant_id or message.key
        return _Message(
            topic(self._broker.prefix),
            message.key.encode(),
            message.value,
            partition_of(tenant, self._broker.partitions),
            [("content-type", b"application/json"), ("kind", message.kind.encode())],
        )

    def _observe(self, events: Sequence[UnrelayedEvent], acknowledged_at: datetime) -> None:
        for event in events:
            self._metrics.relayed.labels(resource=event.resource, cause=event.cause).inc()
            if event.received_at is not None:
                latency_s = (acknowledged_at - event.received_at).total_seconds()
                self._metrics.latency_s.observe(max(latency_s, 0.0))
                self._metrics.latencies_ms.append(latency_s * 1000)

    async def run(
        self, work: asyncio.Event, stop: asyncio.Event, *, assure: Assure = _nobody_else
    ) -> None:
        """Relay whenever `work` is set, until `stop`.

        Kafka or the database failing throws the producer away, waits, and starts again at the
        lowest unsent row. The producer is started at once, so that a predecessor's open
        transaction ends.

        Asks `assure` before each start, and ends by itself where the shard has passed to another
        process: a start would fence that one's producer, which would have to begin anew.
        """
        try:
            await self._keep_relaying(work, stop, assure)
        finally:
            self._metrics.health.relay_rests(str(self._shard))

    async def _keep_relaying(
        self, work: asyncio.Event, stop: asyncio.Event, assure: Assure
    ) -> None:
        shard, health = str(self._shard), self._metrics.health
        while not stop.is_set():
            try:
                health.relay_tries(shard)
                if self._producer is None:
                    await assure()
                    await self.start()
                batch = await self._oldest()
                while batch and not stop.is_set():
                    batch = await self._relay(batch)
                    self._failures = 0
                    health.relay_sent(shard)
                self._failures = 0
                health.relay_rests(shard)
            except LeaseLost:
                log.warning("relay_lost", shard=self._shard)
                return
            except (KafkaError, StorageError, OSError) as error:
                self._failures += 1
                health.relay_failed(shard, error)
                self._metrics.relay_failures.labels(error=type(error).__name__).inc()
                await self.close()
                wait_s = min(FIRST_WAIT_S * 2.0 ** (self._failures - 1), LONGEST_WAIT_S)
                log.warning(
                    "relay_failed", shard=self._shard, error=type(error).__name__, wait_s=wait_s
                )
                await until(stop, wait_s)
                continue
            await either(work, stop)
            work.clear()
