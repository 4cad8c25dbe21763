"""The consumer on a real database and broker: topics that tell of one invoice, in any order."""

import itertools
from typing import Any

import pytest

from crm import tables
from crm.kit import Key
from crm.snapshot import all_partitions, snapshot
from crm.topics import crm_topics
from storage.database import Database
from tests.crm.feed import Feed, credit, erased, invoice, moment, payment, settling, tenant
from tests.crm.running import assert_as_rebuilt, running, settle
from tests.crm.test_settlements import state
from unified.broker import BrokerSettings

Json = dict[str, Any]

SOLD = invoice(
    currency="USD",
    provider_exchange_rate="1.25",
    amount_due="0.00",
    status="paid",
    payments=[settling("payment", 1, "60.00")],
    credits=[settling("prepayment", 1, "40.00")],
)
PAID = payment(of=SOLD, amount="60.00", provider_exchange_rate="1.2")
PREPAID = credit(
    resource="prepayment",
    currency="USD",
    provider_exchange_rate="1.28",
    remaining="10.00",
    invoices=[1],
)


def key_of(record: Json) -> Key:
    """Return the key of an invoice's status."""
    return Key(record["tenant_id"], "invoice", record["id"])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
async def test_statuses_are_the_same_in_whatever_order_topics_are_read(
    database: Database, embedded_broker_settings: BrokerSettings, order: tuple[int, ...]
) -> None:
    """Invoice, payment and prepayment come on topics of their own: the last one completes it."""
    broker = embedded_broker_settings
    changes = [moment(record) for record in (SOLD, PAID, PREPAID)]

    async with Feed(broker) as feed, running(database, broker):
        for place in order:
            await feed.publish(changes[place])
            statuses = await settle(database, broker)

    found = statuses.invoices[key_of(SOLD)]
    assert sorted(each["rate"] for each in found["settled_by"]) == ["1.2", "1.28"]
    assert found["base"]["realised_gain"] == "1.25"
    [contact] = statuses.contacts.values()
    assert (contact["status"], contact["buckets"][0]["unapplied_credit"]) == ("in_credit", "10.00")
    await assert_as_rebuilt(broker)


async def test_random_money_ends_as_rebuilt(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """Invoices, credits, payments and refunds of several contacts, changed, taken back and
    erased: tables and marks come to what the state topics say."""
    broker = embedded_broker_settings
    records: list[Json] = []
    for number, contact in itertools.product(range(3), range(3)):
        place = number * 3 + contact
        where: Json = {"tenant_id": tenant(contact % 2), "contact": contact}
        sold = invoice(place, **where, currency=("EUR", "USD", "JPY")[number], total="90")
        given = credit(
            place, resource=("credit_note", "prepayment", "overpayment")[number], **where
        )
        records += [sold, given, payment(place, of=sold), payment(place + 20, of=given)]

    async with Feed(broker) as feed:
        async with running(database, broker):
            await feed.publish(*(moment(record) for record in records))
            await settle(database, broker)
            await assert_as_rebuilt(broker)
            await feed.publish(
                *(moment({**r, "status": "void"}, 2) for r in records[1::8]),
                *(moment({**r, "status": "deleted", "is_deleted": True}, 2) for r in records[2::8]),
                *(moment({**r, "status": "deleted", "is_deleted": True}, 2) for r in records[3::8]),
                *(erased(r, 2) for r in (records[0], records[5], records[10], records[15])),
            )
            await settle(database, broker)
        await assert_as_rebuilt(broker)


async def test_payment_taken_back_is_told(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """A deletion moves the status of the invoice that was paid, though it comes on its own."""
    broker = embedded_broker_settings
    undone = {**payment(of=invoice()), "status": "deleted", "is_deleted": True}

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice()), moment(payment(of=invoice())))
        before = await settle(database, broker)
        await feed.publish(moment(undone, 2))
        after = await settle(database, broker)

    assert before.invoices[key_of(invoice())]["undone_payments"] == []
    assert [each["amount"] for each in after.invoices[key_of(invoice())]["undone_payments"]] == [
        "10.00"
    ]
    await assert_as_rebuilt(broker)


