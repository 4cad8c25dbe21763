"""One session of the consumer: from joining the group to leaving it or failing.

Each round reads a batch, commits it to the tables together with how far it reaches, then commits
the offsets to Kafka, then publishes what is dirty. Whatever fails ends the session; server.py
begins another. Nothing is lost by that: dirty marks outlive the process, and reading goes on
where the tables say, whichever of database and broker was set back.

A partition for which tables or group have no offset, or one that the topic does not hold (the
group is new, was away for longer than events are kept, tables were lost, the broker was emptied,
this program reads a topic that its predecessor did not) is caught up on: the state topic is read,
up to where it ends when that reading begins, while events are read from the oldest one kept. No
change can fall between: one whose state is past that end was published later, so its event is
still to come. What both tell is taken once, by (epoch, sequence). Only when the state topic is
through are offsets noted: an offset means that the tables hold everything before it. A tenant's
statuses are published only once that holds for its partition of every topic: half of what settles
an invoice would be published as all of it.

Two processes may hold one partition for a moment, when Kafka has given up on one that was only
slow. Its writes to the tables can do no harm, since older versions lose. A status it sends late
may stand on the topic until it notes that send: noting an older version brings the mark back.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from crm import tables
from crm.assignment import ByName
from crm.catchup import CatchUp
from crm.closing import close_clients
from crm.health import Health
from crm.intake import from_events, read_states, take
from crm.partitions import Partitions
from crm.publisher import Publisher, Reached, new_producer
from crm.pulse import feel
from crm.topics import CrmTopics, ensure_crm_topics
from storage.database import Database
from unified.broker import BrokerSettings
from unified.clock import Clock

log = structlog.get_logger(__name__)

BATCH = 500  #: events at most in one transaction
WAIT_MS = 200  #: how long the broker may hold back an empty answer
LOOK_EVERY_S = 1.0  #: dirty marks are looked for without a reason this often
SESSION_MS = 8_000  #: how long a killed process's partitions wait for another
HEARTBEAT_MS = 2_000
POSITION_WITHIN_S = 30.0  #: longest wait for a position; only a group in trouble takes longer

#: The embedded broker answers at once even when it has nothing, so we rest ourselves.
EMBEDDED_WAIT_MS = 5
EMBEDDED_REST_S = 0.05

#: Another member has the partition now: it reads again what we could not note.
_NO_LONGER_OURS = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


def group_id(prefix: str) -> str:
    """Return the consumer group's name."""
    return f"{prefix}.crm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a session needs to know.

    Attributes:
        instance: this process's name in the group; stable over restarts, its own among all.
    """

    db: Database
    broker: BrokerSettings
    clock: Clock
    instance: str
    health: Health
    reached: Reached


class _Rebalanced(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Remembers that partitions were dealt anew, be they the same ones."""

    def __init__(self) -> None:
        self.pending = True

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.pending = True

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.pending = True


async def consume(setup: Setup, stop: asyncio.Event) -> None:
    """Work until `stop` is set.

    Raises:
        KafkaError, StorageError, OSError, TimeoutError: the session is over; begin another.
    """
    topics = await ensure_crm_topics(setup.broker)
    async with AsyncExitStack() as stack:
        clients: list[AIOKafkaConsumer | AIOKafkaProducer] = []
        stack.push_async_callback(close_clients, clients)
        producer = new_producer(setup.broker)
        clients.append(producer)
        await producer.start()
        consumer = _new_consumer(setup)
        clients.append(consumer)
        rebalanced = _Rebalanced()
        consumer.subscribe(list(topics.events), listener=rebalanced)
        await consumer.start()
        publisher = Publisher(setup.db, producer, topics, setup.reached)
        session = _Session(setup, topics, consumer, publisher, rebalanced)
        stack.push_async_callback(session.close)
        pulse = asyncio.create_task(feel(consumer, topics.events[0], setup.health))
        stack.callback(pulse.cancel)
        log.info("crm_joined", group=group_id(setup.broker.prefix), instance=setup.instance)
        while not stop.is_set():
            busy = await session.round()
            setup.health.round_completed()
            if not busy and setup.broker.embedded:
                await session.rest(stop)


def _new_consumer(setup: Setup) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **setup.broker.client_options(),
        group_id=group_id(setup.broker.prefix),
        group_instance_id=setup.instance,
        partition_assignment_strategy=[ByName(setup.instance)],
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=WAIT_MS,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
    )


