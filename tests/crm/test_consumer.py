"""The consumer on a real database and broker: what it publishes and what it passes over."""

import json

from aiokafka import AIOKafkaConsumer

from crm.kit import Key
from crm.snapshot import all_partitions, snapshot
from crm.topics import crm_topics
from storage.database import Database
from tests.crm.feed import EPOCH, Feed, erased, invoice, missing, moment, settling, tenant
from tests.crm.running import assert_as_rebuilt, eventually, running, settle
from unified.broker import BrokerSettings


def key_of(record: dict[str, object]) -> Key:
    """Return the key of an invoice's status."""
    return Key(str(record["tenant_id"]), "invoice", str(record["id"]))


def contact_key(record: dict[str, dict[str, str]]) -> Key:
    """Return the key of the status of an invoice's contact."""
    return Key(str(record["tenant_id"]), "contact", record["contact"]["id"])


async def status_records(broker: BrokerSettings, topic: str) -> int:
    """Return how many records a status topic holds, superseded ones included."""
    count = 0
    async for batch in snapshot(broker, all_partitions(broker.partitions, topic)):
        count += len(batch)
    return count


async def test_event_becomes_both_statuses(database: Database, broker: BrokerSettings) -> None:
    """One overdue invoice tells a CRM about itself and about its contact."""
    record = invoice(timing="overdue", amount_due="40.00", payment_status="partially_paid")

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(record))
        statuses = await settle(database, broker)

    found = statuses.invoices[key_of(record)]
    assert {
        "amount_due": "40.00",
        "document": "open",
        "settlement": "partially_paid",
        "timing": "overdue",
        "epoch": EPOCH,
        "sequence": 1,
        "as_of": "2026-03-15T09:30:00.000Z",
    }.items() <= found.items()
    assert statuses.contacts[contact_key(record)]["status"] == "overdue"
    await assert_as_rebuilt(broker)


async def test_statuses_lie_where_their_tenant_does(
    database: Database, broker: BrokerSettings
) -> None:
    """Status topics can be joined with event topics: same key, same partition for a tenant."""
    records = [invoice(n, tenant_id=tenant(n)) for n in range(20)]
    topics = crm_topics(broker.prefix)
    places: dict[str, set[int]] = {}

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(*(moment(record) for record in records))
        await settle(database, broker)
    names = (*topics.events, topics.invoice_status, topics.contact_status)
    async for batch in snapshot(broker, all_partitions(broker.partitions, *names)):
        for record in batch:
            places.setdefault(record.key.decode().split(":")[0], set()).add(record.partition)

    assert {1} == {len(partitions) for partitions in places.values()}
    assert len(records) == len(places)


async def test_repetitions_and_latecomers_change_nothing(
    database: Database, broker: BrokerSettings
) -> None:
    """Each change is applied once: what comes again, or late, does not even cause a record."""
    first, paid = invoice(), invoice(status="paid", payment_status="paid", amount_due="0.00")
    topics = crm_topics(broker.prefix)

    async with Feed(broker) as feed, running(database, broker) as health:
        await settle(database, broker)
        await feed.publish(moment(first, 1), moment(paid, 2))
        await settle(database, broker)
        before = await status_records(broker, topics.invoice_status)
        await feed.publish_events(moment(first, 1), moment(paid, 2), moment(first, 1))
        statuses = await settle(database, broker)

    assert statuses.invoices[key_of(first)]["settlement"] == "paid"
    assert before == await status_records(broker, topics.invoice_status)
    assert (health.counters.taken, health.counters.repeated) == (2, 3)


async def test_new_epoch_outranks_every_sequence(
    database: Database, broker: BrokerSettings
) -> None:
    """After a restore the numbering begins again under a higher epoch, and counts."""
    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice(amount_due="1.00"), 9))
        await feed.publish(moment(invoice(amount_due="2.00"), 1, epoch=EPOCH + 1))
        await feed.publish_events(moment(invoice(amount_due="3.00"), 10))
        statuses = await settle(database, broker)

    assert statuses.invoices[key_of(invoice())]["amount_due"] == "2.00"
    await assert_as_rebuilt(broker)


async def test_gone_invoice_leaves_tombstones(database: Database, broker: BrokerSettings) -> None:
    """Missing and erased invoices lose their status, and their contact with its last one."""
    lost, wiped, kept = invoice(1), invoice(2), invoice(3, contact=2)
    late = invoice(1, amount_due="5.00")

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(lost), moment(wiped), moment(kept))
        await settle(database, broker)
        await feed.publish(missing(lost, 3), erased(wiped, 2))
        await feed.publish_events(moment(late, 2))
        statuses = await settle(database, broker)

    assert {key_of(kept)} == set(statuses.invoices)
    assert {contact_key(kept)} == set(statuses.contacts)
    await assert_as_rebuilt(broker)


