"""What an invoice or bill looks like on the wire, by kind of answer and number of decimals.

Source: Xero's invoices page, recorded answers of April 2026. Key order is Xero's.
"""

from decimal import Decimal
from typing import Any

from simulator import amounts, attachments, contact_view
from simulator.ledger import Ledger
from simulator.model import ZERO, Credit, CreditKind, Invoice, Line, Payment
from simulator.shapes import Shape, cached
from simulator.wire import day_string, instant_string, ms_day, ms_instant


def rendered(ledger: Ledger, invoice: Invoice, shape: Shape, decimals: int) -> bytes:
    """The document's fragment."""
    contact = ledger.contact_of(invoice)
    applied = [ledger.allocations[key].credit_id for key in invoice.allocations]
    credits = tuple(ledger.document(key).revision for key in applied)
    return cached(
        invoice,
        (shape, decimals),
        (invoice.revision, contact.revision, contact.updated_ms, invoice.updated_ms, credits),
        build=lambda: wire(ledger, invoice, shape, decimals),
    )


def wire(ledger: Ledger, invoice: Invoice, shape: Shape, decimals: int) -> dict[str, Any]:
    """The document as Xero's keys and values."""
    summary = shape is Shape.SUMMARY
    full = shape in {Shape.SINGLE, Shape.PAGED}
    contact = ledger.contact_of(invoice)
    out: dict[str, Any] = {
        "Type": invoice.type,
        "InvoiceID": invoice.id,
        "InvoiceNumber": invoice.number,
        "Reference": invoice.reference,
    }
    if not summary:
        out["Payments"] = [payment_stub(ledger.payments.by_id[key]) for key in invoice.payments]
    for kind in CreditKind:
        out[kind.collection] = _credit_stubs(ledger, invoice, kind)
    out["AmountDue"] = invoice.amount_due
    out["AmountPaid"] = invoice.amount_paid
    out["AmountCredited"] = invoice.amount_credited
    if invoice.url is not None:
        out["Url"] = invoice.url
    if invoice.sent_to_contact is not None:
        out["SentToContact"] = invoice.sent_to_contact
    out["CurrencyRate"] = invoice.rate.quantize(amounts.RATE)
    out["IsDiscounted"] = invoice.total_discount != 0
    if not summary:
        out["HasAttachments"] = ledger.filing.has_files(invoice.id)
    if shape is Shape.SINGLE:
        out |= attachments.within(ledger, invoice, "Invoices")
    out["InvoiceAddresses"] = []
    out["HasErrors"] = False
    out["InvoicePaymentServices"] = []
    out["Contact"] = contact_view.embedded(contact) if full else contact_view.stub(contact)
    _dates(invoice, out)
    template, theme = invoice.template_id, invoice.branding_theme_id
    named = {"RepeatingInvoiceID": template, "BrandingThemeID": theme}
    out.update((key, value) for key, value in named.items() if value is not None)
    out["Status"] = invoice.status
    out["LineAmountTypes"] = invoice.line_amount_types
    if not summary:
        out["LineItems"] = (
            [line_wire(ledger, line, decimals) for line in invoice.lines] if full else []
        )
    _totals(invoice, out)
    out["UpdatedDateUTC"] = ms_instant(invoice.updated_ms)
    out["UpdatedDateUTCString"] = instant_string(invoice.updated_ms)
    out["CurrencyCode"] = invoice.currency
    if invoice.fully_paid_on is not None:
        out["FullyPaidOnDate"] = ms_day(invoice.fully_paid_on)
    return out


def _dates(invoice: Invoice, out: dict[str, Any]) -> None:
    out["DateString"] = day_string(invoice.date)
    out["Date"] = ms_day(invoice.date)
    if invoice.due_date is not None:
        out["DueDateString"] = day_string(invoice.due_date)
        out["DueDate"] = ms_day(invoice.due_date)
    for key, value in (
        ("ExpectedPaymentDate", invoice.expected_payment_date),
        ("PlannedPaymentDate", invoice.planned_payment_date),
    ):
        if value is not None:
            out[f"{key}String"] = day_string(value)
            out[key] = ms_day(value)


