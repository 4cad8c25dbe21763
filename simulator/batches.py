"""Batches of payments: made whole, deleted whole, and how they look on the wire.

Source: Xero's page on batch payments and the examples of its API description. A batch pays invoices
(RECBATCH) or bills (PAYBATCH), never both. Texts for bank statements differ by country. A payment
of a batch is not deleted alone.
"""

from collections.abc import Mapping
from typing import Any

from simulator import payments
from simulator.bookings import Batch
from simulator.elements import Element, day, part, parts, text
from simulator.ledger import Ledger
from simulator.model import ZERO, Credit, Invoice, Payment
from simulator.refusals import NotFound, Refused
from simulator.wire import day_string, ms_day, ms_instant

KINDS = {"ACCREC": "RECBATCH", "ACCPAY": "PAYBATCH"}
"""Type of a batch by that of the documents which it pays."""

_TEXTS: Mapping[str, Mapping[str, int]] = {
    "NZ": {"Reference": 255, "Particulars": 12, "Code": 12},
    "GB": {"Details": 18, "Narrative": 18},
}
"""What a batch may say on bank statements, by country: the keys with their longest lengths."""
_ELSEWHERE: Mapping[str, int] = {"Details": 18}


def find(ledger: Ledger, key: str) -> Batch:
    """The batch of an id. Raises NotFound."""
    known = ledger.batches.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def create(ledger: Ledger, element: Element) -> Batch:
    """Pay several invoices or several bills from one account on one day, all or none.

    Raises:
        Refused: one of the payments is, they are of two kinds, or one document is paid twice.
    """
    sent = parts(element, "Payments") or []
    if not sent:
        raise Refused("A batch payment must have at least one payment")
    if part(element, "Account") is None:
        raise Refused("Account could not be found")
    on = day(element, "Date") or ledger.today()
    shared = {"Account": element["Account"], "Date": on.isoformat()}
    drafts = [payments.drafted(ledger, {**one, **shared}) for one in sent]
    documents = [document for document, _ in drafts]
    kinds = {KINDS.get(document.type) for document in documents}
    if None in kinds or len(kinds) > 1:
        raise Refused("All payments of a batch must be of invoices, or all of bills")
    if len({document.id for document in documents}) < len(documents):
        raise Refused("A document can be paid once in a batch")
    (kind,) = kinds
    batch = Batch(
        id=ledger.new_id(),
        kind=str(kind),
        account_id=drafts[0][1].account_id,
        date=on,
        payments=[payment.id for _, payment in drafts],
        total=sum((payment.bank_amount for _, payment in drafts), ZERO),
        texts=_texts(ledger, element),
    )
    ledger.stamp(ledger.batches, batch, None, "CREATE")
    for document, payment in drafts:
        payment.batch_id = batch.id
        payments.enter(ledger, document, payment)
    return batch


def delete(ledger: Ledger, batch: Batch, element: Element) -> Batch:
    """Delete a batch and its payments. Raises Refused."""
    if text(element, "Status") != "DELETED":
        raise Refused("Batch payments can only be deleted: only the Status DELETED can be set")
    if batch.status == "DELETED":
        raise Refused("The batch payment has already been deleted")
    held = [ledger.payments.by_id[key] for key in batch.payments]
    if batch.is_reconciled or any(payment.is_reconciled for payment in held):
        raise Refused("This batch payment cannot be deleted as it has been reconciled")
    if ledger.locked(batch.date):
        raise Refused("The payment falls in a locked period and cannot be deleted")
    batch.status = "DELETED"
    batch.revision += 1
    ledger.stamp(ledger.batches, batch, None, "UPDATE")
    for payment in held:
        payments.undo(ledger, payment)
    return batch


def wire(ledger: Ledger, batch: Batch) -> dict[str, Any]:
    """The batch as Xero shows it: its payments as stubs, none of a deleted one."""
    out: dict[str, Any] = {"Account": _account(ledger, batch), **batch.texts}
    out["BatchPaymentID"] = batch.id
    out["DateString"] = day_string(batch.date)
    out["Date"] = ms_day(batch.date)
    standing = batch.payments if batch.status == "AUTHORISED" else ()
    out["Payments"] = [_payment(ledger, ledger.payments.by_id[key]) for key in standing]
    return out | _end(batch)


def stub(ledger: Ledger, batch: Batch) -> dict[str, Any]:
    """The batch inside one of its payments."""
    return {
        "Account": {"AccountID": _account(ledger, batch)["AccountID"]},
        "BatchPaymentID": batch.id,
        "DateString": day_string(batch.date),
        "Date": ms_day(batch.date),
        **_end(batch),
    }


def _end(batch: Batch) -> dict[str, Any]:
    return {
        "Type": batch.kind,
        "Status": batch.status,
        "TotalAmount": batch.total,
        "UpdatedDateUTC": ms_instant(batch.updated_ms),
        "IsReconciled": batch.is_reconciled,
    }


def _texts(ledger: Ledger, element: Element) -> dict[str, str]:
    """The texts that the organisation's country has; others are not kept."""
    found = {
        key: text(element, key, longest)
        for key, longest in _TEXTS.get(ledger.country.code, _ELSEWHERE).items()
    }
    return {key: value for key, value in found.items() if value}


def _account(ledger: Ledger, batch: Batch) -> dict[str, Any]:
    account = ledger.account(account_id=batch.account_id)
    currency = ledger.country.currency if account is None else account.currency
    return {
        "AccountID": batch.account_id,
        "CurrencyCode": currency or ledger.country.currency,
    }


def _payment(ledger: Ledger, payment: Payment) -> dict[str, Any]:
    document: Invoice | Credit = ledger.document(payment.document_id)
    out: dict[str, Any] = {
        "Invoice": {
            "InvoiceID": document.id,
            "CurrencyCode": document.currency,
            "Payments": [],
            "CreditNotes": [],
            "Prepayments": [],
            "Overpayments": [],
            "HasErrors": False,
            "IsDiscounted": False,
            "LineItems": [],
        },
        "PaymentID": payment.id,
    }
    if payment.reference:
        out["Reference"] = payment.reference
    return out | {"Amount": payment.amount, "BankAmount": payment.bank_amount}
