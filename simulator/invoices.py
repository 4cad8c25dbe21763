"""Invoices and bills: creating, changing, approving, voiding, deleting, and the rules.

Fields, lines and totals are in invoice_fields.py. Payments and allocations change a document
through `settle`; how it looks on the wire is in invoice_view.py.
"""

from simulator import contacts, exchange, invoice_fields, lines
from simulator.elements import Element, day, identifier, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Contact, Invoice
from simulator.refusals import NotFound, Refused

_FINAL = frozenset({"VOIDED", "DELETED"})
_MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"PAID"},
}


def find(ledger: Ledger, key: str) -> Invoice:
    """The document of an id or an InvoiceNumber. Raises NotFound."""
    known = ledger.invoices.get(key.lower())
    if known is not None:
        return known
    numbered = ledger.invoice_numbers.get(key.lower())
    if numbered is not None:
        return ledger.invoices.by_id[numbered]
    for invoice in ledger.invoices:
        if invoice.number == key:
            return invoice
    raise NotFound(key)


def save(
    ledger: Ledger,
    element: Element,
    *,
    decimals: int = 2,
    create_only: bool = False,
    by: str | None = None,
) -> Invoice:
    """Create a document, or change the one the element names by id or (sales) number.

    Raises:
        Refused: the element breaks rules, or names an id that doesn't exist.
    """
    known = None if create_only else _named(ledger, element)
    if known is None:
        return create(ledger, element, decimals=decimals, by=by)
    return update(ledger, known, element, decimals=decimals)


def create(
    ledger: Ledger,
    element: Element,
    *,
    decimals: int = 2,
    by: str | None = None,
    template_id: str | None = None,
) -> Invoice:
    """Make a document: stamped, announced as INVOICE CREATE. Raises Refused."""
    kind = text(element, "Type")
    if kind not in {"ACCREC", "ACCPAY"}:
        raise Refused("Invoice type must be specified: ACCREC or ACCPAY")
    status = text(element, "Status") or "DRAFT"
    if status not in {"DRAFT", "SUBMITTED", "AUTHORISED"}:
        raise Refused(f"Invoice status '{status}' cannot be set on a new document")
    known, write = contacts.named_in(ledger, element)
    if known is None and write is None:
        raise Refused("A Contact must be specified for this type of transaction")
    preferred = known.fields.get("DefaultCurrency") if known is not None else None
    invoice = Invoice(
        id=ledger.new_id(),
        type=kind,
        contact_id="",
        currency=text(element, "CurrencyCode", 3) or preferred or ledger.country.currency,
        date=day(element, "Date") or ledger.today(),
        created_by=by,
        template_id=template_id,
    )
    if ledger.locked(invoice.date):
        raise Refused("The document date cannot be on or before the organisation's lock date")
    _number(ledger, invoice, element)
    invoice.rate = exchange.document_rate(ledger, element, invoice.currency, on=invoice.date)
    invoice_fields.apply_head(invoice, element)
    invoice.due_date = day(element, "DueDate") or invoice_fields.due_by_terms(known, invoice)
    invoice_fields.apply_lines(ledger, invoice, element, status=status, decimals=decimals)
    invoice_fields.approve_check(invoice, status)
    invoice.status = status
    _enter(ledger, invoice, contacts.resolved(ledger, known, write))
    return invoice


def update(ledger: Ledger, invoice: Invoice, element: Element, *, decimals: int = 2) -> Invoice:
    """Change what the element carries; lines, when sent, replace. Raises Refused."""
    status = text(element, "Status") or invoice.status
    _check_move(ledger, invoice, element, status)
    if status in _FINAL:
        return _end(ledger, invoice, status)
    trial = invoice_fields.trial_of(invoice)
    known, write = contacts.named_in(ledger, element)
    _number(ledger, trial, element)
    invoice_fields.apply_head(trial, element)
    trial.due_date = day(element, "DueDate") or trial.due_date
    if invoice.is_applied:
        invoice_fields.refuse_paid_edit(invoice, element)
        sent = parts(element, "LineItems")
        if sent:
            lines.relabel(ledger, trial, sent)
    else:
        trial.date = day(element, "Date") or trial.date
        if ledger.locked(trial.date):
            raise Refused("The document date cannot be on or before the organisation's lock date")
        trial.currency = text(element, "CurrencyCode", 3) or trial.currency
        held = trial.rate if trial.currency == invoice.currency else None
        trial.rate = exchange.document_rate(
            ledger, element, trial.currency, on=trial.date, held=held
        )
        invoice_fields.apply_lines(ledger, trial, element, status=status, decimals=decimals)
        invoice_fields.approve_check(trial, status)
        trial.status = status
    unstamped = invoice.is_applied and not invoice_fields.moves_stamp(element)
    renamed = write is not None if known is None else known.id != invoice.contact_id
    if invoice.allocations and renamed:
        raise Refused(
            "The contact of a document cannot be changed while credits are allocated to it"
        )
    contact = None if known is None and write is None else contacts.resolved(ledger, known, write)
    _adopt(ledger, invoice, trial, contact)
    changed(ledger, invoice, stamped=not unstamped)
    return invoice


