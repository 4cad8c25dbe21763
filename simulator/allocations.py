"""Allocations: applying a credit to invoices or bills, and taking that back.

Source: Xero's pages on credit notes, prepayments and overpayments: same contact, same currency,
no more than is left on either side; the date is the later one of the two documents, whatever is
sent.
"""

from simulator import amounts, credits, invoices
from simulator.elements import Element, decimal, identifier, part, text
from simulator.ledger import Ledger
from simulator.model import Allocation, Credit, Invoice
from simulator.refusals import NotFound, Refused


def find(ledger: Ledger, credit: Credit, key: str) -> Allocation:
    """The allocation of an id, of this very credit. Raises NotFound."""
    if key.lower() not in credit.allocations:
        raise NotFound(key)
    return ledger.allocations[key.lower()]


def allocate(ledger: Ledger, credit: Credit, element: Element) -> Allocation:
    """Apply a part of a credit to an invoice or bill. Raises Refused."""
    invoice = _invoice(ledger, element)
    sent = decimal(element, "Amount")
    amount = None if sent is None else amounts.cents(sent)
    problems = _unfit(credit, invoice)
    if amount is None or amount <= 0:
        problems.append("The allocation amount must be greater than zero")
    else:
        if amount > credit.remaining and credit.status == "AUTHORISED":
            problems.append("The amount allocated exceeds the remaining credit of this document")
        if amount > invoice.amount_due and invoice.status == "AUTHORISED":
            problems.append("The amount allocated exceeds the amount outstanding on the invoice")
    on = max(invoice.date, credit.date)
    if ledger.locked(on):
        problems.append("The allocation falls in a locked period and cannot be made")
    if problems or amount is None:
        raise Refused(*problems)
    allocation = Allocation(
        id=ledger.new_id(),
        kind=credit.kind,
        credit_id=credit.id,
        invoice_id=invoice.id,
        amount=amount,
        date=on,
    )
    ledger.allocations[allocation.id] = allocation
    credit.allocations.append(allocation.id)
    invoice.allocations.append(allocation.id)
    _settle(ledger, credit, invoice)
    return allocation


def remove(ledger: Ledger, credit: Credit, allocation: Allocation) -> None:
    """Take an allocation back: both documents are open for its amount again. Raises Refused."""
    if ledger.locked(allocation.date):
        raise Refused("The allocation falls in a locked period and cannot be removed")
    invoice = ledger.invoices.by_id[allocation.invoice_id]
    credit.allocations.remove(allocation.id)
    invoice.allocations.remove(allocation.id)
    del ledger.allocations[allocation.id]
    _settle(ledger, credit, invoice)


def _settle(ledger: Ledger, credit: Credit, invoice: Invoice) -> None:
    moves = ledger.rules.allocation_moves_invoice
    credits.settle(ledger, credit, moves=ledger.rules.allocation_moves_credit)
    invoices.settle(ledger, invoice, stamped=moves, announced=moves)


def _unfit(credit: Credit, invoice: Invoice) -> list[str]:
    problems = []
    if credit.status != "AUTHORISED":
        problems.append("Credits can only be allocated from Authorised documents")
    if invoice.status != "AUTHORISED":
        problems.append("Credits can only be allocated to Authorised documents")
    if credit.is_sale != invoice.is_sale:
        problems.append(f"A document of type {credit.type} cannot be allocated to {invoice.type}")
    if credit.contact_id != invoice.contact_id:
        problems.append("The contact of the invoice must be the contact of the credit")
    if credit.currency != invoice.currency:
        problems.append("The currency of the invoice must be the currency of the credit")
    return problems


def _invoice(ledger: Ledger, element: Element) -> Invoice:
    sent = part(element, "Invoice") or {}
    key = identifier(sent, "InvoiceID") or text(sent, "InvoiceNumber")
    if key is None:
        raise Refused("An allocation must have an Invoice with an InvoiceID or InvoiceNumber")
    try:
        return invoices.find(ledger, key)
    except NotFound:
        raise Refused("The invoice to allocate to could not be found") from None
