"""What settles invoices, and what is left to settle others with: cases worked out by hand.

Base currency is the euro. A rate is foreign currency for one euro, so amounts are divided by it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.kit import Change, Key, Unreadable, Version
from crm.rebuild import Statuses, computed
from crm.states import State, credit_state, invoice_state, payment_state
from tests.crm.feed import credit, invoice, payment, settling

AS_OF = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)

Json = dict[str, Any]


def state(record: Json) -> State:
    """Return what payment status keeps of a record."""
    change = Change(
        Key(record["tenant_id"], record["resource"], record["id"]), Version(5, 1), record
    )
    match record["resource"]:
        case "invoice":
            return invoice_state(change)
        case "payment":
            return payment_state(change)
    return credit_state(change)


def statuses(records: Iterable[Json]) -> Statuses:
    """Return the statuses that follow from records."""
    return computed([state(record) for record in records], AS_OF)


def invoice_status(*records: Json) -> Json:
    """Return the status of the one invoice among the records."""
    [document] = statuses(records).invoices.values()
    return document


def contact_status(*records: Json) -> Json:
    """Return the status of the one contact that the records name."""
    [document] = statuses(records).contacts.values()
    return document


def dollars(**more: Any) -> Json:
    """An invoice of 100 dollars at 1.25, settled by 60 that were paid and 40 credited."""
    return invoice(
        currency="USD",
        provider_exchange_rate="1.25",
        total_base="80.00",
        amount_due="0.00",
        amount_due_base="0.00",
        status="paid",
        payment_status="paid",
        timing="none",
        payments=[settling("payment", 1, "60.00", "2026-03-11")],
        credits=[settling("credit_note", 1, "40.00", "2026-03-10")],
        **more,
    )


def test_settlements_are_listed_with_their_rates_in_order_of_days() -> None:
    """What paid an invoice and what credited it, by kind, whatever order Xero lists them in."""
    note = credit(provider_exchange_rate="1.28", currency="USD", remaining="0.00", status="paid")
    paid = payment(of=dollars(), amount="60.00", provider_exchange_rate="1.2")

    document = invoice_status(dollars(), note, paid)

    assert [
        (each["resource"], each["date"], each["amount"], each["rate"])
        for each in document["settled_by"]
    ] == [
        ("credit_note", "2026-03-10", "40.00", "1.28"),
        ("payment", "2026-03-11", "60.00", "1.2"),
    ]
    assert [note["id"], paid["id"]] == [each["id"] for each in document["settled_by"]]


def test_gain_of_a_sale_in_dollars() -> None:
    """60 at 1.20 are 50.00 euros, booked as 48.00; 40 credited at 1.28 are 31.25, booked 32.00."""
    note = credit(provider_exchange_rate="1.28", currency="USD")
    paid = payment(of=dollars(), amount="60.00", provider_exchange_rate="1.2")

    document = invoice_status(dollars(), note, paid)

    assert document["base"] == {
        "currency": "EUR",
        "basis": "document_rate",
        "rate": "1.25",
        "total": "80.00",
        "amount_due": "0.00",
        "realised_gain": "1.25",
    }


def test_loss_on_a_bill_in_pounds() -> None:
    """90 pounds at 0.90 are a debt of 100.00 euros; at 0.85 they cost 105.88: half up."""
    bill = invoice(
        type_="bill",
        currency="GBP",
        total="90.00",
        provider_exchange_rate="0.9",
        total_base="100.00",
        amount_due="0.00",
        payments=[settling("payment", 1, "90.00")],
    )
    paid = payment(of=bill, amount="90.00", provider_exchange_rate="0.85")

    assert invoice_status(bill, paid)["base"]["realised_gain"] == "-5.88"


def test_gain_of_a_part_paid_in_yen() -> None:
    """8000 yen at 158 are 50.63 euros, booked at 160 as 50.00; yen have no minor unit."""
    sale = invoice(
        currency="JPY",
        total="16000",
        provider_exchange_rate="160",
        amount_due="8000",
        amount_due_base="50.00",
        payments=[settling("payment", 1, "8000")],
    )
    paid = payment(of=sale, amount="8000", provider_exchange_rate="158")

    document = invoice_status(sale, paid)

    assert (document["amount_due"], document["base"]["realised_gain"]) == ("8000", "0.63")


def test_gain_is_not_said_before_every_rate_is_known() -> None:
    """A payment's own record may come later: until then a part of the gain would be a lie."""
    note = credit(provider_exchange_rate="1.28", currency="USD")

    document = invoice_status(dollars(), note)

    assert document["base"]["realised_gain"] is None
    assert [each["rate"] for each in document["settled_by"] if each["resource"] == "payment"] == [
        None
    ]


def test_nothing_is_gained_before_anything_is_settled() -> None:
    """Whatever the document's rate is, and even where it is not known."""
    document = invoice_status(invoice(currency="USD", provider_exchange_rate=None))

    assert document["base"]["realised_gain"] == "0.00"


def test_nothing_is_gained_in_base_currency() -> None:
    """Euros for euros: whatever else is known of the payment, nothing is converted."""
    document = invoice_status(
        invoice(amount_due="40.00", payments=[settling("payment", 1, "60.00")])
    )

    assert (
        document["base"]["realised_gain"],
        document["settled_by"][0]["rate"],
    ) == ("0.00", "1")


