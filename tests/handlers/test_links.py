"""Payments, credits and documents name each other: what one shows is asked of the other."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.absorb import Absorbed
from storage.notices import finish_notices
from tests.handlers.answers import BACKFILL, INVOICE, NOW, Mirror, raw_invoice, remote_id, xero_time
from tests.unified.books import wire
from unified.ids import RemoteId
from unified.resource import Resource
from unified.resources import resource

PAYMENT = resource("payment")
CREDIT_NOTE = resource("credit_note")
OVERPAYMENT = resource("overpayment")
LATER = NOW + timedelta(seconds=1)

Raw = dict[str, Any]


@pytest.fixture
async def books(empty: Mirror) -> Mirror:
    """An organisation all of whose endpoints were backfilled: what is new was made just now."""
    for of in (PAYMENT, CREDIT_NOTE, OVERPAYMENT):
        await empty.db.execute(
            """INSERT INTO cursor (tenant_id, endpoint, sweep_due_at, backfill_state,
                                   backfill_complete)
               VALUES ($1, $2, $3, 'done', true)""",
            empty.id,
            of.endpoint.path,
            NOW + timedelta(hours=1),
        )
    return empty


def raw_payment(name: str = "paid", to: str = "one", **changes: Any) -> Raw:
    """A payment of an invoice of that name."""
    stub = {"Type": "ACCREC", "InvoiceID": remote_id(to), "CurrencyCode": "NZD"}
    usual = {"PaymentID": remote_id(name), "UpdatedDateUTC": xero_time(NOW), "Invoice": stub}
    return wire("payment", "batched_receipt", **{**usual, **changes})


def raw_credit_note(name: str = "credit", to: tuple[str, ...] = (), **changes: Any) -> Raw:
    """A credit note that was applied to invoices of these names."""
    usual = {
        "CreditNoteID": remote_id(name),
        "UpdatedDateUTC": xero_time(NOW),
        "Payments": [],
        "Allocations": [
            {"AllocationID": remote_id(f"{name} {each}"), "Amount": 5, "Invoice": {
                "InvoiceID": remote_id(each)}}
            for each in to
        ],
    }  # fmt: skip
    return wire("credit_note", "part_allocated_and_refunded", **{**usual, **changes})


def shown(*names: str) -> list[Raw]:
    """Payments as their documents show them."""
    return [
        {"PaymentID": remote_id(name), "Amount": Decimal("200.00"), "CurrencyRate": 1}
        for name in names
    ]


def credited(*names: str) -> list[Raw]:
    """Credit notes as the documents show them to which they were applied."""
    return [{"CreditNoteID": remote_id(name), "AppliedAmount": Decimal(5)} for name in names]


async def read(mirror: Mirror, of: Resource, raw: Raw, **how: Any) -> Absorbed:
    """Absorb one thing as Xero answered it."""
    return await mirror.absorb(of, await mirror.seen(of, raw), **how)


async def wanted(mirror: Mirror) -> list[tuple[str, str, str]]:
    """What is asked for: (endpoint, remote id, why)."""
    rows = await mirror.db.fetch("SELECT endpoint, remote_id, origin FROM notice ORDER BY 1, 2")
    return [tuple(row.values()) for row in rows]


async def answered(mirror: Mirror, *, endpoint: str, name: str) -> None:
    """Drop a notice, as its read would."""
    notice = await mirror.notice(name, endpoint=endpoint)
    assert notice is not None
    async with mirror.db.transaction() as conn:
        await finish_notices(conn, mirror.id, [notice])


def asked(endpoint: str, name: str) -> tuple[str, str, str]:
    """A notice for a linked thing of that name."""
    return (endpoint, remote_id(name), "linked")


async def test_payment_that_appears_in_an_invoice_is_read(books: Mirror) -> None:
    """No webhook tells of it, and its own sweep may be hours away."""
    await read(books, INVOICE, raw_invoice())

    await read(books, INVOICE, raw_invoice(at=LATER, Payments=shown("paid")))

    assert await wanted(books) == [asked("Payments", "paid")]


async def test_payment_that_then_names_the_invoice_asks_for_nothing_more(books: Mirror) -> None:
    """Both say the same: reading the invoice again would cost a call for each payment."""
    await read(books, INVOICE, raw_invoice(Payments=shown("paid")))
    await answered(books, endpoint="Payments", name="paid")

    done = await read(books, PAYMENT, raw_payment())

    assert done.events == 1
    assert await wanted(books) == []


async def test_payment_of_an_invoice_that_does_not_show_it_yet_asks_for_it(books: Mirror) -> None:
    """A sweep of payments can be ahead of the invoice's webhook, or that was lost."""
    await read(books, INVOICE, raw_invoice())

    await read(books, PAYMENT, raw_payment())

    assert await wanted(books) == [asked("Invoices", "one")]


async def test_payment_that_vanishes_from_an_invoice_is_read(books: Mirror) -> None:
    """It was deleted, which nothing else announces; its deletion then asks for nothing."""
    await read(books, INVOICE, raw_invoice(Payments=shown("paid")))
    await answered(books, endpoint="Payments", name="paid")
    await read(books, PAYMENT, raw_payment())
    await read(books, INVOICE, raw_invoice(at=LATER))
    assert await wanted(books) == [asked("Payments", "paid")]
    await answered(books, endpoint="Payments", name="paid")

    await read(books, PAYMENT, raw_payment(Status="DELETED", UpdatedDateUTC=xero_time(LATER)))

    [_, event] = await books.events("payment")
    assert (event["op"], event["facts"]) == ("d", ["payment.deleted"])
    assert event["after"]["is_deleted"]
    assert await wanted(books) == []


