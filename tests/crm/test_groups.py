"""New groups, which begin from the state topic, and several processes in one group."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from crm.consumer import group_id
from crm.topics import crm_topics
from storage.database import Database
from tests.crm.feed import Feed, Moment, invoice, missing, moment, tenant
from tests.crm.running import (
    KillAt,
    assert_as_rebuilt,
    eventually,
    run_until_killed,
    running,
    settle,
)
from unified.broker import BrokerSettings

TENANTS = 24


async def test_new_group_begins_from_the_state_topic(
    database: Database, broker: BrokerSettings
) -> None:
    """Changes older than the events kept are known from their states; newer ones from events."""
    old = [moment(invoice(n, tenant_id=tenant(n)), 5) for n in range(10)]

    async with Feed(broker) as feed:
        await feed.publish_states(*old)
        await feed.publish(moment(invoice(3, tenant_id=tenant(3), timing="overdue"), 6))
        async with running(database, broker) as health:
            await feed.publish(moment(invoice(4, tenant_id=tenant(4), timing="overdue"), 6))
            statuses = await settle(database, broker)

    assert sorted(d["sequence"] for d in statuses.invoices.values()) == [5] * 8 + [6] * 2
    assert health.catching_up == 0
    await assert_as_rebuilt(broker)


@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_new_group_killed_while_catching_up_begins_again(
    database: Database, embedded_broker_settings: BrokerSettings, nth: int
) -> None:
    """No offset is committed before the state topic is through, so nothing of it is missed."""
    broker = embedded_broker_settings
    old = [moment(invoice(n, tenant_id=tenant(n)), 5) for n in range(1200)]

    async with Feed(broker) as feed:
        await feed.publish_states(*old)
        await run_until_killed(database, broker, KillAt("stored", nth))
        async with running(database, broker):
            statuses = await settle(database, broker)

    assert len(old) == len(statuses.invoices)
    await assert_as_rebuilt(broker)


async def test_lost_tables_are_filled_and_leftovers_taken_back(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """With empty tables, even what vanished while nobody looked leaves the topics."""
    broker = embedded_broker_settings
    stays, vanishes = invoice(1, contact=1), invoice(2, contact=2)

    async with Feed(broker) as feed:
        await feed.publish_states(moment(stays), moment(vanishes))
        async with running(database, broker):
            assert len((await settle(database, broker)).contacts) == 2
        await feed.publish_states(missing(vanishes, 2))
        status = crm_topics(broker.prefix).invoice_status
        await feed.publish_raw(status, [(b"somebody:else's:record", b"{}")])
        await database.execute("TRUNCATE crm_invoice, crm_contact, crm_offset")
        async with running(database, broker):
            statuses = await settle(database, broker)

    leftovers = {key for key in statuses.invoices if key.tenant_id == "somebody"}
    assert (len(statuses.invoices) - len(leftovers), len(statuses.contacts)) == (1, 1)


async def test_two_processes_share_the_work(
    database: Database, database_url: str, broker: BrokerSettings
) -> None:
    """Two members of one group publish each status once between them."""
    async with (
        Feed(broker) as feed,
        process(database_url, broker, "crm-0"),
        process(database_url, broker, "crm-1"),
    ):
        await members(broker, 2)
        for sequence in range(1, 6):
            await feed.publish(*changes(sequence))
        statuses = await settle(database, broker)

    assert {5} == {document["sequence"] for document in statuses.invoices.values()}
    await assert_as_rebuilt(broker)


async def test_killed_process_comes_back(
    database: Database, database_url: str, broker: BrokerSettings
) -> None:
    """One of two is killed while changes flow, and started again: the same final state."""
    async with Feed(broker) as feed, process(database_url, broker, "crm-0"):
        async with process(database_url, broker, "crm-1") as second:
            await members(broker, 2)
            await feed.publish(*changes(1))
            await settle(database, broker)
            await feed.publish(*changes(2))
            second.kill()
            await second.wait()
        await feed.publish(*changes(3))
        async with process(database_url, broker, "crm-1"):
            await feed.publish(*changes(4))
            statuses = await settle(database, broker)

    assert {4} == {document["sequence"] for document in statuses.invoices.values()}
    await assert_as_rebuilt(broker)


@pytest.mark.needs_kafka
async def test_survivor_takes_over(
    database: Database, database_url: str, kafka_broker: BrokerSettings
) -> None:
    """One of two is killed and never returns: Kafka expires it and the other does its work."""
    broker = kafka_broker
    async with Feed(broker) as feed, process(database_url, broker, "crm-0"):
        async with process(database_url, broker, "crm-1") as second:
            await members(broker, 2)
            await feed.publish(*changes(1))
            await settle(database, broker)
            await feed.publish(*changes(2))
            second.kill()
            await second.wait()
        await feed.publish(*changes(3))
        statuses = await settle(database, broker)

    assert {3} == {document["sequence"] for document in statuses.invoices.values()}
    await assert_as_rebuilt(broker)


def changes(sequence: int) -> list[Moment]:
    """Return one change for an invoice of each organisation."""
    return [
        moment(invoice(n, tenant_id=tenant(n), total=f"{sequence}.00"), sequence)
        for n in range(TENANTS)
    ]


async def members(broker: BrokerSettings, expected: int) -> None:
    """Wait until the group has so many members and each has its partitions."""
    admin = AIOKafkaAdminClient(**broker.client_options())
    await admin.start()

    async def settled() -> bool:
        try:
            [answer] = await admin.describe_consumer_groups([group_id(broker.prefix)])
        except GroupCoordinatorNotAvailableError:
            return False  # the broker makes its offsets topic when the first group asks for it
        [(_error, _group, state, _type, _protocol, found, *_)] = answer.groups
        return state == "Stable" and len(found) == expected

    try:
        await eventually(settled)
    finally:
        await admin.close()


@asynccontextmanager
async def process(
    database_url: str, broker: BrokerSettings, instance: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the consumer as a program of its own; ask it to end afterwards, if it has not."""
    kind = "embedded" if broker.embedded else "apache"
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crm.instance",
        *(database_url, broker.bootstrap, broker.prefix, kind, instance),
    )
    try:
        yield program
    finally:
        if program.returncode is None:
            program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await program.wait()
