"""One shard's relay: order, one transaction for events and states, repeats, zombies, outages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.structs import TopicPartition
from prometheus_client import CollectorRegistry

from handlers.metrics import HandlerMetrics
from handlers.producer import kafka_producer
from handlers.relay import BATCH, Assure, ShardRelay
from storage.absorbing import announce, lock_tenant
from storage.errors import LeaseLost, StorageUnavailable
from storage.relay import unrelayed_count
from tests.handlers.answers import INVOICE, NOW, Mirror, raw_invoice, remote_id
from tests.handlers.kafka import Sent, committed, make_topics
from tests.handlers.rig import until
from tests.storage.makers import until as waiting
from unified.broker import BrokerSettings
from unified.envelope import event_model
from unified.partition import partition_of
from unified.topics import control_topic, dead_topic, events_topic, state_topic

SECOND = timedelta(seconds=1)
NOWHERE = "127.0.0.1:1"  #: nobody listens there


class Relaying:
    """A relay of the mirror's shard, and its topics."""

    def __init__(self, mirror: Mirror, broker: BrokerSettings) -> None:
        self.mirror = mirror
        self.broker = broker
        self.metrics = HandlerMetrics(CollectorRegistry())
        self._made: list[ShardRelay] = []

    async def relay(self, broker: BrokerSettings | None = None) -> ShardRelay:
        """One more relay of the same shard, as another process would have."""
        shard = await self.mirror.db.fetchval("SELECT shard FROM tenant")
        made = ShardRelay(
            self.mirror.db, broker or self.broker, self.mirror.clock, shard, self.metrics
        )
        self._made.append(made)
        return made

    async def close(self) -> None:
        """End all relays."""
        for each in self._made:
            await each.close()

    async def events(self, at_least: int = 0) -> list[Sent]:
        """Invoice events that consumers see."""
        topic = events_topic(self.broker.prefix, INVOICE)
        return await committed(self.broker, topic, at_least=at_least)

    async def states(self, at_least: int = 0) -> list[Sent]:
        """Invoice states that consumers see."""
        topic = state_topic(self.broker.prefix, INVOICE)
        return await committed(self.broker, topic, at_least=at_least)

    async def change(self, number: int, name: str = "one") -> None:
        """One more change of an invoice; its reference is the number."""
        await self.mirror.invoice(
            raw_invoice(name, at=NOW + number * SECOND, Reference=str(number))
        )


@asynccontextmanager
async def _relaying(mirror: Mirror, broker: BrokerSettings) -> AsyncIterator[Relaying]:
    await make_topics(broker)
    made = Relaying(mirror, broker)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def anywhere(empty: Mirror, broker: BrokerSettings) -> AsyncIterator[Relaying]:
    """On the embedded broker, and again on Apache Kafka."""
    async with _relaying(empty, broker) as made:
        yield made


@pytest.fixture
async def kafka(empty: Mirror, kafka_broker: BrokerSettings) -> AsyncIterator[Relaying]:
    """On Apache Kafka: what its transactions alone can do."""
    async with _relaying(empty, kafka_broker) as made:
        yield made


@pytest.fixture
async def here(empty: Mirror, embedded_broker_settings: BrokerSettings) -> AsyncIterator[Relaying]:
    """On the embedded broker."""
    async with _relaying(empty, embedded_broker_settings) as made:
        yield made


def references(sent: list[Sent]) -> list[str]:
    """The numbers of changes, in the order in which consumers see them."""
    return [each.value["after"]["reference"] for each in sent]