async def test_deleted_payment_asks_for_the_invoice_that_still_shows_it(books: Mirror) -> None:
    """The other way round: the sweep of payments saw the deletion first."""
    await read(books, INVOICE, raw_invoice(Payments=shown("paid")))
    await answered(books, endpoint="Payments", name="paid")
    await read(books, PAYMENT, raw_payment())

    await read(books, PAYMENT, raw_payment(Status="DELETED", UpdatedDateUTC=xero_time(LATER)))

    assert await wanted(books) == [asked("Invoices", "one")]


async def test_payments_follow_their_document_to_another_contact(books: Mirror) -> None:
    """Merging contacts moves documents; of their payments Xero shows the new contact, unstamped."""
    old, new = ({"ContactID": remote_id(name)} for name in ("old", "new"))
    stub = {"Type": "ACCREC", "InvoiceID": remote_id("one"), "CurrencyCode": "NZD"}
    both = shown("paid", "followed")
    await read(books, INVOICE, raw_invoice(Contact=old, Payments=both))
    for name, contact in (("paid", old), ("followed", new)):
        await answered(books, endpoint="Payments", name=name)
        await read(books, PAYMENT, raw_payment(name, Invoice={**stub, "Contact": contact}))

    await read(books, INVOICE, raw_invoice(at=LATER, Contact=new, Payments=both))

    assert ("Payments", remote_id("paid"), "linked") in await wanted(books)
    assert ("Payments", remote_id("followed"), "linked") not in await wanted(books)


async def test_refund_asks_for_its_credit_and_never_for_an_invoice(books: Mirror) -> None:
    """Xero shows the credit note under the key of an invoice: there is no such invoice."""
    stub = {"Type": "ACCRECCREDIT", "InvoiceID": remote_id("credit"), "CurrencyCode": "NZD"}

    await read(books, PAYMENT, raw_payment(PaymentType="ARCREDITPAYMENT", Invoice=stub))

    assert await wanted(books) == [asked("CreditNotes", "credit")]


async def test_credit_applied_to_an_invoice_is_read_once(books: Mirror) -> None:
    """From the invoice to the credit note, which names the invoice, and there it ends."""
    await read(books, INVOICE, raw_invoice(CreditNotes=credited("credit")))
    assert await wanted(books) == [asked("CreditNotes", "credit")]
    await answered(books, endpoint="CreditNotes", name="credit")

    await read(books, CREDIT_NOTE, raw_credit_note(to=("one",)))

    assert await wanted(books) == []


async def test_credit_asks_for_the_invoices_it_came_to_and_left(books: Mirror) -> None:
    """One allocation was replaced by another: two invoices owe other amounts now."""
    await read(books, INVOICE, raw_invoice("one", CreditNotes=credited("credit")))
    await answered(books, endpoint="CreditNotes", name="credit")
    await read(books, INVOICE, raw_invoice("two"))
    await read(books, CREDIT_NOTE, raw_credit_note(to=("one",)))

    moved = raw_credit_note(to=("two",), UpdatedDateUTC=xero_time(LATER))
    await read(books, CREDIT_NOTE, moved)

    assert await wanted(books) == sorted([asked("Invoices", "one"), asked("Invoices", "two")])
    [_, event] = await books.events("credit_note")
    assert event["facts"] == ["credit_note.allocation_removed", "credit_note.allocated"]


@pytest.mark.parametrize("of", [CREDIT_NOTE, OVERPAYMENT], ids=lambda of: str(of.name))
async def test_refund_that_appears_in_a_credit_is_read(books: Mirror, of: Resource) -> None:
    """It is a payment like any other."""
    pair = {"credit_note": "part_allocated_and_refunded", "overpayment": "received_part_allocated"}
    bare = wire(of.name, pair[of.name], Allocations=[], Payments=[], UpdatedDateUTC=xero_time(NOW))
    await read(books, of, bare)

    await read(books, of, {**bare, "Payments": shown("back"), "UpdatedDateUTC": xero_time(LATER)})

    assert await wanted(books) == [asked("Payments", "back")]
    [_, event] = await books.events(of.name)
    assert event["facts"] == [f"{of.name}.refunded"]


async def test_what_a_backfill_observes_asks_for_nothing(books: Mirror) -> None:
    """The payments have a backfill of their own: a thousand invoices would ask for a thousand."""
    await books.db.execute("UPDATE cursor SET backfill_complete = false")

    await read(books, INVOICE, raw_invoice(Payments=shown("paid")), origin=BACKFILL)

    assert await wanted(books) == []


async def test_endpoint_that_was_never_read_is_asked_for_nothing(books: Mirror) -> None:
    """Its backfill brings it all; and where consent does not cover it, each read would be refused
    until it is given up: a dead letter for every payment."""
    await books.db.execute(
        "UPDATE cursor SET backfill_state = 'pending', backfill_complete = false"
        " WHERE endpoint = 'Payments'"
    )
    await read(books, INVOICE, raw_invoice(CreditNotes=credited("credit"), Payments=shown("paid")))

    assert await wanted(books) == [asked("CreditNotes", "credit")]


async def test_payment_first_seen_after_the_backfill_was_created(books: Mirror) -> None:
    """Its event says so, and names what it settled."""
    await read(books, PAYMENT, raw_payment())

    [event] = await books.events("payment")
    assert (event["op"], event["entity"]["remote_id"]) == ("c", remote_id("paid"))
    [applied] = event["after"]["applied_to"]
    assert (applied["resource"], applied["ref"]["remote_id"]) == ("invoice", RemoteId(
        remote_id("one")))  # fmt: skip