async def test_invoice_that_changes_hands_moves_both_contacts(
    database: Database, broker: BrokerSettings
) -> None:
    """A draft given to another contact leaves the first one without activity."""
    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice(1, contact=1)), moment(invoice(2, contact=1)))
        await settle(database, broker)
        await feed.publish(moment(invoice(1, contact=2), 2))
        statuses = await settle(database, broker)

    assert [
        statuses.contacts[contact_key(record)]["buckets"][0]["open_count"]
        for record in (invoice(contact=1), invoice(contact=2))
    ] == [1, 1]
    await assert_as_rebuilt(broker)


async def test_contact_is_published_only_when_it_moves(
    database: Database, broker: BrokerSettings
) -> None:
    """A change of an invoice that leaves its contact as it was is no news about the contact."""
    topics = crm_topics(broker.prefix)

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice(reference="a")))
        await settle(database, broker)
        await feed.publish(moment(invoice(reference="b"), 2))
        statuses = await settle(database, broker)

    assert await status_records(broker, topics.contact_status) == 1
    assert statuses.invoices[key_of(invoice())]["sequence"] == 2


async def test_unreadable_record_stops_nothing(database: Database, broker: BrokerSettings) -> None:
    """What cannot be read is counted and passed over; the changes around it arrive."""
    topics = crm_topics(broker.prefix)

    async with Feed(broker) as feed, running(database, broker) as health:
        events = topics.of("invoice").events
        await feed.publish_raw(events, [(b"no key", b"{}"), (b"a:b:c", None)])
        await feed.publish_raw(events, [(moment(invoice()).key, b"not json")])
        await feed.publish(moment(invoice()))
        statuses = await settle(database, broker)

    assert {key_of(invoice())} == set(statuses.invoices)
    assert health.counters.unreadable == 3


async def test_aborted_transaction_is_never_seen(
    database: Database, broker: BrokerSettings
) -> None:
    """The relay throws away what it could not finish; so do its readers."""
    async with Feed(broker) as feed, running(database, broker):
        await feed.publish_and_abort(moment(invoice(1)))
        await feed.publish(moment(invoice(2)))
        statuses = await settle(database, broker)

    assert {key_of(invoice(2))} == set(statuses.invoices)


async def test_ready_once_it_works(database: Database, broker: BrokerSettings) -> None:
    """Readiness means that rounds are completed, not that a process exists."""
    async with running(database, broker) as health:
        assert await health.trouble() == "no round has been completed yet"

        async def ready() -> bool:
            return await health.trouble() is None

        await eventually(ready)


async def test_offsets_never_run_ahead_of_the_tables(
    database: Database, broker: BrokerSettings
) -> None:
    """While the database refuses, nothing is committed to Kafka; then everything arrives."""
    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice(1)))
        await settle(database, broker)
        committed = await offsets(broker)
        async with database.transaction() as conn:
            await conn.execute("LOCK TABLE crm_invoice IN ACCESS EXCLUSIVE MODE")
            await feed.publish(moment(invoice(2)))

            async def waits() -> bool:
                query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                return bool(await conn.fetchval(query))

            await eventually(waits)
            assert committed == await offsets(broker)
        statuses = await settle(database, broker)

    assert {key_of(invoice(1)), key_of(invoice(2))} == set(statuses.invoices)


async def offsets(broker: BrokerSettings) -> list[int | None]:
    """Return the group's offset in each partition."""
    group = f"{broker.prefix}.crm"
    kafka = AIOKafkaConsumer(**broker.client_options(), group_id=group, enable_auto_commit=False)
    await kafka.start()
    try:
        events = crm_topics(broker.prefix).events
        return [await kafka.committed(tp) for tp in all_partitions(broker.partitions, *events)]
    finally:
        await kafka.stop()


async def test_invoice_settled_by_thousands_is_published_like_any(
    database: Database, broker: BrokerSettings
) -> None:
    """Its status names them all and is larger than what a producer sends by default."""
    payments = [settling("payment", number, "0.01") for number in range(8_000)]

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice(1, payments=payments)), moment(invoice(2)))
        statuses = await settle(database, broker)

    found = statuses.invoices[key_of(invoice(1))]
    assert len(found["settled_by"]) == len(payments)
    assert len(json.dumps(found)) > 1024 * 1024
    assert key_of(invoice(2)) in statuses.invoices