class _Session:
    def __init__(
        self,
        setup: Setup,
        topics: CrmTopics,
        consumer: AIOKafkaConsumer,
        publisher: Publisher,
        rebalanced: _Rebalanced,
    ) -> None:
        self._setup = setup
        self._topics = topics
        self._consumer = consumer
        self._publisher = publisher
        self._rebalanced = rebalanced
        self._ready: set[TopicPartition] = set()  # the tables hold their whole past
        self._stored: dict[TopicPartition, int] = {}  # everything below is in the tables
        self._committed: dict[TopicPartition, int] = {}  # as far as Kafka knows
        self._catch_up: CatchUp | None = None
        self._look_at = 0.0  # event-loop time of the next look for dirty marks

    async def round(self) -> bool:
        """Do one round; return whether there was anything to do."""
        if self._rebalanced.pending:
            self._rebalanced.pending = False
            await self._adopt(self._consumer.assignment())
        taken = await self._read_events()
        caught = await self._step_catch_up()
        if taken or caught:
            self._look_at = 0.0
            await self._setup.reached("stored")
        await self._commit_offsets()
        sent = await self._publish()
        return bool(taken or caught or sent or self._catch_up is not None)

    async def rest(self, stop: asyncio.Event) -> None:
        """Fetch nothing for a moment."""
        assigned = self._consumer.assignment()
        self._consumer.pause(*assigned)
        try:
            await asyncio.wait_for(stop.wait(), EMBEDDED_REST_S)
        except TimeoutError:
            pass
        finally:
            self._consumer.resume(*(assigned & self._consumer.assignment()))

    async def close(self) -> None:
        """Leave a catch-up that is not through; the next session begins it again."""
        if self._catch_up is not None:
            await self._catch_up.close()

    async def _adopt(self, assigned: frozenset[TopicPartition]) -> None:
        """Take stock of the partitions dealt to us, whether we had them before or not."""
        await self.close()
        self._catch_up = None
        self._stored, self._committed = {}, {}
        self._ready = await self._resume(assigned)
        behind = frozenset(assigned - self._ready)
        await tables.doubt(self._setup.db, self._partitions(assigned))
        if behind:
            self._catch_up = CatchUp(
                db=self._setup.db,
                broker=self._setup.broker,
                topics=self._topics,
                behind=behind,
                partitions=self._partitions(behind),
                counters=self._setup.health.counters,
            )
        self._setup.health.catching_up = len(behind)
        self._look_at = 0.0
        log.info(
            "crm_assigned",
            partitions=sorted({tp.partition for tp in assigned}),
            catching_up=len(behind),
        )

    async def _resume(self, assigned: frozenset[TopicPartition]) -> set[TopicPartition]:
        """Go to where reading goes on; return the partitions that need no catching up."""
        if not assigned:
            return set()
        stored = await tables.offsets(self._setup.db, self._topics.events)
        begins = await self._consumer.beginning_offsets(list(assigned))
        ends = await self._consumer.end_offsets(list(assigned))
        ready = set()
        for tp in assigned:
            offset, committed = stored.get(tp), await self._consumer.committed(tp)
            if offset is None or committed is None or not begins[tp] <= offset <= ends[tp]:
                self._consumer.seek(tp, begins[tp])
                continue
            self._consumer.seek(tp, offset)
            self._stored[tp], self._committed[tp] = offset, committed
            ready.add(tp)
        return ready

    def _partitions(self, some: Iterable[TopicPartition]) -> Partitions:
        known = self._consumer.partitions_for_topic(self._topics.events[0]) or ()
        return Partitions(count=len(known), owned=frozenset(tp.partition for tp in some))

    def _whole(self) -> Partitions:
        """The numbers of which we have every topic's partition, with its whole past."""
        held = Counter(tp.partition for tp in self._ready)
        every = len(self._topics.events)
        whole = frozenset(number for number, topics in held.items() if topics == every)
        return Partitions(count=self._partitions(()).count, owned=whole)

    async def _read_events(self) -> int:
        waiting = EMBEDDED_WAIT_MS if self._setup.broker.embedded else WAIT_MS
        backlog = self._catch_up is not None or self._look_at == 0.0
        fetched = await self._consumer.getmany(
            timeout_ms=0 if backlog else waiting, max_records=BATCH
        )
        positions = await self._positions()
        if self._rebalanced.pending:
            return 0  # perhaps from where Kafka begins; we begin where the tables end
        moved = {tp: at for tp, at in positions.items() if at != self._stored.get(tp)}
        counters = self._setup.health.counters
        records = [record for batch in fetched.values() for record in batch]
        if records:
            sent_at = min(record.timestamp for record in records) / 1000
            delay_s = self._setup.clock.real().timestamp() - sent_at
            self._setup.health.delay_s = max(delay_s, 0.0)
        await take(
            self._setup.db,
            read_states(records, from_events, self._topics, counters),
            counters,
            passed=moved,
        )
        self._stored.update(moved)
        return len(records)

    async def _positions(self) -> dict[TopicPartition, int]:
        """Return how far ready partitions are read; markers of transactions count as well."""
        positions = {}
        for tp in self._ready:
            try:
                async with asyncio.timeout(POSITION_WITHIN_S):
                    positions[tp] = await self._consumer.position(tp)
            except IllegalStateError:
                continue  # taken from us just now
        return positions

    async def _step_catch_up(self) -> bool:
        if self._catch_up is None:
            return False
        if await self._catch_up.step():
            await self._catch_up.close()
            self._ready |= self._catch_up.behind
            self._catch_up = None
            self._setup.health.catching_up = 0
        return True

    async def _commit_offsets(self) -> None:
        offsets = {tp: at for tp, at in self._stored.items() if self._committed.get(tp) != at}
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except _NO_LONGER_OURS:
            log.info("offsets_not_committed", partitions=len(offsets))
            return
        self._committed.update(offsets)
        await self._setup.reached("offsets_committed")

    async def _publish(self) -> int:
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return 0
        published = await self._publisher.publish(self._whole(), self._setup.clock.now())
        self._look_at = 0.0 if published.more else now + LOOK_EVERY_S
        self._setup.health.counters.sent += published.sent
        return published.sent
