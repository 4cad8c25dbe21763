"""The consumer on a real database and broker: what it publishes, and what it does when killed."""

import pytest

from crm.consumer import Health
from crm.kit import Key
from crm.topics import crm_topics
from storage.database import Database
from tests.crm.feed import EPOCH, Feed, erased, invoice, missing, moment, tenant
from tests.crm.running import (
    KillAt,
    assert_as_rebuilt,
    run_until_killed,
    running,
    settle,
)
from unified.broker import BrokerSettings


def key_of(record: dict[str, object]) -> Key:
    """Return the key of an invoice's status."""
    return Key(str(record["tenant_id"]), "invoice", str(record["id"]))


async def test_event_becomes_both_statuses(database: Database, broker: BrokerSettings) -> None:
    """One overdue invoice tells a CRM about itself and about its contact."""
    record = invoice(timing="overdue", amount_due="40.00", payment_status="partially_paid")

    async with Feed(broker) as feed, running(database, broker):
        await feed.publish(moment(record))
        statuses = await settle(database, broker)

    found = statuses.invoices[key_of(record)]
    assert ("40.00", "open", "partially_paid", "overdue", 1) == (
        found["amount_due"],
        found["document"],
        found["settlement"],
        found["timing"],
        found["sequence"],
    )
    [contact] = statuses.contacts.values()
    assert "overdue" == contact["status"]
    await assert_as_rebuilt(broker)