def test_undone_payment_is_told() -> None:
    """A payment that was taken back settles nothing and is not forgotten."""
    undone = payment(2, of=invoice(), amount="30.00", status="deleted")

    document = invoice_status(invoice(), undone, payment(3, of=invoice(2), status="deleted"))

    assert document["settled_by"] == []
    assert [
        {
            "id": undone["id"],
            "remote_id": undone["remote_id"],
            "date": "2026-03-10",
            "amount": "30.00",
        }
    ] == document["undone_payments"]


def test_unapplied_credit_stands_beside_what_it_could_settle() -> None:
    """By kind, type and currency; only what is open offers anything, whatever Xero says is left."""
    document = contact_status(
        invoice(),
        credit(1, remaining="20.00"),
        credit(2, status="void"),
        credit(3, status="deleted", is_deleted=True),
        credit(4, status="draft"),
        credit(5, status="paid", remaining="0.00"),
        credit(1, resource="prepayment", remaining="5.50"),
        credit(1, resource="overpayment", total="7.25"),
        credit(6, currency="USD", total="9.00", provider_exchange_rate="1.25"),
        credit(7, type_="payable", total="3.00"),
    )

    assert [
        (
            each["type"],
            each["currency"],
            each["unapplied_credit"],
            {kind: left for kind, left in each["unapplied_by"].items() if left != "0.00"},
        )
        for each in document["buckets"]
    ] == [
        ("bill", "EUR", "3.00", {"credit_note": "3.00"}),
        (
            "invoice",
            "EUR",
            "32.75",
            {"credit_note": "20.00", "prepayment": "5.50", "overpayment": "7.25"},
        ),
        ("invoice", "USD", "9.00", {"credit_note": "9.00"}),
    ]


def test_refunds_are_added_up_unless_taken_back() -> None:
    """What was paid back of credits, in their currency; a refund that was undone is none."""
    note, other = credit(1, remaining="0.00", status="paid"), credit(2, resource="overpayment")

    document = contact_status(
        note,
        other,
        payment(1, of=note, amount="60.00"),
        payment(2, of=note, amount="40.00", status="deleted"),
        payment(3, of=other, amount="1.50"),
    )

    assert [each["refunded"] for each in document["buckets"]] == ["61.50"]


def test_base_totals_name_their_rates_and_add_nothing_else() -> None:
    """Three currencies come to one sum in euros only as each document's own rate says."""
    document = contact_status(
        invoice(1, total="100.00", timing="overdue"),
        invoice(2, currency="USD", total="50.00", amount_due_base="40.00"),
        invoice(3, currency="JPY", total="1600", amount_due_base="10.00", timing="overdue"),
        invoice(4, type_="bill", currency="GBP", total="9.00", amount_due_base="10.00"),
        invoice(5, status="draft", timing="none"),
        credit(1, currency="USD", total="5.00", remaining_credit_base="4.00"),
    )

    assert document["base_totals"] == [
        {
            "type": "bill",
            "currency": "EUR",
            "basis": "document_rate",
            "open": "10.00",
            "overdue": "0.00",
            "unapplied_credit": "0.00",
            "unconverted": 0,
        },
        {
            "type": "invoice",
            "currency": "EUR",
            "basis": "document_rate",
            "open": "150.00",
            "overdue": "110.00",
            "unapplied_credit": "4.00",
            "unconverted": 0,
        },
    ]
    assert [(each["type"], each["currency"]) for each in document["buckets"]] == [
        ("bill", "GBP"),
        ("invoice", "EUR"),
        ("invoice", "JPY"),
        ("invoice", "USD"),
    ]


def test_what_cannot_be_converted_is_counted() -> None:
    """A document without a rate is left out of the sum in base currency, and said to be."""
    document = contact_status(
        invoice(1),
        invoice(2, currency="USD", provider_exchange_rate=None, amount_due_base=None),
        credit(1, resource="prepayment", currency="USD", remaining_credit_base=None),
    )

    [total] = document["base_totals"]
    assert (
        total["open"],
        total["unapplied_credit"],
        total["unconverted"],
    ) == ("100.00", "0.00", 2)


@pytest.mark.parametrize(
    ("records", "status", "payable_status"),
    [
        ([credit()], "in_credit", "no_activity"),
        ([credit(type_="payable")], "no_activity", "in_credit"),
        ([credit(), invoice()], "current", "no_activity"),
        ([credit(), invoice(timing="overdue")], "overdue", "no_activity"),
        ([credit(), invoice(status="paid", amount_due="0.00")], "in_credit", "no_activity"),
        ([credit(status="paid", remaining="0.00")], "current", "no_activity"),
        ([credit(status="void")], "no_activity", "no_activity"),
        ([credit(status="draft")], "no_activity", "no_activity"),
        ([credit(type_="a_type_of_a_later_day")], "no_activity", "no_activity"),
    ],
)
def test_standing_with_credit(records: list[Json], status: str, payable_status: str) -> None:
    """In credit is who has credit left and owes nothing; void credit is none."""
    document = contact_status(*records)

    assert (status, payable_status) == (document["status"], document["payable_status"])


def test_payment_alone_makes_no_status() -> None:
    """A payment whose document is not known says nothing that could be published."""
    found = statuses([payment(of=invoice())])

    assert (found.invoices, found.contacts) == ({}, {})


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        (credit(), "remaining_credit", "much"),
        (credit(), "allocations", [{"target": {"id": "not a uuid"}}]),
        (payment(of=invoice()), "applied_to", "an invoice"),
        (payment(of=invoice()), "date", "tomorrow"),
    ],
)
def test_wrong_value_makes_the_record_unreadable(record: Json, field: str, value: object) -> None:
    """Records of credits and payments that break the promised shapes are refused as well."""
    with pytest.raises(Unreadable):
        state({**record, field: value})
