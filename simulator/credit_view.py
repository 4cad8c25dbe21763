"""What credit notes, prepayments and overpayments look like on the wire, and their allocations.

Source: Xero's pages on the three, recorded answers of April 2026; key order is Xero's. Unpaged
lists leave out lines and, of prepayments and overpayments, the rate.
"""

from typing import Any

from simulator import amounts, attachments, contact_view, invoice_view
from simulator.ledger import Ledger
from simulator.model import Allocation, Credit, CreditKind, Invoice
from simulator.shapes import Shape, cached
from simulator.wire import day_string, instant_string, ms_day, ms_instant


def rendered(ledger: Ledger, credit: Credit, shape: Shape, decimals: int) -> bytes:
    """The credit's fragment."""
    contact = ledger.contact_of(credit)
    held = [ledger.allocations[key].invoice_id for key in credit.allocations]
    numbers = tuple(ledger.invoices.by_id[key].number for key in held)
    return cached(
        credit,
        (shape, decimals),
        (credit.revision, contact.revision, contact.updated_ms, credit.updated_ms, numbers),
        build=lambda: wire(ledger, credit, shape, decimals),
    )


def wire(ledger: Ledger, credit: Credit, shape: Shape, decimals: int) -> dict[str, Any]:
    """The credit as Xero's keys and values."""
    full = shape is not Shape.UNPAGED
    contact = ledger.contact_of(credit)
    out = _head(ledger, credit, full=full)
    out["HasAttachments"] = ledger.filing.has_files(credit.id)
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, credit, credit.kind.collection)
    out["Contact"] = contact_view.embedded(contact) if full else contact_view.stub(contact)
    out["DateString"] = day_string(credit.date)
    out["Date"] = ms_day(credit.date)
    if credit.due_date is not None:
        out["DueDateString"] = day_string(credit.due_date)
        out["DueDate"] = ms_day(credit.due_date)
    if credit.branding_theme_id is not None:
        out["BrandingThemeID"] = credit.branding_theme_id
    out["Status"] = credit.status
    out["LineAmountTypes"] = credit.line_amount_types
    out["LineItems"] = lines(ledger, credit, decimals) if full else []
    out |= _totals(credit)
    if credit.fully_paid_on is not None:
        out["FullyPaidOnDate"] = ms_day(credit.fully_paid_on)
    return out


def _head(ledger: Ledger, credit: Credit, *, full: bool) -> dict[str, Any]:
    is_note = credit.kind is CreditKind.CREDIT_NOTE
    payments = [invoice_view.payment_stub(ledger.payments.by_id[key]) for key in credit.payments]
    out: dict[str, Any] = {credit.kind.id_key: credit.id}
    if is_note:
        out["CreditNoteNumber"] = credit.number
        out["Payments"] = payments
    elif credit.number:
        out["InvoiceNumber"] = credit.number
    if full or credit.kind is not CreditKind.OVERPAYMENT:
        out["ID"] = credit.id
    if is_note:
        out["HasErrors"] = False
        out["InvoiceAddresses"] = []
    if full or is_note:
        out["CurrencyRate"] = credit.rate.quantize(amounts.RATE)
    out["Type"] = credit.type
    out["Reference"] = credit.reference
    if credit.sent_to_contact is not None:
        out["SentToContact"] = credit.sent_to_contact
    out["RemainingCredit"] = credit.remaining
    out["Allocations"] = [allocation(ledger, ledger.allocations[key]) for key in credit.allocations]
    if not is_note:
        out["Payments"] = payments
    return out


def _totals(credit: Credit) -> dict[str, Any]:
    return {
        "SubTotal": credit.sub_total,
        "TotalTax": credit.total_tax,
        "Total": credit.total,
        "UpdatedDateUTC": ms_instant(credit.updated_ms),
        "UpdatedDateUTCString": instant_string(credit.updated_ms),
        "CurrencyCode": credit.currency,
    }


def lines(ledger: Ledger, credit: Credit, decimals: int) -> list[dict[str, Any]]:
    """The lines of a credit."""
    return [invoice_view.line_wire(ledger, line, decimals) for line in credit.lines]


def allocation(ledger: Ledger, held: Allocation) -> dict[str, Any]:
    """An allocation inside its credit."""
    invoice = ledger.invoices.by_id[held.invoice_id]
    return {
        "AllocationID": held.id,
        "Amount": held.amount,
        "Date": ms_day(held.date),
        "Invoice": {"InvoiceID": invoice.id, "InvoiceNumber": invoice.number, **_EMPTY},
    }


def allocation_made(credit: Credit, held: Allocation) -> dict[str, Any]:
    """An allocation in the answer to the call that made it."""
    named: dict[str, Any] = {credit.kind.id_key: credit.id, "ID": credit.id, "LineItems": []}
    return {
        "AllocationID": held.id,
        "Amount": held.amount,
        "Date": ms_day(held.date),
        "Invoice": {"InvoiceID": held.invoice_id, **_EMPTY, "ValidationErrors": []},
        str(credit.kind): named,
        "ValidationErrors": [],
    }


def allocation_removed(held: Allocation) -> dict[str, Any]:
    """What is said of an allocation that was taken back."""
    return {
        "AllocationID": held.id,
        "Amount": held.amount,
        "Date": ms_day(held.date),
        "Invoice": {"InvoiceID": held.invoice_id, **_EMPTY},
        "IsDeleted": True,
    }


def as_invoice(ledger: Ledger, credit: Credit) -> dict[str, Any]:
    """The credit as payments show it: under Invoice, with its id as InvoiceID."""
    return {
        "Type": PAID_AS[credit.type],
        "InvoiceID": credit.id,
        "InvoiceNumber": credit.number,
        "Reference": credit.reference,
        "Payments": [
            invoice_view.payment_stub(ledger.payments.by_id[key]) for key in credit.payments
        ],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "AmountDue": credit.remaining,
        "AmountPaid": credit.refunded,
        "CurrencyRate": credit.rate.quantize(amounts.RATE),
        "IsDiscounted": False,
        "HasErrors": False,
        "DateString": day_string(credit.date),
        "Date": ms_day(credit.date),
        "Status": credit.status,
        "LineAmountTypes": credit.line_amount_types,
        "LineItems": lines(ledger, credit, 2),
        **_totals(credit),
    }


def paid_type(document: Invoice | Credit) -> str:
    """The Type of a document as payments show it."""
    return PAID_AS.get(document.type, document.type)


PAID_AS = {
    "ACCRECCREDIT": "ACCRECCREDIT",
    "ACCPAYCREDIT": "ACCPAYCREDIT",
    "RECEIVE-PREPAYMENT": "ARPREPAYMENT",
    "SPEND-PREPAYMENT": "APPREPAYMENT",
    "RECEIVE-OVERPAYMENT": "AROVERPAYMENT",
    "SPEND-OVERPAYMENT": "APOVERPAYMENT",
}
_EMPTY: dict[str, Any] = {
    "Payments": [],
    "CreditNotes": [],
    "Prepayments": [],
    "Overpayments": [],
    "HasErrors": False,
    "IsDiscounted": False,
    "LineItems": [],
}