def _totals(invoice: Invoice, out: dict[str, Any]) -> None:
    out["SubTotal"] = invoice.sub_total
    out["TotalTax"] = invoice.total_tax
    out["Total"] = invoice.total
    if invoice.rounding:
        out["RoundingAmount"] = invoice.rounding
    if invoice.total_discount:
        out["TotalDiscount"] = invoice.total_discount


def _credit_stubs(ledger: Ledger, invoice: Invoice, kind: CreditKind) -> list[dict[str, Any]]:
    """What each credit of a kind was applied with: one stub a credit, however often."""
    if not invoice.allocations:
        return []
    applied: dict[str, Decimal] = {}
    for key in invoice.allocations:
        allocation = ledger.allocations[key]
        if allocation.kind is kind:
            credit_id = allocation.credit_id
            applied[credit_id] = applied.get(credit_id, ZERO) + allocation.amount
    shelf = ledger.credits[kind].by_id
    return [_credit_stub(shelf[key], amount) for key, amount in applied.items()]


def _credit_stub(credit: Credit, applied: Decimal) -> dict[str, Any]:
    out: dict[str, Any] = {credit.kind.id_key: credit.id}
    if credit.kind is CreditKind.CREDIT_NOTE:
        out["CreditNoteNumber"] = credit.number
    if credit.kind is not CreditKind.OVERPAYMENT:
        out["ID"] = credit.id
    if credit.kind is CreditKind.CREDIT_NOTE:
        out["HasErrors"] = False
        out["InvoiceAddresses"] = []
    return out | {
        "AppliedAmount": applied,
        "DateString": day_string(credit.date),
        "Date": ms_day(credit.date),
        "LineItems": [],
        "Total": credit.total,
    }


def line_wire(ledger: Ledger, line: Line, decimals: int) -> dict[str, Any]:
    """A line of any document."""
    out: dict[str, Any] = {}
    if line.item_code is not None:
        out["ItemCode"] = line.item_code
    if line.description is not None:
        out["Description"] = line.description
    if line.unit_amount is not None:
        out["UnitAmount"] = amounts.unit(line.unit_amount, decimals)
    if line.tax_type is not None:
        out["TaxType"] = line.tax_type
    out["TaxAmount"] = line.tax_amount
    out["LineAmount"] = line.line_amount
    if line.account_code is not None:
        out["AccountCode"] = line.account_code
    out["Tracking"] = line.tracking
    if line.quantity is not None:
        out["Quantity"] = line.quantity.quantize(amounts.FOUR)
    if line.discount_rate is not None:
        out["DiscountRate"] = line.discount_rate.quantize(amounts.CENT)
    if line.discount_amount is not None:
        out["DiscountAmount"] = line.discount_amount.quantize(amounts.CENT)
    out["LineItemID"] = line.id
    return out | _named(ledger, line)


def _named(ledger: Ledger, line: Line) -> dict[str, Any]:
    """The account and the item of a line, as they are today."""
    out: dict[str, Any] = {}
    account = ledger.account(code=line.account_code) if line.account_code else None
    if account is not None:
        out["AccountID"] = account.id
    item = ledger.reference.item(line.item_code) if line.item_code else None
    if item is not None:
        out["Item"] = {"ItemID": item.id, "Name": item.name, "Code": item.code}
    return out


def payment_stub(payment: Payment) -> dict[str, Any]:
    """A payment inside the document it settles."""
    out: dict[str, Any] = {
        "PaymentID": payment.id,
        "Date": ms_day(payment.date),
        "Amount": payment.amount,
    }
    if payment.batch_id is not None:
        out["BatchPaymentID"] = payment.batch_id
    if payment.reference:
        out["Reference"] = payment.reference
    out["CurrencyRate"] = payment.rate.quantize(amounts.RATE)
    out["HasAccount"] = True
    out["HasValidationErrors"] = False
    return out
