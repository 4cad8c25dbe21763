"""Money that moves at the simulated bank: what no webhook tells is followed from what is read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from storage.database import Database
from tests.handlers.rig import Rig, running
from tests.handlers.test_money_session import follow, told
from tests.simulator import money


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation of New Zealand whose books have been read and swept once."""
    async with running(database) as started:
        await started.work()
        started.pass_time(minutes=2)
        await started.work()
        yield started


async def swept(rig: Rig, path: str) -> list[dict[str, Any]]:
    """Sweep one endpoint, work until nothing is due; the events that came of it."""
    before = len(await rig.mirror.events(None))
    await rig.db.execute(
        "UPDATE cursor SET sweep_due_at = $3 WHERE tenant_id = $1 AND endpoint = $2",
        rig.tenant,
        path,
        rig.clock.now(),
    )
    await rig.work()
    assert await rig.notices() == []
    return (await rig.mirror.events(None))[before:]


async def test_batch_is_found_through_its_payments_and_its_deletion_too(rig: Rig) -> None:
    """A webhook for one invoice leads to its payment, that to the batch, that to the others."""
    first, second = money.sale(rig.books), money.sale(rig.books)
    await follow(rig, ("Invoices", first.id), ("Invoices", second.id), created=True)
    batch = rig.books.pay_batch([first.id, second.id])

    made = await follow(rig, ("Invoices", first.id))

    assert sorted(told(made)) == [
        ("batch_payment", "c", []),
        ("invoice", "u", ["invoice.paid"]),
        ("invoice", "u", ["invoice.paid"]),
        ("payment", "c", []),
        ("payment", "c", []),
    ]
    [batched] = [each["after"] for each in made if each["entity"]["resource"] == "batch_payment"]
    assert {each["id"] for each in batched["payments"]} == set(batch.payments)

    rig.books.delete_batch(batch.id)
    gone = await follow(rig, ("Invoices", first.id))

    assert sorted(told(gone)) == [
        ("batch_payment", "d", ["batch_payment.deleted"]),
        ("invoice", "u", ["invoice.payment_removed", "invoice.became_overdue"]),
        ("invoice", "u", ["invoice.payment_removed", "invoice.became_overdue"]),
        ("payment", "d", ["payment.deleted"]),
        ("payment", "d", ["payment.deleted"]),
    ]


async def test_sweep_of_bank_transactions_leads_to_their_transfer(rig: Rig) -> None:
    """A new transfer is swept for once its sides are seen, an old one read when they change."""
    moved = rig.books.transfer("12.50", Reference="Savings")

    made = await swept(rig, "BankTransactions")

    assert sorted(told(made)) == [("transaction", "c", [])] * 3
    rig.pass_time(minutes=1)
    rig.books.reconcile(moved.from_transaction_id)

    matched = await swept(rig, "BankTransactions")

    assert told(matched) == [
        ("transaction", "u", ["transaction.reconciled"]),
        ("transaction", "u", []),
    ]
    [_, transfer] = [each["after"] for each in matched]
    assert [leg["is_reconciled"] for leg in transfer["legs"]] == [True, False]
    rig.books.reconcile(moved.from_transaction_id, done=False)
    rig.books.delete_transfer(moved.id)

    gone = await swept(rig, "BankTransactions")

    assert told(gone) == [("transaction", "d", ["transaction.deleted"])] * 3
    assert [each["after"]["is_leg"] for each in gone] == [True, True, False]


async def test_manual_journal_is_swept_for(rig: Rig) -> None:
    """No webhook tells of it, and nothing names it."""
    lines = [
        {"LineAmount": "80.00", "AccountCode": "429"},
        {"LineAmount": "-80.00", "AccountCode": "400"},
    ]
    booked = rig.books.create_journal(Narration="Moved", JournalLines=lines)
    made = await swept(rig, "ManualJournals")
    rig.pass_time(minutes=1)
    rig.books.update_journal(booked.id, Status="POSTED")
    posted = await swept(rig, "ManualJournals")

    assert told(made) == [("journal_entry", "c", [])]
    assert told(posted) == [("journal_entry", "u", ["journal_entry.posted"])]
    assert [line["side"] for line in posted[0]["after"]["lines"]] == ["debit", "credit"]
