"""Payments and refunds: what they settle, whose currency they are in, and the way back to Xero."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unified.books import NZ, US, normalized, wire
from unified.resource import DenormalizeError, NormalizeError
from unified.resources.payment import PAYMENT
from unified.shape import Read

DOCUMENT = "fafafafa-0002-4e7e-8f8f-0a0b0c0d0e0f"
INVOICE = "4f7c9a10-3b52-4a5e-9d1c-7a6b5c4d3e2f"
BATCH = "b54aa50c-1111-4b0c-9a0a-846e1b84d9c0"


def payment(name: str = "batched_receipt", **changes: Any) -> dict[str, Any]:
    """The record of a golden pair's payment, with some of Xero's keys changed."""
    return normalized("payment", name, **changes).record


@pytest.mark.parametrize(
    ("remote", "direction", "kind"),
    [
        ("ACCRECPAYMENT", "inbound", "payment"),
        ("ACCPAYPAYMENT", "outbound", "payment"),
        ("ARCREDITPAYMENT", "outbound", "refund"),
        ("ARPREPAYMENTPAYMENT", "outbound", "refund"),
        ("AROVERPAYMENTPAYMENT", "outbound", "refund"),
        ("APCREDITPAYMENT", "inbound", "refund"),
        ("APPREPAYMENTPAYMENT", "inbound", "refund"),
        ("APOVERPAYMENTPAYMENT", "inbound", "refund"),
        ("accrecpayment", "inbound", "payment"),
        ("ACCGIFT", "unknown", "unknown"),
        ("", None, None),
        (..., None, None),
    ],
)
def test_type_says_which_way_money_went_and_why(
    remote: Any, direction: str | None, kind: str | None
) -> None:
    """A refund to a customer leaves, a refund from a supplier comes in."""
    record = payment(PaymentType=remote)

    assert (direction, kind) == (record["direction"], record["kind"])
    assert record["remote_type"] == ("ACCGIFT" if kind == "unknown" else None)


@pytest.mark.parametrize(
    ("document_type", "payment_type", "resource", "endpoint"),
    [
        ("ACCREC", "ACCRECPAYMENT", "invoice", "Invoices"),
        ("ACCPAY", "ACCPAYPAYMENT", "invoice", "Invoices"),
        ("ACCRECCREDIT", "ARCREDITPAYMENT", "credit_note", "CreditNotes"),
        ("ACCPAYCREDIT", "APCREDITPAYMENT", "credit_note", "CreditNotes"),
        ("ARPREPAYMENT", "ARPREPAYMENTPAYMENT", "prepayment", "Prepayments"),
        ("APPREPAYMENT", "APPREPAYMENTPAYMENT", "prepayment", "Prepayments"),
        ("AROVERPAYMENT", "AROVERPAYMENTPAYMENT", "overpayment", "Overpayments"),
        ("APOVERPAYMENT", "APOVERPAYMENTPAYMENT", "overpayment", "Overpayments"),
    ],
)
def test_refund_belongs_to_its_credit_although_it_says_invoice(
    document_type: str, payment_type: str, resource: str, endpoint: str
) -> None:
    """Asking for an invoice of that id would find nothing, so a link there would be a dead one."""
    stub = {"InvoiceID": DOCUMENT.upper(), "CurrencyCode": "NZD"}
    told = payment(PaymentType=payment_type, Invoice={**stub, "Type": document_type})
    untold = payment(PaymentType=payment_type, Invoice=stub)

    for record in (told, untold):
        [applied] = record["applied_to"]
        assert (applied["resource"], applied["ref"]["remote_id"]) == (resource, DOCUMENT)
        assert PAYMENT.linked(record) == [(endpoint, DOCUMENT), ("BatchPayments", BATCH)]


@pytest.mark.parametrize(
    ("key", "id_key", "resource"),
    [
        ("CreditNote", "CreditNoteID", "credit_note"),
        ("Prepayment", "PrepaymentID", "prepayment"),
        ("Overpayment", "OverpaymentID", "overpayment"),
    ],
)
def test_credit_under_its_own_key_is_read_too(key: str, id_key: str, resource: str) -> None:
    """Xero's description has these keys, although its answers were only seen with the other."""
    changes: dict[str, Any] = {key: {id_key: DOCUMENT, "CurrencyCode": "USD"}}
    record = payment(Invoice=..., **changes)

    [applied] = record["applied_to"]
    assert (applied["resource"], applied["ref"]["remote_id"]) == (resource, DOCUMENT)
    assert record["currency"] == "USD"


