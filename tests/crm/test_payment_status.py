"""The rules of payment status, on cases worked out by hand."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.kit import Change, Key, Unreadable, Version
from crm.payment_status import digest, invoice_document
from crm.rebuild import computed
from crm.states import InvoiceState, invoice_state
from tests.crm.feed import credit, invoice, payment, reference, remote, settling, tenant
from unified.resources import resource

AS_OF = datetime(2026, 3, 15, 9, 30, 0, 123456, tzinfo=UTC)


def state(record: dict[str, Any] | None, sequence: int = 1) -> InvoiceState:
    """Return what payment status keeps of a record."""
    identity = record or invoice()
    key = Key(identity["tenant_id"], "invoice", identity["id"])
    return invoice_state(Change(key, Version(5, sequence), record))


def contact_status(*records: dict[str, Any]) -> dict[str, Any]:
    """Return the status of the one contact the records name."""
    [document] = computed([state(record) for record in records], AS_OF).contacts.values()
    return document


def bucket(  # one per field of a bucket
    open_: str,
    overdue: str,
    open_count: int,
    overdue_count: int,
    oldest: str | None,
    *,
    type_: str = "invoice",
    currency: str = "EUR",
) -> dict[str, Any]:
    """Return a bucket, of a contact without credits, as it stands in a document."""
    nothing = "0" if currency == "JPY" else "0.00"
    return {
        "type": type_,
        "currency": currency,
        "open": open_,
        "overdue": overdue,
        "open_count": open_count,
        "overdue_count": overdue_count,
        "oldest_due_date": oldest,
        "unapplied_credit": nothing,
        "unapplied_by": {
            "credit_note": nothing,
            "prepayment": nothing,
            "overpayment": nothing,
        },
        "refunded": nothing,
    }


def test_invoice_status_has_every_field() -> None:
    """The whole document, as a CRM gets it."""
    record = invoice(
        3,
        payment_status="partially_paid",
        timing="due",
        total="120.50",
        amount_due="20.50",
        amount_paid="100.00",
        payments=[settling("payment", 7, "100.00")],
    )

    document = invoice_document(state(record, sequence=4), AS_OF)

    assert {
        "schema_version": "1.1.0",
        "tenant_id": tenant(1),
        "invoice": {"id": record["id"], "remote_id": record["remote_id"], "number": "INV-0003"},
        "type": "invoice",
        "contact": record["contact"],
        "currency": "EUR",
        "total": "120.50",
        "amount_due": "20.50",
        "amount_paid": "100.00",
        "amount_credited": "0.00",
        "document": "open",
        "settlement": "partially_paid",
        "timing": "due",
        "due_date": "2026-03-31",
        "paid_on": None,
        "settled_by": [
            {
                "resource": "payment",
                **reference("payment", remote("payment", 7)),
                "date": "2026-03-10",
                "amount": "100.00",
                "rate": "1",
            }
        ],
        "undone_payments": [],
        "base": {
            "currency": "EUR",
            "basis": "document_rate",
            "rate": "1",
            "total": "120.50",
            "amount_due": "20.50",
            "realised_gain": "0.00",
        },
        "epoch": 5,
        "sequence": 4,
        "as_of": "2026-03-15T09:30:00.123Z",
    } == document


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "draft"}, "draft"),
        ({"status": "submitted"}, "submitted"),
        ({"status": "open"}, "open"),
        ({"status": "paid"}, "paid"),
        ({"status": "void"}, "void"),
        ({"status": "deleted", "is_deleted": True}, "deleted"),
        ({"status": "open", "is_deleted": True, "deletion_kind": "deleted"}, "deleted"),
        ({"status": "a_status_of_a_later_day"}, "a_status_of_a_later_day"),
        ({"status": None}, "unknown"),
    ],
)
def test_document_follows_status(fields: dict[str, Any], expected: str) -> None:
    """The flag of deletion outranks the status; unknown statuses pass through."""
    document = invoice_document(state(invoice(**fields)), AS_OF)

    assert document is not None
    assert expected == document["document"]


def test_gone_invoice_has_no_status() -> None:
    """An erased or missing invoice leaves a tombstone, and nothing of it but ids and version."""
    gone = state(None, sequence=9)

    assert invoice_document(gone, AS_OF) is None
    assert (gone.gone, gone.sequence, gone.number) == (True, 9, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total", "1,000.00"),
        ("total", "NaN"),
        ("amount_due", {}),
        ("due_date", "31/03/2026"),
        ("paid_on", 20260331),
        ("updated_at", "2026-03-01T10:00:00"),
        ("contact", {"id": "not a uuid"}),
        ("contact", "not an object"),
        ("provider_exchange_rate", "one"),
        ("payments", {"id": "not a list"}),
        ("credits", ["not an object"]),
    ],
)
def test_wrong_value_makes_the_record_unreadable(field: str, value: object) -> None:
    """A record that breaks the promised shapes is refused, not guessed at."""
    with pytest.raises(Unreadable):
        state({**invoice(), field: value})


def test_absent_fields_are_null() -> None:
    """A record with nothing but a status is still a status."""
    record = {"tenant_id": tenant(1), "id": invoice()["id"], "status": "open"}

    document = invoice_document(state(record), AS_OF)

    assert document is not None
    assert (document["contact"], document["total"], document["document"]) == (None, None, "open")


def test_contact_adds_up_per_currency_and_type() -> None:
    """Worked out by hand: two currencies and a bill stay apart, precision stays."""
    document = contact_status(
        invoice(1, total="100.00", due_date="2026-03-31"),
        invoice(2, total="50.25", amount_due="0.25", timing="overdue", due_date="2026-02-28"),
        invoice(3, total="10.10", timing="due", due_date="2026-03-15"),
        invoice(4, total="9.00", amount_due="0.00", status="paid", due_date="2026-01-01"),
        invoice(5, total="7000", currency="JPY", timing="overdue", due_date="2026-03-01"),
        invoice(6, total="70.00", type_="bill", due_date="2026-04-01"),
        invoice(7, total="999.99", status="draft", timing="none", due_date="2025-01-01"),
        invoice(8, total="999.99", status="void", timing="none", due_date="2025-01-01"),
    )

    assert [
        bucket("70.00", "0.00", 1, 0, "2026-04-01", type_="bill"),
        bucket("110.35", "0.25", 3, 1, "2026-02-28"),
        bucket("7000", "7000", 1, 1, "2026-03-01", currency="JPY"),
    ] == document["buckets"]
    assert (document["status"], document["payable_status"]) == ("overdue", "current")


@pytest.mark.parametrize(
    ("records", "status", "payable_status"),
    [
        ([invoice(status="draft", timing="none")], "no_activity", "no_activity"),
        ([invoice(status="void", timing="none")], "no_activity", "no_activity"),
        ([invoice()], "current", "no_activity"),
        ([invoice(timing="due")], "current", "no_activity"),
        ([invoice(status="paid", amount_due="0.00", timing="none")], "current", "no_activity"),
        ([invoice(timing="overdue")], "overdue", "no_activity"),
        ([invoice(timing="overdue", type_="bill")], "no_activity", "overdue"),
        ([invoice(1), invoice(2, timing="overdue", type_="bill")], "current", "overdue"),
        ([invoice(timing="overdue", amount_due="0.00")], "current", "no_activity"),
        ([invoice(timing="a_timing_of_a_later_day")], "current", "no_activity"),
    ],
)
def test_standing(records: list[dict[str, Any]], status: str, payable_status: str) -> None:
    """What they owe us and what we owe them are judged apart; drafts and void count for nothing."""
    document = contact_status(*records)

    assert (status, payable_status) == (document["status"], document["payable_status"])


def test_settled_bucket_shows_zero_in_the_currencys_precision() -> None:
    """Nothing open is said as an amount, not left out."""
    dollars = contact_status(invoice(status="paid", total="5.00", amount_due="0.00"))
    yen = contact_status(invoice(status="paid", total="5", amount_due="0", currency="JPY"))

    assert [bucket("0.00", "0.00", 0, 0, None)] == dollars["buckets"]
    assert [bucket("0", "0", 0, 0, None, currency="JPY")] == yen["buckets"]


def test_contact_is_called_as_on_the_invoice_changed_last() -> None:
    """Names come with invoices, so the newest one is right, in whatever order they are read."""
    old, new = invoice(1), invoice(2, updated_at="2026-03-02T00:00:00.000Z")
    new["contact"] = {**new["contact"], "name": "Renamed"}

    assert contact_status(old, new)["contact"]["name"] == "Renamed"
    assert contact_status(new, old)["contact"]["name"] == "Renamed"


def test_digest_moves_with_every_field_but_as_of() -> None:
    """A status is news only if something in it moved."""
    document = contact_status(invoice())

    assert digest(document) == digest({**document, "as_of": "later"})
    for name in document.keys() - {"as_of"}:
        assert digest(document) != digest({**document, name: "moved"})
    assert digest(None) is None


def test_documents_are_plain_json() -> None:
    """Amounts are strings and nothing is a float."""
    statuses = computed([state(invoice(total="0.10"))], AS_OF)

    for document in (*statuses.invoices.values(), *statuses.contacts.values()):
        text = json.dumps(document)
        assert document == json.loads(text, parse_float=lambda f: pytest.fail(f"a float: {f}"))


@pytest.mark.parametrize("record", [invoice(), credit(), payment(of=invoice())])
def test_every_field_read_is_promised(record: dict[str, Any]) -> None:
    """The builders of these tests, and so the rules, use only names that records have."""
    promised = set(resource(record["resource"]).model.model_fields)

    assert set() == set(record) - promised
