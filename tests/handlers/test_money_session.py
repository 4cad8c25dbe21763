"""Money that moves at the simulated Xero, as the mirror and its events come to tell of it.

Each test hints only what Xero's webhooks would, and lets sessions follow the links to the rest.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator.model import Credit, Invoice
from storage.database import Database
from tests.handlers.rig import Rig, running
from tests.simulator import money


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation of New Zealand whose books have been read, and nobody owes it anything."""
    async with running(database) as started:
        await started.work()
        started.pass_time(minutes=2)  # the first sweeps, so that none is counted among the reads
        await started.work()
        yield started


async def follow(rig: Rig, *hinted: tuple[str, str], **changes: Any) -> list[dict[str, Any]]:
    """Hint these (endpoint, id), work until nothing is due; the events that came of it."""
    before = len(await rig.mirror.events(None))
    for endpoint, remote in hinted:
        await rig.hint(remote, endpoint, **changes)
    await rig.work()
    assert await rig.notices() == []
    return (await rig.mirror.events(None))[before:]


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """What events say: (entity, op, facts), in order."""
    return [(each["entity"]["resource"], each["op"], each["facts"]) for each in events]


async def sale(rig: Rig) -> Invoice:
    """An approved invoice of 115.00 that the mirror knows."""
    made = money.sale(rig.books)
    await follow(rig, ("Invoices", made.id), ("Contacts", made.contact_id), created=True)
    return made


async def credit_note(rig: Rig) -> Credit:
    """An approved credit note of 115.00 that the mirror knows."""
    made = money.note(rig.books)
    await follow(rig, ("CreditNotes", made.id), created=True)
    return made


async def test_payment_is_found_through_its_invoice_and_its_deletion_too(rig: Rig) -> None:
    """One webhook for the invoice: both things get their event, for one call each."""
    invoice = await sale(rig)
    paid = rig.books.pay(invoice.id)
    calls = rig.calls

    events = await follow(rig, ("Invoices", invoice.id))

    assert told(events) == [("invoice", "u", ["invoice.paid"]), ("payment", "c", [])]
    assert rig.calls - calls == 2
    payment = events[1]["after"]
    assert (payment["direction"], payment["kind"], payment["amount"]) == (
        "inbound",
        "payment",
        "115.00",
    )
    assert payment["applied_to"][0]["ref"]["remote_id"] == invoice.id
    assert events[1]["cause"]["kind"] == "poll"

    rig.books.delete_payment(paid.id)
    events = await follow(rig, ("Invoices", invoice.id))

    assert told(events) == [
        ("invoice", "u", ["invoice.payment_removed", "invoice.became_overdue"]),
        ("payment", "d", ["payment.deleted"]),
    ]
    await rig.agree()


async def test_allocation_is_told_of_both_ends(rig: Rig) -> None:
    """Whichever end the webhook names."""
    invoice, note = await sale(rig), await credit_note(rig)
    applied = rig.books.allocate(note.id, invoice.id, "40.00")

    events = await follow(rig, ("CreditNotes", note.id))

    assert sorted(told(events)) == [
        ("credit_note", "u", ["credit_note.allocated"]),
        ("invoice", "u", ["invoice.partially_paid"]),
    ]
    held = next(each for each in events if each["entity"]["resource"] == "credit_note")["after"]
    assert (held["remaining_credit"], held["applied_amount"], held["allocation_status"]) == (
        "75.00",
        "40.00",
        "partial",
    )

    rig.books.unallocate(applied.id)
    events = await follow(rig, ("Invoices", invoice.id))

    assert sorted(told(events)) == [
        ("credit_note", "u", ["credit_note.allocation_removed"]),
        ("invoice", "u", ["invoice.credit_removed"]),
    ]