async def test_events_and_states_arrive_in_order(anywhere: Relaying) -> None:
    """By key, on the tenant's partition, valid, with the headers of CloudEvents."""
    for number in range(1, 6):
        await anywhere.change(number)
    relay = await anywhere.relay()

    assert await relay.relay_once() == 6 + 1  # five changes, the organisation, and its link
    assert await relay.relay_once() == 0

    events, states = await anywhere.events(5), await anywhere.states(5)
    assert references(events) == [str(number) for number in range(1, 6)]
    assert [each.value for each in states] == [each.value["after"] for each in events]
    tenant = anywhere.mirror.id
    for event, state in zip(events, states, strict=True):
        model = event_model(INVOICE).model_validate(event.value)
        assert model.timing.published_at is not None
        assert event.key == state.key == f"{tenant}:invoice:{event.value['entity']['id']}"
        assert (
            event.partition == state.partition == partition_of(tenant, anywhere.broker.partitions)
        )
        assert event.headers["ce_id"] == event.value["event_id"]
        assert event.headers["ce_recordedtime"] == event.value["timing"]["published_at"]
        assert event.headers["ce_entityseq"] == state.headers["ce_entityseq"]
        assert state.headers["ce_id"] == event.value["event_id"] + "-state"
    assert await unrelayed_count(anywhere.mirror.db) == 0


async def test_crash_between_commit_and_mark_repeats_with_the_same_ids(
    anywhere: Relaying,
) -> None:
    """At least once; whoever keeps the highest sequence has each once."""
    await anywhere.change(1)
    first = await anywhere.relay()
    await first.relay_once()
    await anywhere.mirror.db.execute("UPDATE event SET relayed_at = NULL")
    await first.close()

    await (await anywhere.relay()).relay_once()

    before, again = await anywhere.events(2)
    assert before.value["event_id"] == again.value["event_id"]
    assert before.headers["ce_entityseq"] == again.headers["ce_entityseq"]
    assert await unrelayed_count(anywhere.mirror.db) == 0


@pytest.mark.needs_kafka
async def test_zombie_can_not_write_behind_its_successor(kafka: Relaying) -> None:
    """A paused relay wakes with a batch in its hands: Kafka refuses it as a whole."""
    await kafka.change(1)
    zombie, successor = await kafka.relay(), await kafka.relay()
    await zombie.start()
    await zombie._producer.begin_transaction()  # type: ignore[union-attr]  # started just now
    await successor.relay_once()
    await kafka.change(2)
    await successor.relay_once()

    with pytest.raises(KafkaError):
        await _send_and_commit(zombie, kafka)

    assert references(await kafka.events(2)) == ["1", "2"]


@pytest.mark.needs_kafka
async def test_zombie_between_two_batches_is_refused_too(kafka: Relaying) -> None:
    """And throws its producer away, so that it begins at the lowest unsent row."""
    await kafka.change(1)
    zombie, successor = await kafka.relay(), await kafka.relay()
    await zombie.relay_once()
    await successor.start()
    await kafka.change(2)

    with pytest.raises(KafkaError):
        await zombie.relay_once()

    assert zombie._producer is None
    assert await unrelayed_count(kafka.mirror.db) == 1
    await successor.relay_once()
    assert references(await kafka.events(2)) == ["1", "2"]


@pytest.mark.needs_kafka
async def test_zombie_without_its_lease_leaves_its_successor_alone(kafka: Relaying) -> None:
    """Refused once, it asks who owns the shard before it starts another producer, and ends."""
    await kafka.change(1)
    zombie, successor = await kafka.relay(), await kafka.relay()
    lost = asyncio.Event()

    async def assure() -> None:
        if lost.is_set():
            raise LeaseLost("relay.0")

    running = Running(zombie, assure)
    await until(lambda: _all_relayed(kafka))
    lost.set()
    await successor.start()
    producer = successor._producer
    await kafka.change(2)
    running.work.set()
    await running.ended()

    await successor.relay_once()

    assert successor._producer is producer  # nobody has fenced it
    assert references(await kafka.events(2)) == ["1", "2"]


@pytest.mark.needs_kafka
async def test_open_transaction_of_a_killed_relay_ends_with_its_successors_start(
    kafka: Relaying,
) -> None:
    """Else consumers would wait for it, behind which everything later hides."""
    await kafka.change(1)
    killed = await kafka.relay()
    await killed.start()
    producer = _aiokafkas(killed)
    await producer.begin_transaction()
    topic = events_topic(kafka.broker.prefix, INVOICE)
    part = partition_of(kafka.mirror.id, kafka.broker.partitions)
    await (await producer.send(topic, key=b"half", value=b"{}", partition=part))

    await (await kafka.relay()).relay_once()

    assert references(await kafka.events(1)) == ["1"]


