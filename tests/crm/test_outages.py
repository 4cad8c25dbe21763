"""Kafka or the database goes away and comes back: the consumer waits, and nothing is lost."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from ledgerwire import embedded_broker
from storage.database import Database
from tests.crm.feed import Feed, invoice, moment, tenant
from tests.crm.running import assert_as_rebuilt, running, settle
from unified.broker import BrokerSettings


@pytest.fixture
def folder() -> Iterator[Path]:
    """The data folder of a broker of this test's own."""
    path = Path(tempfile.mkdtemp(prefix="ledgerwire-tests-"))
    yield path
    shutil.rmtree(path)


async def test_database_connections_are_lost(
    database: Database, database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """Every connection is cut, as by a restart of the server: the consumer begins again."""
    broker = embedded_broker_settings

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice(1)))
        await settle(database, broker)
        # A connection of its own: the pool's may be one that was cut a moment ago.
        cutter = await asyncpg.connect(database_url)
        for sequence in range(1, 6):
            await feed.publish(moment(invoice(2, total=f"{sequence}.00"), sequence))
            await cutter.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await cutter.close()
        statuses = await settle(database, broker)

    assert sorted(d["total"] for d in statuses.invoices.values()) == ["100.00", "5.00"]
    await assert_as_rebuilt(broker)


async def test_broker_is_restarted(database: Database, folder: Path) -> None:
    """The broker stops under a running consumer and returns: work goes on, once each."""
    server = embedded_broker.start(folder)
    broker = BrokerSettings(bootstrap=server.address, partitions=3, embedded=True)
    try:
        async with running(database, broker):
            async with Feed(broker) as feed:
                await feed.publish(*(moment(invoice(n, tenant_id=tenant(n))) for n in range(9)))
                await settle(database, broker)
            embedded_broker.stop(server)
            server = embedded_broker.start(folder, port=int(server.address.rpartition(":")[2]))
            async with Feed(broker) as feed:
                await feed.publish(moment(invoice(3, tenant_id=tenant(3), timing="overdue"), 2))
                statuses = await settle(database, broker)
        assert len(statuses.invoices) == 9
        await assert_as_rebuilt(broker)
    finally:
        embedded_broker.stop(server)


async def test_emptied_broker_is_filled_again(database: Database, folder: Path) -> None:
    """A broker that lost everything gets every status again, once its state topic is refilled."""
    server = embedded_broker.start(folder / "first")
    broker = BrokerSettings(bootstrap=server.address, partitions=3, embedded=True)
    changes = [moment(invoice(n, tenant_id=tenant(n))) for n in range(9)]
    try:
        async with Feed(broker) as feed, running(database, broker):
            await feed.publish(*changes)
            await settle(database, broker)
        embedded_broker.stop(server)
        server = embedded_broker.start(folder / "second")
        broker = replace(broker, bootstrap=server.address)
        async with Feed(broker) as feed, running(database, broker):
            await feed.publish(*changes)
            statuses = await settle(database, broker)
        assert len(statuses.invoices) == 9
        await assert_as_rebuilt(broker)
    finally:
        embedded_broker.stop(server)
