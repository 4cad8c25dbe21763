"""The parts of an invoice, bill or credit note: head fields, lines, totals, who may change them.

Creating, status moves and numbers are in invoices.py and credit_notes.py.
"""

import copy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from simulator import amounts, lines
from simulator.elements import Element, day, decimal, flag, identifier, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Contact, Document, Invoice
from simulator.refusals import Refused

D = TypeVar("D", bound=Document)

OPEN = frozenset({"DRAFT", "SUBMITTED"})
DUE_KINDS = frozenset(
    {
        "DAYSAFTERBILLDATE",
        "DAYSAFTERBILLMONTH",
        "DAYSAFTERINVOICEDATE",
        "DAYSAFTERINVOICEMONTH",
        "OFCURRENTMONTH",
        "OFFOLLOWINGMONTH",
    }
)
"""How terms of payment count the days until a document falls due."""
_ROUNDING = Decimal("0.10")
_PAID_REFUSES = (
    "Date",
    "CurrencyCode",
    "CurrencyRate",
    "LineAmountTypes",
)


def apply_head(document: Document, element: Element) -> None:
    """Set the head fields the element carries."""
    reference = text(element, "Reference", 255)
    if reference is not None and document.is_sale:
        document.reference = reference
    document.url = text(element, "Url") or document.url
    theme = identifier(element, "BrandingThemeID")
    document.branding_theme_id = theme or document.branding_theme_id
    sent_to_contact = flag(element, "SentToContact")
    if sent_to_contact is not None:
        document.sent_to_contact = sent_to_contact
    if isinstance(document, Invoice):
        _apply_plans(document, element)
    if not document.is_applied:
        kind = text(element, "LineAmountTypes") or document.line_amount_types
        if kind not in {"Exclusive", "Inclusive", "NoTax"}:
            raise Refused(f"LineAmountTypes '{kind}' is not valid")
        document.line_amount_types = kind


def _apply_plans(invoice: Invoice, element: Element) -> None:
    if invoice.type == "ACCREC":
        invoice.expected_payment_date = (
            day(element, "ExpectedPaymentDate") or invoice.expected_payment_date
        )
    else:
        invoice.planned_payment_date = (
            day(element, "PlannedPaymentDate") or invoice.planned_payment_date
        )


def apply_lines(
    ledger: Ledger, document: Document, element: Element, *, status: str, decimals: int
) -> None:
    """Replace the lines when sent, and compute tax and totals anew."""
    approving = status not in OPEN
    sent = parts(element, "LineItems")
    if sent:
        document.lines = lines.read(ledger, document, sent, decimals=decimals, approving=approving)
    elif text(element, "LineAmountTypes"):
        for line in document.lines:
            percent = ledger.tax_percent(line.tax_type or "NONE") or ZERO
            line.tax_amount = amounts.line_tax(
                line.line_amount, percent, document.line_amount_types
            )
    sums = amounts.totals(document.lines, document.line_amount_types)
    document.sub_total, document.total_tax, document.total, document.total_discount = sums
    document.rounding = _rounding(document, element, status)
    document.total += document.rounding
    if document.total < 0:
        raise Refused("The document total cannot be negative")


def _rounding(document: Document, element: Element, status: str) -> Decimal:
    given = decimal(element, "Total")
    if given is None:
        return ZERO
    difference = given - document.total
    complete = "SubTotal" in element and "TotalTax" in element
    if difference and (status == "DRAFT" or not complete or abs(difference) > _ROUNDING):
        raise Refused(
            f"The document total {amounts.cents(given)} does not match the sum of its lines "
            f"{document.total}"
        )
    return amounts.cents(difference)


def approve_check(document: Document, status: str) -> None:
    """Refuse what is too incomplete to be submitted or approved; only credits need no DueDate."""
    if status in OPEN and status != "SUBMITTED":
        return
    problems = []
    if not document.lines:
        problems.append("One or more line items must be specified")
    if isinstance(document, Invoice) and document.due_date is None:
        problems.append("The DueDate must be specified")
    if problems:
        raise Refused(*problems)


def due_by_terms(contact: Contact | None, invoice: Invoice) -> date | None:
    """The due date by the contact's payment terms; None where it has none."""
    terms = {} if contact is None else contact.fields.get("PaymentTerms", {})
    term: dict[str, Any] | None = terms.get("Sales" if invoice.type == "ACCREC" else "Bills")
    return None if term is None else due_after(term["Type"], int(term["Day"]), invoice.date)


def due_after(kind: str, days: int, on: date) -> date:
    """When a document of a day falls due by terms of one of `DUE_KINDS`."""
    first = on.replace(day=1)
    month_end = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    starts = {
        "DAYSAFTERBILLDATE": on,
        "DAYSAFTERINVOICEDATE": on,
        "OFCURRENTMONTH": first - timedelta(days=1),
    }
    return starts.get(kind, month_end) + timedelta(days=days)


def refuse_paid_edit(document: Document, element: Element) -> None:
    """Refuse changes that a document with payments does not allow."""
    held: dict[str, object] = {
        "Date": document.date,
        "CurrencyCode": document.currency,
        "CurrencyRate": document.rate,
        "LineAmountTypes": document.line_amount_types,
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


def trial_of(document: D) -> D:
    """A trial copy, so that a refused change leaves no trace."""
    trial = copy.copy(document)
    trial.lines = [copy.copy(line) for line in document.lines]
    return trial