def test_document_of_an_unknown_kind_leads_nowhere() -> None:
    """A type that Xero adds is counted, and no id of ours is made up for it."""
    seen = normalized("payment", "words_of_tomorrow")

    assert PAYMENT.linked(seen.record) == []
    assert {(each.path, each.value) for each in seen.drift} == {
        ("Payment.PaymentType", "ACCLOANPAYMENT"),
        ("Payment.Status", "PENDING"),
        ("Payment.Invoice.Type", "ACCLOAN"),
    }


@pytest.mark.parametrize("empty", ["", None, ...])
def test_document_without_a_currency_is_in_base_currency(empty: Any) -> None:
    """As documents are whose own currency is empty."""
    stub = {"Type": "ACCREC", "InvoiceID": INVOICE, "CurrencyCode": empty}
    record = payment(Invoice={key: value for key, value in stub.items() if value is not ...})

    assert (record["currency"], record["amount"], record["amount_base"]) == (
        "NZD",
        "200.00",
        "200.00",
    )


def test_bank_amount_has_the_digits_of_the_banks_currency() -> None:
    """Where Xero names it; else of the finer of document's and base currency."""
    yen = {"AccountID": DOCUMENT, "CurrencyCode": "JPY"}
    of_yen_account = payment(Account=yen, BankAmount=Decimal("18250.00"))
    of_any = payment("refund_of_a_prepayment_in_yen", BankAmount=Decimal("328.8"))

    assert (of_yen_account["bank_amount"], of_yen_account["bank_currency"]) == ("18250", "JPY")
    assert (of_any["amount"], of_any["bank_amount"], of_any["bank_currency"]) == (
        "30000",
        "328.80",
        None,
    )


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({}, {"Status": "DELETED"}, ["payment.deleted"]),
        ({"Status": "DELETED"}, {"Status": "DELETED", "Reference": "x"}, []),
        ({"IsReconciled": False}, {}, ["payment.reconciled"]),
        ({}, {"IsReconciled": False}, ["payment.unreconciled"]),
        ({}, {"IsReconciled": ...}, []),
        ({}, {"Status": "DELETED", "IsReconciled": False}, ["payment.deleted"]),
        ({}, {"Reference": "x"}, []),
    ],
)
def test_facts_say_what_happened(
    before: dict[str, Any], after: dict[str, Any], facts: list[str]
) -> None:
    """Taking a payment back is the one thing that can be done to it; matching it is another."""
    assert facts == PAYMENT.facts(payment(**before), payment(**after))


def test_deleted_payment_is_removed_and_settles_nothing() -> None:
    """Its record stays, flagged; the invoice and the batch it belonged to are worth a look."""
    record = payment(Status="DELETED")

    assert (record["status"], record["is_deleted"], record["deletion_kind"]) == (
        "deleted",
        True,
        "deleted",
    )
    assert PAYMENT.linked(record) == []
    assert PAYMENT.linked(payment(BatchPayment=..., BatchPaymentID=...)) == [("Invoices", INVOICE)]
    assert PAYMENT.linked(payment()) == [("Invoices", INVOICE), ("BatchPayments", BATCH)]


def test_names_of_what_a_payment_refers_to_are_no_content() -> None:
    """Lists name fewer labels than single answers do: that must not look like a change."""
    single = payment(Account={"AccountID": DOCUMENT, "Code": "090", "Name": "Everyday"})
    listed = payment(Account={"AccountID": DOCUMENT})
    renumbered = payment(
        Account={"AccountID": DOCUMENT},
        Invoice={**wire("payment", "batched_receipt")["Invoice"], "InvoiceNumber": "INV-0042A"},
    )

    assert PAYMENT.fingerprint(single) == PAYMENT.fingerprint(listed)
    assert PAYMENT.fingerprint(single) == PAYMENT.fingerprint(renumbered)
    assert PAYMENT.changed_fields(single, renumbered) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"Invoice": "x"}, "Invoice"),
        ({"Invoice": {"InvoiceID": 5}}, "Invoice/InvoiceID"),
        ({"Invoice": {"InvoiceID": INVOICE, "CurrencyCode": "NZ$"}}, "Invoice/CurrencyCode"),
        ({"Invoice": {"InvoiceID": INVOICE, "Contact": "x"}}, "Invoice/Contact"),
        ({"Amount": "1,000"}, "Amount"),
        ({"BankAmount": "x"}, "BankAmount"),
        ({"Account": "x"}, "Account"),
        ({"BatchPayment": "x"}, "BatchPayment|BatchPaymentID"),
        ({"Date": "soon"}, "Date"),
    ],
)
def test_what_cannot_be_read_says_where(changes: dict[str, Any], path: str) -> None:
    """A poison payment is buried with the way to what is wrong with it."""
    with pytest.raises(NormalizeError) as caught:
        payment(**changes)

    assert path == caught.value.path


