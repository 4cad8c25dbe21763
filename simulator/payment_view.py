"""What a payment looks like on the wire: lists carry stubs, single answers the document.

A refund shows its credit under the key Invoice, with the credit's id as InvoiceID: looked up
under /Invoices it is not found.

Source: Xero's payments page, recorded answers of April 2026. Key order is Xero's.
"""

from typing import Any

from simulator import amounts, batches, contact_view, credit_view, invoice_view
from simulator.ledger import Ledger
from simulator.model import Credit, Invoice, Payment
from simulator.shapes import Shape, cached
from simulator.wire import fragment, instant_string, ms_day, ms_instant


def rendered(ledger: Ledger, payment: Payment, shape: Shape) -> bytes:
    """The payment's fragment."""
    document = ledger.document(payment.document_id)
    contact = ledger.contact_of(document)
    batch = None if payment.batch_id is None else ledger.batches.by_id[payment.batch_id]
    batched = None if batch is None else (batch.revision, batch.updated_ms)
    return cached(
        payment,
        (shape, 2),
        (payment.revision, payment.updated_ms, document.revision, contact.revision, batched),
        build=lambda: wire(ledger, payment, shape),
    )


def wire_fragment(ledger: Ledger, payment: Payment) -> bytes:
    """The single answer's fragment: never cached, since it shows the whole document."""
    return fragment(wire(ledger, payment, Shape.SINGLE))


def wire(ledger: Ledger, payment: Payment, shape: Shape) -> dict[str, Any]:
    """The payment as Xero's keys and values."""
    document = ledger.document(payment.document_id)
    out: dict[str, Any] = {
        "PaymentID": payment.id,
        "Date": ms_day(payment.date),
        "BankAmount": payment.bank_amount,
        "Amount": payment.amount,
    }
    if payment.reference is not None:
        out["Reference"] = payment.reference
    out["CurrencyRate"] = payment.rate.quantize(amounts.RATE)
    out["PaymentType"] = payment.type
    out["Status"] = payment.status
    out["UpdatedDateUTC"] = ms_instant(payment.updated_ms)
    out["UpdatedDateUTCString"] = instant_string(payment.updated_ms)
    out["HasAccount"] = True
    out["IsReconciled"] = payment.is_reconciled
    if payment.batch_id is not None:
        out["BatchPaymentID"] = payment.batch_id
        out["BatchPayment"] = batches.stub(ledger, ledger.batches.by_id[payment.batch_id])
    out["Account"] = _account(ledger, payment, shape)
    out["Invoice"] = (
        _document(ledger, document) if shape is Shape.SINGLE else _document_stub(ledger, document)
    )
    out["HasValidationErrors"] = False
    return out


def _account(ledger: Ledger, payment: Payment, shape: Shape) -> dict[str, Any]:
    account = ledger.account(account_id=payment.account_id)
    out: dict[str, Any] = {"AccountID": payment.account_id}
    if account is not None and shape is Shape.SINGLE:
        out["Code"] = account.code
        out["Name"] = account.name
    elif account is not None and account.type != "BANK":
        # Bank accounts are shown in lists by id alone.
        out["Code"] = account.code
    return out


def _document_stub(ledger: Ledger, document: Invoice | Credit) -> dict[str, Any]:
    return {
        "Type": credit_view.paid_type(document),
        "InvoiceID": document.id,
        "InvoiceNumber": document.number,
        "Payments": [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "IsDiscounted": False,
        "InvoiceAddresses": [],
        "HasErrors": False,
        "InvoicePaymentServices": [],
        "Contact": contact_view.stub(ledger.contact_of(document)),
        "LineItems": [],
        "CurrencyCode": document.currency,
    }


def _document(ledger: Ledger, document: Invoice | Credit) -> dict[str, Any]:
    if isinstance(document, Credit):
        out = credit_view.as_invoice(ledger, document)
    else:
        out = invoice_view.wire(ledger, document, Shape.SINGLE, 2)
    contact = ledger.contact_of(document)
    out["Contact"] = {
        "ContactID": contact.id,
        "Name": contact.name,
        "ContactPersons": [],
        "HasValidationErrors": False,
    }
    return out
