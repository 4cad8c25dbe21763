"""Payments and refunds: creating and deleting, which is all Xero allows, and what they settle.

Source: Xero's page on payments. Money against a credit note, prepayment or overpayment is a
refund. Several payments as one are in batches.py, how a payment looks on the wire in
payment_view.py, rates in exchange.py.
"""

from simulator import amounts, credits, exchange, invoices
from simulator.elements import Element, day, decimal, flag, identifier, part, text
from simulator.ledger import Ledger
from simulator.model import Account, Credit, CreditKind, Invoice, Payment
from simulator.refusals import NotFound, Refused

TYPES = {
    "ACCREC": "ACCRECPAYMENT",
    "ACCPAY": "ACCPAYPAYMENT",
    "ACCRECCREDIT": "ARCREDITPAYMENT",
    "ACCPAYCREDIT": "APCREDITPAYMENT",
    "RECEIVE-PREPAYMENT": "ARPREPAYMENTPAYMENT",
    "SPEND-PREPAYMENT": "APPREPAYMENTPAYMENT",
    "RECEIVE-OVERPAYMENT": "AROVERPAYMENTPAYMENT",
    "SPEND-OVERPAYMENT": "APOVERPAYMENTPAYMENT",
}
"""PaymentType by the type of the document that is paid or refunded."""

_UNKNOWN = "Either the document has not been approved, does not exist, or has been deleted"


def find(ledger: Ledger, key: str) -> Payment:
    """The payment of an id. Raises NotFound."""
    known = ledger.payments.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> Payment:
    """Pay (part of) an invoice or bill, or refund (part of) a credit. Raises Refused."""
    document, payment = drafted(ledger, element)
    enter(ledger, document, payment)
    return payment


def drafted(ledger: Ledger, element: Element) -> tuple[Invoice | Credit, Payment]:
    """The payment that an element asks for, not in the books yet, and its document.

    Raises:
        Refused: the element breaks rules.
    """
    document = _document(ledger, element)
    account = _account(ledger, element)
    sent = decimal(element, "Amount")
    amount = None if sent is None else amounts.cents(sent)
    on = day(element, "Date") or ledger.today()
    open_amount = document.remaining if isinstance(document, Credit) else document.amount_due
    problems = []
    if amount is None or amount <= 0:
        problems.append("Payment amount must be greater than zero")
    elif amount > open_amount and document.status == "AUTHORISED":
        problems.append("Payment amount exceeds the amount outstanding on this document")
    if document.status != "AUTHORISED":
        problems.append("Payments can only be made against Authorised documents")
    if ledger.locked(on):
        problems.append("The payment date cannot be on or before the organisation's lock date")
    if problems or amount is None:
        raise Refused(*problems)
    rate, bank_amount = exchange.of_payment(
        ledger, document, account, element=element, amount=amount
    )
    payment = Payment(
        id=ledger.new_id(),
        document_id=document.id,
        type=TYPES[document.type],
        account_id=account.id,
        date=on,
        amount=amount,
        bank_amount=bank_amount,
        rate=rate,
        reference=text(element, "Reference", 255),
        is_reconciled=flag(element, "IsReconciled") or False,
    )
    return document, payment


def enter(ledger: Ledger, document: Invoice | Credit, payment: Payment) -> None:
    """Put a drafted payment in the books and settle its document."""
    document.payments.append(payment.id)
    ledger.stamp(ledger.payments, payment, "PAYMENT", "CREATE")
    _settle(ledger, document)


def delete(ledger: Ledger, payment: Payment, element: Element) -> Payment:
    """Delete a payment: the element may carry its Status and nothing else. Raises Refused."""
    extra = set(element) - {"Status", "PaymentID"}
    if text(element, "Status") != "DELETED" or extra:
        raise Refused("Payments can only be deleted: only the Status DELETED can be set")
    if payment.status == "DELETED":
        raise Refused("The payment has already been deleted")
    if payment.batch_id is not None:
        raise Refused("The payment belongs to a batch payment and can only be deleted with it")
    if ledger.locked(payment.date):
        raise Refused("The payment falls in a locked period and cannot be deleted")
    undo(ledger, payment)
    return payment


def undo(ledger: Ledger, payment: Payment) -> None:
    """Take a payment back, whatever it belongs to."""
    document = ledger.document(payment.document_id)
    payment.status = "DELETED"
    payment.revision += 1
    document.payments.remove(payment.id)
    ledger.stamp(ledger.payments, payment, "PAYMENT", "UPDATE")
    _settle(ledger, document)


def _settle(ledger: Ledger, document: Invoice | Credit) -> None:
    if isinstance(document, Credit):
        credits.settle(ledger, document, moves=ledger.rules.refund_moves_credit)
    else:
        invoices.settle(ledger, document, announced=ledger.rules.payment_fires_invoice_update)


def _document(ledger: Ledger, element: Element) -> Invoice | Credit:
    """The one document that an element names, in any of the ways Xero takes."""
    named: list[tuple[CreditKind | None, str]] = []
    invoice = part(element, "Invoice") or {}
    number = text(invoice, "InvoiceNumber") or text(element, "InvoiceNumber")
    key = identifier(invoice, "InvoiceID") or number
    if key is not None:
        named.append((None, key))
    for kind in CreditKind:
        held = part(element, kind) or {}
        key = identifier(held, kind.id_key)
        if key is None and kind is CreditKind.CREDIT_NOTE:
            key = text(held, "CreditNoteNumber") or text(element, "CreditNoteNumber")
        if key is not None:
            named.append((kind, key))
    if not named:
        raise Refused("Payment must have a valid InvoiceID, InvoiceNumber or other document")
    if len(named) > 1:
        raise Refused("A payment can only be made against one document")
    ((found, key),) = named
    try:
        return invoices.find(ledger, key) if found is None else credits.find(ledger, found, key)
    except NotFound:
        raise Refused(_UNKNOWN) from None


def _account(ledger: Ledger, element: Element) -> Account:
    sent = part(element, "Account") or {}
    code = text(sent, "Code") or text(element, "Code")
    account_id = identifier(sent, "AccountID")
    account = ledger.account(code=code, account_id=account_id) if code or account_id else None
    if account is None:
        raise Refused("Account could not be found")
    if account.status != "ACTIVE" or not account.takes_payments:
        raise Refused("Account type is invalid for making payments")
    return account