def settle(ledger: Ledger, invoice: Invoice, *, stamped: bool = True, announced: bool) -> None:
    """Recompute what is paid and credited after something came or went, and AUTHORISED / PAID."""
    paid = [ledger.payments.by_id[key] for key in invoice.payments]
    credited = [ledger.allocations[key] for key in invoice.allocations]
    invoice.amount_paid = sum((payment.amount for payment in paid), ZERO)
    invoice.amount_credited = sum((allocation.amount for allocation in credited), ZERO)
    if invoice.amount_due == 0 and invoice.is_applied:
        invoice.status = "PAID"
        invoice.fully_paid_on = max([*(one.date for one in paid), *(one.date for one in credited)])
    else:
        invoice.status = "AUTHORISED"
        invoice.fully_paid_on = None
    changed(ledger, invoice, stamped=stamped, announced=announced)


def changed(
    ledger: Ledger, invoice: Invoice, *, stamped: bool = True, announced: bool = True
) -> None:
    """Note that a document changed: new revision, balances, stamp and announcement.

    Unstamped changes (DueDate and SentToContact of part-paid documents) are announced by
    webhook, but leave UpdatedDateUTC where it was.
    """
    invoice.revision += 1
    ledger.contact_of(invoice).balance_revision += 1
    if stamped:
        ledger.stamp(ledger.invoices, invoice, "INVOICE" if announced else None, "UPDATE")
        return
    ledger.book(invoice)
    if announced:
        ledger.announce_only("INVOICE", invoice)


def _named(ledger: Ledger, element: Element) -> Invoice | None:
    invoice_id = identifier(element, "InvoiceID")
    if invoice_id is not None:
        known = ledger.invoices.get(invoice_id)
        if known is None:
            raise Refused("The invoice with the specified InvoiceID could not be found")
        return known
    number = text(element, "InvoiceNumber", 255)
    numbered = ledger.invoice_numbers.get(number.lower()) if number else None
    if numbered is None or text(element, "Type") == "ACCPAY":
        return None
    return ledger.invoices.by_id[numbered]


def _number(ledger: Ledger, invoice: Invoice, element: Element) -> None:
    number = text(element, "InvoiceNumber", 255)
    if number is None or number == invoice.number:
        if invoice.number or invoice.type == "ACCPAY":
            return
        number = ""
    if invoice.type == "ACCREC":
        if not number:
            number = _next_number(ledger)
        owner = ledger.invoice_numbers.get(number.lower())
        if owner is not None and owner != invoice.id:
            raise Refused("Invoice # must be unique.")
    invoice.number = number


def _next_number(ledger: Ledger) -> str:
    while True:
        number = f"INV-{ledger.next_number:04d}"
        ledger.next_number += 1
        if number.lower() not in ledger.invoice_numbers:
            return number


def _enter(ledger: Ledger, invoice: Invoice, contact: Contact) -> None:
    """Put a new document in the books and flip the contact's role, which is not stamped."""
    if invoice.type == "ACCREC":
        ledger.invoice_numbers[invoice.number.lower()] = invoice.id
    invoice.contact_id = contact.id
    contacts.attach(contact, invoice)
    ledger.stamp(ledger.invoices, invoice, "INVOICE", "CREATE")


def _check_move(ledger: Ledger, invoice: Invoice, element: Element, status: str) -> None:
    kind = text(element, "Type")
    if kind is not None and kind != invoice.type:
        raise Refused("The type of a document cannot be changed")
    if invoice.status in _FINAL or status not in _MOVES[invoice.status]:
        raise Refused("Invoice not of valid status for modification")
    if status == "VOIDED" and invoice.is_applied:
        raise Refused("This document cannot be voided as it has payments or credits allocated")
    if ledger.locked(invoice.date):
        raise Refused("The document falls in a locked period and cannot be changed")


def _end(ledger: Ledger, invoice: Invoice, status: str) -> Invoice:
    invoice.status = status
    if ledger.invoice_numbers.get(invoice.number.lower()) == invoice.id:
        # The number is free again: Xero only keeps numbers of living documents unique.
        del ledger.invoice_numbers[invoice.number.lower()]
    changed(ledger, invoice)
    return invoice


def _adopt(ledger: Ledger, invoice: Invoice, trial: Invoice, contact: Contact | None) -> None:
    if trial.number != invoice.number and invoice.type == "ACCREC":
        ledger.invoice_numbers.pop(invoice.number.lower(), None)
        ledger.invoice_numbers[trial.number.lower()] = invoice.id
    for name in (
        "number", "reference", "url", "branding_theme_id", "sent_to_contact", "due_date", "date",
        "expected_payment_date", "planned_payment_date", "line_amount_types", "lines", "currency",
        "rate", "status", "sub_total", "total_tax", "total", "total_discount", "rounding",
    ):  # fmt: skip
        setattr(invoice, name, getattr(trial, name))
    if contact is not None and contact.id != invoice.contact_id:
        former = ledger.contact_of(invoice)
        former.documents.discard(invoice.id)
        former.balance_revision += 1
        invoice.contact_id = contact.id
        contacts.attach(contact, invoice)