def unsent(**changes: Any) -> dict[str, Any]:
    """A payment that a caller wants to make."""
    return {
        "applied_to": [
            {"resource": "invoice", "ref": {"id": None, "remote_id": INVOICE}, "amount": "12.50"}
        ],
        "account": {"id": None, "remote_id": None, "code": "090"},
        "date": "2026-11-03",
        "amount": "12.50",
        "currency": "NZD",
        "base_currency": "NZD",
        "reference": "thanks",
        **changes,
    }


def test_new_payment_in_xeros_words() -> None:
    """The document and the account by as little as names them."""
    assert PAYMENT.denormalize(unsent()) == {
        "Invoice": {"InvoiceID": INVOICE},
        "Account": {"Code": "090"},
        "Date": "2026-11-03",
        "Amount": "12.50",
        "Reference": "thanks",
    }
    foreign = unsent(
        currency="USD",
        exchange_rate_to_base="1.6",
        bank_amount="20.00",
        bank_currency="NZD",
        account={"id": None, "remote_id": DOCUMENT, "code": "090"},
        is_reconciled=True,
        extensions={"xero": {"particulars": "P", "details": None}},
    )
    assert (
        PAYMENT.denormalize(foreign).items()
        >= {
            "CurrencyRate": "0.625",
            "BankAmount": "20.00",
            "Account": {"AccountID": DOCUMENT},
            "IsReconciled": True,
            "Particulars": "P",
        }.items()
    )


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("credit_note", {"CreditNote": {"CreditNoteID": INVOICE}}),
        ("prepayment", {"Prepayment": {"PrepaymentID": INVOICE}}),
        ("overpayment", {"Overpayment": {"OverpaymentID": INVOICE}}),
    ],
)
def test_new_refund_names_its_credit_by_its_own_key(resource: str, body: dict[str, Any]) -> None:
    """Written as Xero's description has it."""
    target = {"resource": resource, "ref": {"id": None, "remote_id": INVOICE}, "amount": "12.50"}

    assert PAYMENT.denormalize(unsent(applied_to=[target])).items() >= body.items()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"applied_to": []}, "/applied_to"),
        ({"applied_to": unsent()["applied_to"] * 2}, "/applied_to"),
        ({"applied_to": [{"resource": "payment", "ref": None}]}, "/applied_to/0/resource"),
        ({"applied_to": [{"resource": "invoice", "ref": None}]}, "/applied_to/0/ref"),
        ({"currency": "USD", "bank_currency": "EUR"}, "/bank_currency"),
        ({"currency": "USD", "exchange_rate_to_base": "1"}, "/exchange_rate_to_base"),
    ],
)
def test_what_xero_would_refuse_is_refused_before(changes: dict[str, Any], path: str) -> None:
    """With the way to what is wrong, in our words."""
    with pytest.raises(DenormalizeError) as caught:
        PAYMENT.denormalize(unsent(**changes))

    assert path == caught.value.path


def test_known_payment_can_only_be_deleted() -> None:
    """Xero takes the status alone, and refuses every other change."""
    record = payment("foreign_bill_paid")

    assert PAYMENT.denormalize({**record, "status": "deleted"}) == {
        "PaymentID": "9a1b2c3d-0001-4001-8001-100000000001",
        "Status": "DELETED",
    }
    with pytest.raises(DenormalizeError) as caught:
        PAYMENT.denormalize({**record, "reference": "other"})
    assert caught.value.path == "/status"


def test_single_and_listed_answers_are_the_same_payment() -> None:
    """The single one shows the whole document, the list a stub of it: one content."""
    whole = wire("payment", "foreign_bill_paid")
    names = ("Type", "InvoiceID", "InvoiceNumber", "Contact", "CurrencyCode")
    stub = {**whole, "Invoice": {key: whole["Invoice"][key] for key in names}}
    one, other = PAYMENT.normalize(whole, NZ, Read.SINGLE), PAYMENT.normalize(stub, NZ, Read.PAGED)

    assert one.record == other.record
    assert PAYMENT.normalize(whole, US, Read.SINGLE).record["amount_base"] is not None
