"""Payments: creating and deleting, which is all Xero allows, and what they do to documents.

How a payment looks on the wire is in payment_view.py.
"""

from simulator import amounts, invoices
from simulator.elements import Element, day, decimal, flag, identifier, part, text
from simulator.ledger import Ledger
from simulator.model import Account, Invoice, Payment
from simulator.refusals import NotFound, Refused


def find(ledger: Ledger, key: str) -> Payment:
    """The payment of an id. Raises NotFound."""
    known = ledger.payments.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> Payment:
    """Pay (part of) an invoice or bill. Raises Refused."""
    invoice = _invoice(ledger, element)
    account = _account(ledger, element)
    amount = decimal(element, "Amount")
    on = day(element, "Date") or ledger.today()
    problems = []
    if amount is None or amount <= 0:
        problems.append("Payment amount must be greater than zero")
    elif amounts.cents(amount) > invoice.amount_due and invoice.status == "AUTHORISED":
        problems.append("Payment amount exceeds the amount outstanding on this document")
    if invoice.status != "AUTHORISED":
        problems.append("Payments can only be made against Authorised documents")
    if ledger.locked(on):
        problems.append("The payment date cannot be on or before the organisation's lock date")
    if problems or amount is None:
        raise Refused(*problems)
    rate = decimal(element, "CurrencyRate") or invoice.rate
    payment = Payment(
        id=ledger.new_id(),
        invoice_id=invoice.id,
        type="ACCRECPAYMENT" if invoice.type == "ACCREC" else "ACCPAYPAYMENT",
        account_id=account.id,
        date=on,
        amount=amounts.cents(amount),
        bank_amount=amounts.cents(amount / rate),
        rate=rate,
        reference=text(element, "Reference", 255),
        is_reconciled=flag(element, "IsReconciled") or False,
    )
    invoice.payments.append(payment.id)
    ledger.stamp(ledger.payments, payment, _category(ledger), "CREATE")
    invoices.settle(ledger, invoice, announced=ledger.rules.payment_fires_invoice_update)
    return payment


def delete(ledger: Ledger, payment: Payment, element: Element) -> Payment:
    """Delete a payment: the element may carry its Status and nothing else. Raises Refused."""
    extra = set(element) - {"Status", "PaymentID"}
    if text(element, "Status") != "DELETED" or extra:
        raise Refused("Payments can only be deleted: only the Status DELETED can be set")
    if payment.status == "DELETED":
        raise Refused("The payment has already been deleted")
    invoice = ledger.invoices.by_id[payment.invoice_id]
    if ledger.locked(payment.date):
        raise Refused("The payment falls in a locked period and cannot be deleted")
    payment.status = "DELETED"
    payment.revision += 1
    invoice.payments.remove(payment.id)
    ledger.stamp(ledger.payments, payment, _category(ledger), "UPDATE")
    invoices.settle(ledger, invoice, announced=ledger.rules.payment_fires_invoice_update)
    return payment


def _category(ledger: Ledger) -> str | None:
    return "PAYMENT" if ledger.rules.payment_events else None


def _invoice(ledger: Ledger, element: Element) -> Invoice:
    sent = part(element, "Invoice") or {}
    number = text(sent, "InvoiceNumber") or text(element, "InvoiceNumber")
    key = identifier(sent, "InvoiceID") or number
    if key is None:
        raise Refused("Payment must have a valid InvoiceID, InvoiceNumber or other document")
    try:
        return invoices.find(ledger, key)
    except NotFound:
        raise Refused(
            "Either the document has not been approved, does not exist, or has been deleted"
        ) from None


def _account(ledger: Ledger, element: Element) -> Account:
    sent = part(element, "Account") or {}
    code = text(sent, "Code") or text(element, "Code")
    account_id = identifier(sent, "AccountID")
    account = ledger.account(code=code, account_id=account_id) if code or account_id else None
    if account is None:
        raise Refused("Account could not be found")
    if not account.takes_payments:
        raise Refused("Account type is invalid for making payments")
    return account
