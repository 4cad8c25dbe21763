"""The parts of an invoice or bill: head fields, lines and totals, and who may change them.

Creating, status moves and numbers are in invoices.py.
"""

import copy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator import amounts, lines
from simulator.elements import Element, day, decimal, flag, identifier, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Contact, Invoice
from simulator.refusals import Refused

OPEN = frozenset({"DRAFT", "SUBMITTED"})
_ROUNDING = Decimal("0.10")
_PAID_REFUSES = (
    "Date",
    "CurrencyCode",
    "CurrencyRate",
    "LineAmountTypes",
)


def apply_head(invoice: Invoice, element: Element) -> None:
    """Set the head fields the element carries."""
    reference = text(element, "Reference", 255)
    if reference is not None and invoice.type == "ACCREC":
        invoice.reference = reference
    invoice.url = text(element, "Url") or invoice.url
    invoice.branding_theme_id = identifier(element, "BrandingThemeID") or invoice.branding_theme_id
    sent_to_contact = flag(element, "SentToContact")
    if sent_to_contact is not None:
        invoice.sent_to_contact = sent_to_contact
    if invoice.type == "ACCREC":
        invoice.expected_payment_date = (
            day(element, "ExpectedPaymentDate") or invoice.expected_payment_date
        )
    else:
        invoice.planned_payment_date = (
            day(element, "PlannedPaymentDate") or invoice.planned_payment_date
        )
    if not invoice.payments:
        kind = text(element, "LineAmountTypes") or invoice.line_amount_types
        if kind not in {"Exclusive", "Inclusive", "NoTax"}:
            raise Refused(f"LineAmountTypes '{kind}' is not valid")
        invoice.line_amount_types = kind


def apply_lines(
    ledger: Ledger, invoice: Invoice, element: Element, *, status: str, decimals: int
) -> None:
    """Replace the lines when sent, and compute tax and totals anew."""
    approving = status not in OPEN
    sent = parts(element, "LineItems")
    if sent:
        invoice.lines = lines.read(ledger, invoice, sent, decimals=decimals, approving=approving)
    elif text(element, "LineAmountTypes"):
        for line in invoice.lines:
            percent = ledger.tax_percent(line.tax_type or "NONE") or ZERO
            line.tax_amount = amounts.line_tax(line.line_amount, percent, invoice.line_amount_types)
    sums = amounts.totals(invoice.lines, invoice.line_amount_types)
    invoice.sub_total, invoice.total_tax, invoice.total, invoice.total_discount = sums
    invoice.rounding = _rounding(invoice, element, status)
    invoice.total += invoice.rounding
    if invoice.total < 0:
        raise Refused("The document total cannot be negative")


def _rounding(invoice: Invoice, element: Element, status: str) -> Decimal:
    given = decimal(element, "Total")
    if given is None:
        return ZERO
    difference = given - invoice.total
    complete = "SubTotal" in element and "TotalTax" in element
    if difference and (status == "DRAFT" or not complete or abs(difference) > _ROUNDING):
        raise Refused(
            f"The document total {amounts.cents(given)} does not match the sum of its lines "
            f"{invoice.total}"
        )
    return amounts.cents(difference)


def approve_check(invoice: Invoice, status: str) -> None:
    """Refuse what is too incomplete to be submitted or approved."""
    if status in OPEN and status != "SUBMITTED":
        return
    problems = []
    if not invoice.lines:
        problems.append("One or more line items must be specified")
    if invoice.due_date is None:
        problems.append("The DueDate must be specified")
    if problems:
        raise Refused(*problems)


def due_by_terms(contact: Contact | None, invoice: Invoice) -> date | None:
    """The due date by the contact's payment terms; None where it has none."""
    terms = {} if contact is None else contact.fields.get("PaymentTerms", {})
    term: dict[str, Any] | None = terms.get("Sales" if invoice.type == "ACCREC" else "Bills")
    if term is None:
        return None
    first = invoice.date.replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    starts = {
        "DAYSAFTERBILLDATE": invoice.date,
        "DAYSAFTERBILLMONTH": next_month - timedelta(days=1),
        "OFCURRENTMONTH": first - timedelta(days=1),
        "OFFOLLOWINGMONTH": next_month - timedelta(days=1),
    }
    return starts[term["Type"]] + timedelta(days=int(term["Day"]))


def refuse_paid_edit(invoice: Invoice, element: Element) -> None:
    """Refuse changes that a document with payments does not allow."""
    held: dict[str, object] = {
        "Date": invoice.date,
        "CurrencyCode": invoice.currency,
        "CurrencyRate": invoice.rate,
        "LineAmountTypes": invoice.line_amount_types,
    }
    for key in _PAID_REFUSES:
        sent: object = element.get(key)
        if sent is not None and key == "Date":
            sent = day(element, key)
        if sent is not None and key == "CurrencyRate":
            sent = decimal(element, key)
        if sent is not None and sent != held[key]:
            raise Refused(
                "This document cannot be edited as it has a payment or credit note allocated to it."
            )


def moves_stamp(element: Element) -> bool:
    """Whether Xero stamps this edit of a part-paid document."""
    unstamped = {"DueDate", "SentToContact", "InvoiceID", "Type", "InvoiceNumber", "Status"}
    sent = {key for key, value in element.items() if value not in ({}, [], None)}
    return not (sent & {"DueDate", "SentToContact"} and sent <= unstamped)


def trial_of(invoice: Invoice) -> Invoice:
    """A trial copy, so that a refused change leaves no trace."""
    trial = copy.copy(invoice)
    trial.lines = [copy.copy(line) for line in invoice.lines]
    return trial
