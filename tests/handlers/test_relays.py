"""Which process relays which shard, and handing over; and the handlers as one program."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from handlers.metrics import HandlerMetrics
from handlers.relays import GROUP, Relays, share_of
from handlers.server import HandlersSettings, run_handlers
from storage.leases import take_lease
from storage.presence import keep_presence
from storage.relay import unrelayed_count
from tests.handlers.answers import INVOICE, NOW, Mirror, raw_invoice
from tests.handlers.kafka import committed, make_topics
from tests.handlers.rig import running, until
from tests.storage.makers import link, new_tenant_id
from tests.storage.makers import until as waiting
from unified.broker import BrokerSettings
from unified.ids import TenantId
from unified.partition import relay_shard
from unified.topics import RELAY_SHARDS, events_topic

SECOND = timedelta(seconds=1)


class Process:
    """The relays of one process."""

    def __init__(self, mirror: Mirror, broker: BrokerSettings, owner: str) -> None:
        self.relays = Relays(
            mirror.db, broker, mirror.clock, HandlerMetrics(CollectorRegistry()), owner
        )
        self._stop = asyncio.Event()
        self.task = asyncio.create_task(self.relays.run(self._stop))

    async def end(self) -> None:
        """Stop in good order."""
        self._stop.set()
        async with asyncio.timeout(20):
            await self.task


@asynccontextmanager
async def process(
    mirror: Mirror, broker: BrokerSettings, owner: str = "one"
) -> AsyncIterator[Process]:
    """A process that relays until the block ends."""
    made = Process(mirror, broker, owner)
    try:
        yield made
    finally:
        await made.end()


async def all_relayed(mirror: Mirror) -> bool:
    """Kafka has acknowledged everything."""
    return await unrelayed_count(mirror.db) == 0


@pytest.fixture
async def mirror(empty: Mirror, embedded_broker_settings: BrokerSettings) -> Mirror:
    """An organisation, and topics for it."""
    await make_topics(embedded_broker_settings)
    return empty


async def test_one_process_serves_all_shards(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """What is committed leaves at once, whatever its shard; ending gives all back."""
    async with process(mirror, embedded_broker_settings) as one:
        await mirror.invoice(raw_invoice())
        await link(mirror.db)
        await until(lambda: all_relayed(mirror))
        await until(lambda: _owns(one, RELAY_SHARDS))
        assert one.relays.shards == list(range(RELAY_SHARDS))

    assert one.relays.shards == []
    assert await mirror.db.fetchval("SELECT count(*) FROM lease WHERE until > now()") == 0


async def test_shard_of_another_is_taken_over_when_its_lease_ends(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """As after a kill."""
    shard = await mirror.db.fetchval("SELECT shard FROM tenant")
    assert await take_lease(mirror.db, f"relay.{shard}", "killed")
    async with process(mirror, embedded_broker_settings) as one:
        await until(lambda: _owns(one, RELAY_SHARDS - 1))
        before = await unrelayed_count(mirror.db)
        await mirror.db.execute("UPDATE lease SET until = '-infinity' WHERE owner = 'killed'")
        await until(lambda: all_relayed(mirror))

    assert before > 0


def test_shares_are_even_and_leave_no_shard_over() -> None:
    """However many processes there are, even more than shards."""
    for count in range(1, 2 * RELAY_SHARDS):
        present = [f"p{number:02d}" for number in range(count)]
        shares = [share_of(owner, present) for owner in present]

        assert sum(shares) == RELAY_SHARDS
        assert max(shares) - min(shares) <= 1


async def test_processes_share_the_shards_evenly(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """The first gives back what it holds above its share; when one leaves, the others take its."""
    async with process(mirror, embedded_broker_settings, "one") as one:
        await until(lambda: _own(one, shares=[16]))
        async with process(mirror, embedded_broker_settings, "two") as two:
            await until(lambda: _own(one, two, shares=[8, 8]))
            async with process(mirror, embedded_broker_settings, "three") as three:
                await until(lambda: _own(one, two, three, shares=[5, 5, 6]))
                await mirror.invoice(raw_invoice())
                await until(lambda: all_relayed(mirror))
            await until(lambda: _own(one, two, shares=[8, 8]))
        await until(lambda: _own(one, shares=[16]))


async def test_share_of_a_process_that_vanished_is_taken(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """As after a kill: its presence ends as its leases do."""
    await keep_presence(mirror.db, GROUP, "killed", life=timedelta(hours=1))
    for shard in range(8):
        assert await take_lease(mirror.db, f"relay.{shard}", "killed", life=timedelta(hours=1))
    async with process(mirror, embedded_broker_settings) as one:
        await until(lambda: _own(one, shares=[8]))
        await mirror.db.execute("UPDATE lease SET until = '-infinity' WHERE owner = 'killed'")
        await until(lambda: _own(one, shares=[16]))


async def test_shard_is_given_back_after_the_batch_in_hand(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """Nobody else begins before it has ended; the other shards do not wait for it."""
    last = RELAY_SHARDS - 1
    tenant = await link(mirror.db, tenant_of_shard(last))
    async with AsyncExitStack() as stack:
        async with mirror.db.transaction() as conn:
            # Kafka acknowledges, and the mark has to wait.
            await conn.execute("SELECT FROM announcement WHERE tenant_id = $1 FOR UPDATE", tenant)
            one = await stack.enter_async_context(process(mirror, embedded_broker_settings, "one"))
            one.relays.patience_s = 60.0
            await waiting(mirror.db, "SELECT count(*) FROM waiting")
            two = await stack.enter_async_context(process(mirror, embedded_broker_settings, "two"))
            await until(lambda: _owns(two, RELAY_SHARDS // 2 - 1))
            assert last not in (*one.relays.shards, *two.relays.shards)
            assert await _owner(mirror, last) == "one"
        await until(lambda: _own(one, two, shares=[8, 8]))
        assert await _owner(mirror, last) == "two"
        assert await unrelayed_count(mirror.db) == 0


async def test_batch_that_takes_too_long_is_cut_off(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """Its shard goes to whoever has less, and all of it is sent again from there."""
    last = RELAY_SHARDS - 1
    tenant = await link(mirror.db, tenant_of_shard(last))
    async with AsyncExitStack() as stack:
        async with mirror.db.transaction() as conn:
            await conn.execute("SELECT FROM announcement WHERE tenant_id = $1 FOR UPDATE", tenant)
            one = await stack.enter_async_context(process(mirror, embedded_broker_settings, "one"))
            one.relays.patience_s = 0.1
            await waiting(mirror.db, "SELECT count(*) FROM waiting")
            two = await stack.enter_async_context(process(mirror, embedded_broker_settings, "two"))
            await until(lambda: _own(one, two, shares=[8, 8]))
            assert last in two.relays.shards
            assert await unrelayed_count(mirror.db) > 0
        await until(lambda: all_relayed(mirror))


async def test_lost_shard_is_let_go(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """Its new owner sends on, in order; the old one stops."""
    await mirror.invoice(raw_invoice())
    shard = await mirror.db.fetchval("SELECT shard FROM tenant")
    async with process(mirror, embedded_broker_settings) as old:
        await until(lambda: all_relayed(mirror))
        await mirror.db.execute(
            "UPDATE lease SET owner = 'new', fencing = fencing + 1 WHERE name = $1",
            f"relay.{shard}",
        )
        await until(lambda: _owns(old, RELAY_SHARDS - 1))
        await mirror.invoice(raw_invoice(at=NOW + SECOND, Reference="two"))
        assert await unrelayed_count(mirror.db) == 1
        assert shard not in old.relays.shards
    async with process(mirror, embedded_broker_settings, "new"):
        await until(lambda: all_relayed(mirror))

    topic = events_topic(embedded_broker_settings.prefix, INVOICE)
    sent = await committed(embedded_broker_settings, topic, at_least=2)
    assert [each.value["sequence"] for each in sent] == [1, 2]


async def test_relay_that_breaks_ends_its_process(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """An error nobody foresaw must not leave a shard standing still unseen."""
    made = Process(mirror, embedded_broker_settings, "one")
    await until(lambda: _owns(made, RELAY_SHARDS))
    await until(lambda: all_relayed(mirror))

    await mirror.db.execute("UPDATE event SET headers = '1', relayed_at = NULL")

    with pytest.raises(TypeError):
        async with asyncio.timeout(20):
            await made.task


async def test_words_that_mean_nothing_wake_nobody(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """A NOTIFY of a shard that another owns, or of a later version."""
    made = Relays(
        mirror.db, embedded_broker_settings, mirror.clock, HandlerMetrics(CollectorRegistry()), "x"
    )

    made.hint("3")
    made.hint("what?")
    asleep = not made._kick.is_set()
    made.hint("")

    assert asleep
    assert made._kick.is_set()


async def test_handlers_as_one_program(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """From the link to Kafka; topics are made as soon as the broker can; a stop drains."""
    tries = 0

    async def topics_made_later() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise KafkaConnectionError("away")
        await make_topics(embedded_broker_settings)

    async with running(mirror.db) as rig:
        stop = asyncio.Event()
        program = asyncio.create_task(
            run_handlers(
                rig.shop,
                embedded_broker_settings,
                HandlersSettings(owner="here"),
                stop,
                make_topics=topics_made_later,
            )
        )
        await until(lambda: _backfilled(rig.mirror))
        await until(lambda: all_relayed(mirror))
        stop.set()
        async with asyncio.timeout(20):
            await program

        assert tries == 2
        assert await mirror.db.fetchval("SELECT count(lease_owner) FROM tenant") == 0
        assert await mirror.db.fetchval("SELECT count(*) FROM lease WHERE until > now()") == 0
        await rig.agree()


async def test_handlers_told_to_stop_before_kafka_answers_end(
    mirror: Mirror, embedded_broker_settings: BrokerSettings
) -> None:
    """They do not wait for it."""
    asked, stop = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        asked.set()
        raise KafkaConnectionError("away")

    async with running(mirror.db) as rig:
        program = asyncio.create_task(
            run_handlers(
                rig.shop,
                embedded_broker_settings,
                HandlersSettings(owner="here"),
                stop,
                make_topics=never,
            )
        )
        await asked.wait()
        stop.set()
        async with asyncio.timeout(20):
            await program


def tenant_of_shard(shard: int) -> TenantId:
    """An organisation that this shard sends."""
    while relay_shard(tenant_id := new_tenant_id()) != shard:
        pass
    return tenant_id


async def _owns(one: Process, count: int) -> bool:
    return len(one.relays.shards) == count


async def _own(*processes: Process, shares: list[int]) -> bool:
    """Whether each shard has one owner, and these are their shares, smallest first."""
    owned = [shard for each in processes for shard in each.relays.shards]
    assert len(set(owned)) == len(owned)
    return sorted(len(each.relays.shards) for each in processes) == shares


async def _owner(mirror: Mirror, shard: int) -> str:
    owner: str = await mirror.db.fetchval(
        "SELECT owner FROM lease WHERE name = $1", f"relay.{shard}"
    )
    return owner


async def _backfilled(mirror: Mirror) -> bool:
    left: int = await mirror.db.fetchval(
        """SELECT count(*) FROM cursor
            WHERE tenant_id = $1 AND backfill_state <> 'done' AND unsupported_reason IS NULL""",
        mirror.id,
    )
    return left == 0