async def test_refund_is_a_payment_of_its_credit(rig: Rig) -> None:
    """Xero shows it as the payment of an invoice that does not exist; nothing is buried."""
    note = await credit_note(rig)
    refund = rig.books.refund(note.id)

    events = await follow(rig, ("CreditNotes", note.id))

    assert told(events) == [
        ("credit_note", "u", ["credit_note.refunded", "credit_note.used_up"]),
        ("payment", "c", []),
    ]
    [applied] = events[1]["after"]["applied_to"]
    assert (events[1]["after"]["kind"], applied["resource"]) == ("refund", "credit_note")
    assert applied["ref"]["remote_id"] == note.id
    assert events[1]["entity"]["remote_id"] == refund.id
    assert await rig.notices("dead") == []


@pytest.mark.parametrize("kind", ["prepayment", "overpayment"])
async def test_money_in_advance_is_used_and_paid_back(rig: Rig, kind: str) -> None:
    """Born as a bank transaction, announced by a category of its own."""
    invoice = await sale(rig)
    made = money.prepayment(rig.books) if kind == "prepayment" else money.overpayment(rig.books)
    path = f"{kind.capitalize()}s"
    [created] = await follow(rig, (path, made.id), created=True)
    rig.books.allocate(made.id, invoice.id, "100.00")
    rig.books.refund(made.id)

    events = await follow(rig, (path, made.id))

    assert told([created]) == [(kind, "c", [])]
    assert (created["after"]["type"], created["after"]["remaining_credit"]) == (
        "receivable",
        "115.00",
    )
    assert (
        kind,
        "u",
        [f"{kind}.{fact}" for fact in ("allocated", "refunded", "used_up")],
    ) in told(events)
    assert {each["entity"]["resource"] for each in events} == {kind, "invoice", "payment"}
    await rig.agree()


async def test_sweep_finds_money_that_no_webhook_told_of(rig: Rig) -> None:
    """Payments, credits and documents alike, each by its own endpoint."""
    invoice, note = await sale(rig), await credit_note(rig)
    rig.books.allocate(note.id, invoice.id, "15.00")
    rig.books.pay(invoice.id)
    rig.books.refund(note.id, "5.00")
    rig.pass_time(days=1)

    await rig.work()

    await rig.agree()
    facts = {fact for each in await rig.mirror.events(None) for fact in each["facts"]}
    assert facts >= {"invoice.paid", "credit_note.allocated", "credit_note.refunded"}
    kinds = sorted(each["after"]["kind"] for each in await rig.mirror.events("payment"))
    assert kinds[-1] == "refund"
    assert await rig.notices() == []


async def test_foreign_money_gains_and_loses_until_it_is_paid(rig: Rig) -> None:
    """Owed at one rate, paid at two others: worked out by hand, base amounts beside it.

    115.00 at 0.6 is 191.67; 60.00 is worth 100.00 at 0.6 and 120.00 at 0.5; 55.00 is worth 91.67
    at 0.6 and 80.88 at 0.68.
    """
    base = rig.books.ledger.country.currency
    currency = next(each for each in ("USD", "EUR") if each != base)
    invoice = money.sale(rig.books, CurrencyCode=currency, CurrencyRate="0.6")
    await follow(rig, ("Invoices", invoice.id), ("Contacts", invoice.contact_id), created=True)
    rig.books.pay(invoice.id, "60.00", CurrencyRate="0.5")
    [part, first] = await follow(rig, ("Invoices", invoice.id))
    rig.books.pay(invoice.id, CurrencyRate="0.68")
    [whole, second] = await follow(rig, ("Invoices", invoice.id))

    assert (part["after"]["total_base"], part["after"]["realised_gain_base"]) == ("191.67", "20.00")
    assert whole["after"]["realised_gain_base"] == "9.21"
    payments = [first["after"], second["after"]]
    assert [each["currency"] for each in payments] == [currency] * 2
    assert [each["amount_base"] for each in payments] == ["120.00", "80.88"]
    assert [each["bank_amount"] for each in payments] == ["120.00", "80.88"]