class CutOff:
    """A relay's producer whose connection breaks after so many records."""

    def __init__(self, broker: BrokerSettings, shard: int, records: int) -> None:
        self._inner = kafka_producer(broker, shard)
        self._left = records
        self.start, self.stop = self._inner.start, self._inner.stop
        self.transaction = self._inner.transaction

    async def send(self, *args: Any, **how: Any) -> "asyncio.Future[Any]":
        """As Kafka's own, until it breaks; what was sent before is acknowledged."""
        if self._left == 0:
            raise KafkaConnectionError
        self._left -= 1
        sent = await self._inner.send(*args, **how)
        await sent
        return sent


async def test_reader_misses_nothing_after_a_batch_that_was_half_sent(anywhere: Relaying) -> None:
    """One that was reading all the while; it may see twice what the half held."""
    topic = events_topic(anywhere.broker.prefix, INVOICE)
    place = TopicPartition(topic, partition_of(anywhere.mirror.id, anywhere.broker.partitions))
    relay = await anywhere.relay()
    await anywhere.change(1)
    await relay.relay_once()
    reader = AIOKafkaConsumer(
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **anywhere.broker.client_options(),
    )
    await reader.start()
    try:
        reader.assign([place])
        seen = [await _next_reference(reader)]
        for number in (2, 3):
            await anywhere.change(number)
        relay._make_producer = lambda broker, shard: CutOff(broker, shard, records=3)
        await relay.close()
        with pytest.raises(KafkaError):
            await relay.relay_once()
        relay._make_producer = kafka_producer
        await relay.relay_once()
        for number in (4, 5):
            await anywhere.change(number)
            await relay.relay_once()

        while seen[-1] != "5":
            seen.append(await _next_reference(reader))
    finally:
        await reader.stop()
    assert list(dict.fromkeys(seen)) == ["1", "2", "3", "4", "5"]


async def _next_reference(reader: AIOKafkaConsumer) -> str:
    async with asyncio.timeout(10):
        record = await reader.getone()
    reference: str = msgspec.json.decode(record.value)["after"]["reference"]
    return reference


async def test_more_than_a_batch_keeps_its_order(here: Relaying) -> None:
    """Each batch is a transaction of its own."""
    names = [f"invoice {number}" for number in range(BATCH + 20)]
    many = [await here.mirror.seen(INVOICE, raw_invoice(name)) for name in names]
    await here.mirror.absorb(INVOICE, *many)
    await here.change(1, names[3])
    relay = await here.relay()

    sent = [await relay.relay_once() for _ in range(3)]

    assert sent[0] == BATCH + 1  # with the announcement of the link
    assert sent[2] == 0
    events = await here.events(BATCH + 21)
    numbers = [each.value["tenant_sequence"] for each in events]
    assert numbers == list(range(2, BATCH + 23))


async def test_tombstone_where_there_is_no_state(here: Relaying) -> None:
    """So that compaction forgets the key; the event still has its record."""
    await here.change(1)
    await here.mirror.db.execute("UPDATE event SET state = NULL")
    relay = await here.relay()

    await relay.relay_once()

    [state], [event] = await here.states(1), await here.events(1)
    assert state.value is None
    assert state.key == event.key
    assert event.value["after"] is not None


