"""Killed at every named point, and begun again: the same final state, nothing lost on the way."""

import pytest

from crm import pending, tables
from crm.kit import Change, Key, Version
from crm.partitions import Partitions, tenant_hash
from crm.states import invoice_state
from storage.database import Database
from tests.crm.feed import Feed, invoice, missing, moment, tenant
from tests.crm.running import KillAt, assert_as_rebuilt, run_until_killed, running, settle
from unified.broker import BrokerSettings
from unified.partition import partition_of

POINTS = ["stored", "offsets_committed", "sent", "acknowledged", "cleared"]


@pytest.mark.parametrize("point", POINTS)
async def test_killed_and_restarted_reaches_the_same_state(
    database: Database, embedded_broker_settings: BrokerSettings, point: str
) -> None:
    """Wherever the program ends, what it left undone is done by the next one."""
    broker = embedded_broker_settings
    records = [invoice(n, tenant_id=tenant(n % 3), contact=n % 4) for n in range(12)]

    async with Feed(broker) as feed:
        async with running(database, broker):
            await feed.publish(*(moment(record) for record in records))
            await settle(database, broker)
        await feed.publish(
            *(moment({**r, "timing": "overdue"}, 2) for r in records[:6]),
            *(missing(r, 2) for r in records[6:9]),
        )
        kill = KillAt(point)
        await run_until_killed(database, broker, kill)
        assert kill.happened.is_set()
        async with running(database, broker):
            statuses = await settle(database, broker)

    assert len(records) - 3 == len(statuses.invoices)
    await assert_as_rebuilt(broker)


async def test_killed_again_and_again_reaches_the_same_state(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """Every life gets one step further, at each point once, while changes keep coming."""
    broker = embedded_broker_settings

    async with Feed(broker) as feed:
        for sequence, point in enumerate(POINTS, start=1):
            amount = f"{sequence}.00"
            await feed.publish(*(moment(invoice(n, total=amount), sequence) for n in range(5)))
            await run_until_killed(database, broker, KillAt(point))
        async with running(database, broker):
            statuses = await settle(database, broker)

    assert {"5.00"} == {document["total"] for document in statuses.invoices.values()}
    await assert_as_rebuilt(broker)


async def test_status_sent_by_a_life_that_did_not_note_it_is_taken_back(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """A contact that is as it was when last noted may still stand otherwise on the topic.

    Current is noted; overdue is sent and the program dies; the invoice is current again. To
    compare with what was noted would be to leave the contact overdue for ever.
    """
    broker = embedded_broker_settings

    async with Feed(broker) as feed:
        async with running(database, broker):
            await feed.publish(moment(invoice(), 1))
            await settle(database, broker)
        await feed.publish(moment(invoice(timing="overdue"), 2))
        await run_until_killed(database, broker, KillAt("acknowledged"))
        await feed.publish(moment(invoice(), 3))
        async with running(database, broker):
            statuses = await settle(database, broker)

    assert [document["status"] for document in statuses.contacts.values()] == ["current"]
    await assert_as_rebuilt(broker)


async def test_newer_mark_outlives_the_acknowledgement_of_an_older_one(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """What changes between reading a status and clearing its mark is published as well."""
    broker = embedded_broker_settings
    everything = Partitions(count=1, owned=frozenset({0}))
    async with Feed(broker) as feed:
        await feed.publish(moment(invoice(), 1))
        await run_until_killed(database, broker, KillAt("stored"))
        [old_invoice] = await pending.dirty_invoices(database, everything, 10)
        [old_contact] = await pending.dirty_contacts(database, everything, 10)
        await feed.publish(moment(invoice(timing="overdue"), 2))
        await run_until_killed(database, broker, KillAt("stored"))

        await pending.clear(database, [(old_invoice, b"older")], [(old_contact, b"old digest")])

        [invoice_] = await pending.dirty_invoices(database, everything, 10)
        [contact] = await pending.dirty_contacts(database, everything, 10)
        async with running(database, broker):
            await settle(database, broker)

    assert (2, old_invoice.sent.mark + 1) == (invoice_.state.sequence, invoice_.sent.mark)
    assert old_contact.sent.mark + 1 == contact.sent.mark
    assert (invoice_.sent.published, contact.sent.published) == (b"older", b"old digest")
    await assert_as_rebuilt(broker)


def test_hash_places_a_tenant_on_any_partition_count() -> None:
    """The stored hash gives the partition that the producer gives."""
    for number in range(50):
        for count in (1, 3, 12, 100):
            hashed = tenant_hash(tenant(number))
            assert partition_of(tenant(number), count) == hashed % count


async def test_older_state_never_overwrites(database: Database) -> None:
    """The guard stands in the statement too, for a process that read before another wrote."""
    key = Key(tenant(1), "invoice", invoice()["id"])
    newer, older = (
        invoice_state(Change(key, Version(1, sequence), invoice(total=f"{sequence}.00")))
        for sequence in (2, 1)
    )

    for state in (newer, older):
        async with database.transaction() as conn:
            await tables.store(conn, [state])

    assert await database.fetchval("SELECT sequence FROM crm_invoice") == 2