async def test_invoice_is_published_only_when_its_status_moves(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """A payment that was reconciled touches its invoice and tells nothing new about it."""
    broker = embedded_broker_settings
    topic = crm_topics(broker.prefix).invoice_status

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(invoice()), moment(payment(of=invoice())))
        await settle(database, broker)
        before = await held(broker, topic)
        await feed.publish(moment({**payment(of=invoice()), "is_reconciled": True}, 2))
        await settle(database, broker)

    assert before == await held(broker, topic)


async def held(broker: BrokerSettings, topic: str) -> int:
    """Return how many records a topic holds."""
    partitions = all_partitions(broker.partitions, topic)
    return sum([len(batch) async for batch in snapshot(broker, partitions)])


async def test_credit_that_changes_hands_moves_both_contacts(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """After a merge the credit is the other contact's, and nobody's twice."""
    broker = embedded_broker_settings

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(credit(contact=1)), moment(invoice(contact=2)))
        await settle(database, broker)
        await feed.publish(moment(credit(contact=2), 2))
        statuses = await settle(database, broker)

    [contact] = statuses.contacts.values()
    assert (contact["status"], contact["buckets"][0]["unapplied_credit"]) == ("current", "100.00")
    await assert_as_rebuilt(broker)


async def test_rows_of_an_older_program_are_published_and_then_completed(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """What the tables held before the upgrade counts at once; what they lacked is read again.

    The first invoice still stands on the state topic, the second on no topic any more, as on a
    broker that lost everything.
    """
    broker = embedded_broker_settings
    known, lost = invoice(1), invoice(2)
    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(known), moment(lost))
        await settle(database, broker)
    for record in (known, lost):
        # As an older program would have stored them: no more columns, the same versions.
        await database.execute(
            """UPDATE crm_invoice SET shape = 1, settled_by = NULL, base_currency = NULL,
                  rate = NULL, total_base = NULL, amount_due_base = NULL, amount_paid = NULL,
                  amount_credited = NULL
                WHERE invoice_id = $1""",
            record["id"],
        )
    await database.execute("DELETE FROM crm_offset")
    await database.execute(
        "UPDATE crm_invoice SET epoch = epoch + 1 WHERE invoice_id = $1", lost["id"]
    )

    async with running(database, broker):
        statuses = await settle(database, broker)

    assert [statuses.invoices[key_of(record)]["settled_by"] for record in (known, lost)] == [
        [],
        None,
    ]
    assert statuses.invoices[key_of(lost)]["amount_due"] == "100.00"


async def test_nothing_is_published_before_every_topic_has_been_read(
    database: Database, embedded_broker_settings: BrokerSettings
) -> None:
    """A program that reads a topic its predecessor did not publishes no half of a settlement."""
    broker = embedded_broker_settings
    topics = crm_topics(broker.prefix)
    async with Feed(broker) as feed:
        await feed.publish_states(moment(SOLD), moment(PAID), moment(PREPAID))
        async with running(database, broker):
            await settle(database, broker)
        begun = await held(broker, topics.invoice_status)
        await database.execute(
            "DELETE FROM crm_offset WHERE topic = $1", topics.of("payment").events
        )
        await database.execute("TRUNCATE crm_payment")
        async with running(database, broker):
            await settle(database, broker)

    # Everything once more, and none of it without the payment's rate.
    assert begun + 1 == await held(broker, topics.invoice_status)
    await assert_as_rebuilt(broker)


async def test_known_versions_are_found_by_kind(database: Database) -> None:
    """One look-up for keys of every resource; what is not stored has no version."""
    stored = [state(record) for record in (invoice(), credit(), payment(of=invoice()))]
    async with database.transaction() as conn:
        await tables.store(conn, stored)
        known = await tables.known_versions(
            conn, {*(each.key for each in stored), Key(tenant(1), "payment", SOLD["id"])}
        )

    assert {each.key: each.version for each in stored} == known