async def test_announcements_go_to_their_topics(here: Relaying) -> None:
    """Control by tenant, dead letters by their thing."""
    tenant = here.mirror.id
    async with here.mirror.db.transaction() as conn:
        locked = await lock_tenant(conn, tenant, fencing=None)
        for topic, key in (("control", tenant), ("dead", f"{tenant}:invoice:x")):
            await announce(
                conn, tenant, shard=locked.shard, kind="tried", topic=topic, key=key,
                value=b'{"told": true}',
            )  # fmt: skip
    relay = await here.relay()
    await relay.relay_once()

    control = await committed(here.broker, control_topic(here.broker.prefix), at_least=2)
    [dead] = await committed(here.broker, dead_topic(here.broker.prefix), at_least=1)
    assert [each.headers["kind"] for each in control] == ["linked", "tried"]
    assert (control[1].key, control[1].value) == (tenant, {"told": True})
    assert dead.key == f"{tenant}:invoice:x"
    assert {each.partition for each in (*control, dead)} == {
        partition_of(tenant, here.broker.partitions)
    }


async def test_latency_is_measured_from_the_webhook(here: Relaying) -> None:
    """Real time, for events that a webhook caused alone."""
    await here.mirror.hint()
    await here.change(1)
    await here.change(1, "unannounced")

    await (await here.relay()).relay_once()

    assert len(here.metrics.latencies_ms) == 1


async def _ours() -> None:
    """Nobody has taken the shard."""


class Running:
    """A relay that runs by itself."""

    def __init__(self, relay: ShardRelay, assure: Assure = _ours) -> None:
        self.work, self._stop = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(relay.run(self.work, self._stop, assure=assure))

    async def end(self) -> None:
        """Stop it."""
        self._stop.set()
        await self.ended()

    async def ended(self) -> None:
        """Wait until it has ended by itself."""
        async with asyncio.timeout(20):
            await self._task


async def test_kafka_away_lets_events_pile_up_and_then_flow_in_order(here: Relaying) -> None:
    """Nothing else changes: absorbing goes on."""
    away = replace(here.broker, bootstrap=NOWHERE)
    relay = await here.relay(away)
    running = Running(relay)
    for number in range(1, 4):
        await here.change(number)
        running.work.set()
    await until(lambda: _failed(relay, 1))
    piled = await unrelayed_count(here.mirror.db)

    relay._broker = here.broker  # it comes back
    await until(lambda: _all_relayed(here))
    await running.end()

    assert piled == 3 + 2
    assert references(await here.events(3)) == ["1", "2", "3"]


async def test_lost_database_is_lived_through(here: Relaying) -> None:
    """A shard must not stand still for ever because one look failed."""
    await here.change(1)
    db, relay = here.mirror.db, await here.relay()
    async with db.transaction() as conn:
        await conn.execute("LOCK TABLE event")
        running = Running(relay)
        await waiting(db, "SELECT count(pg_terminate_backend(pid)) FROM waiting")
        await until(lambda: _failed(relay, 1))

    await until(lambda: _all_relayed(here))
    await running.end()

    assert references(await here.events(1)) == ["1"]


async def test_lost_mark_repeats_the_batch(here: Relaying) -> None:
    """Kafka has it, the database does not know: the same ids again."""
    await here.change(1)
    db, relay = here.mirror.db, await here.relay()
    async with db.transaction() as conn:
        await conn.execute("SELECT 1 FROM event FOR UPDATE")
        sending = asyncio.create_task(relay.relay_once())
        await waiting(db, "SELECT count(pg_terminate_backend(pid)) FROM waiting")
        with pytest.raises(StorageUnavailable):
            await sending

    await relay.relay_once()

    first, second = await here.events(2)
    assert first.value["event_id"] == second.value["event_id"]


async def _failed(relay: ShardRelay, times: int) -> bool:
    return relay._failures >= times


async def _all_relayed(here: Relaying) -> bool:
    return await unrelayed_count(here.mirror.db) == 0


async def _send_and_commit(relay: ShardRelay, here: Relaying) -> None:
    producer = _aiokafkas(relay)
    topic = events_topic(here.broker.prefix, INVOICE)
    part = partition_of(here.mirror.id, here.broker.partitions)
    await (await producer.send(topic, key=remote_id("one").encode(), value=b"{}", partition=part))
    await producer.commit_transaction()


def _aiokafkas(relay: ShardRelay) -> Any:
    """The relay's producer, with all that the library's own can do."""
    assert relay._producer is not None
    return relay._producer
