"""What the record of a payment or refund should say, from the raw payment.

Sources in words: Xero's payments page. A payment is of one document. A refund shows the credit
that it pays back under the key Invoice, with the credit's own id there; which kind of credit that
is follows from the type of the payment. Whose document it is, Xero shows without stamping the
payment when that changes.
"""

from typing import Any, NamedTuple

from oracle.common import Setting, code_ref, flag, identity, iso, ref, removed
from oracle.documents import Raw, contact_of, currency_of, rate_of, rates
from oracle.match import Number
from oracle.money import amount, in_base, minor_digits
from oracle.parties import known
from oracle.wire import day, guid, number, text


class _Sort(NamedTuple):
    """What a type of payment means."""

    direction: str
    kind: str
    target: str


_SORTS = {
    "ACCRECPAYMENT": _Sort("inbound", "payment", "invoice"),
    "ACCPAYPAYMENT": _Sort("outbound", "payment", "invoice"),
    "ARCREDITPAYMENT": _Sort("outbound", "refund", "credit_note"),
    "APCREDITPAYMENT": _Sort("inbound", "refund", "credit_note"),
    "ARPREPAYMENTPAYMENT": _Sort("outbound", "refund", "prepayment"),
    "APPREPAYMENTPAYMENT": _Sort("inbound", "refund", "prepayment"),
    "AROVERPAYMENTPAYMENT": _Sort("outbound", "refund", "overpayment"),
    "APOVERPAYMENTPAYMENT": _Sort("inbound", "refund", "overpayment"),
}
_UNKNOWN = _Sort("unknown", "unknown", "unknown")
_STATUSES = {"AUTHORISED": "completed", "DELETED": "deleted"}
#: Keys under which the document may stand, and that of its id there.
_DOCUMENTS = {
    "Invoice": "InvoiceID",
    "CreditNote": "CreditNoteID",
    "Prepayment": "PrepaymentID",
    "Overpayment": "OverpaymentID",
}


def payment(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    base = setting.base_currency
    document, _ = _document(raw)
    currency = currency_of(document, base)
    sort = _sort(raw)
    status = payment_status_of(raw)
    contact = ref(setting.tenant, "contact", contact_of(document))
    return {
        **identity(setting, "payment", str(guid(raw["PaymentID"]))),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
        "direction": sort.direction,
        "kind": sort.kind,
        "applied_to": [
            {
                "resource": sort.target,
                "ref": ref(setting.tenant, sort.target, paid_document(raw)),
                "amount": amount(raw.get("Amount"), currency),
            }
        ],
        # Nobody looks again at a payment that was taken back when its document changes hands.
        **({} if status == "deleted" else {"contact": contact}),
        "date": iso(day(raw.get("Date"))),
        **rates(raw, currency, base),
        "amount": amount(raw.get("Amount"), currency),
        "amount_base": in_base(raw.get("Amount"), rate_of(raw, currency, base), base),
        **_bank(raw, setting),
        "reference": text(raw.get("Reference")),
        "is_reconciled": flag(raw.get("IsReconciled")),
        "batch": ref(setting.tenant, "batch_payment", _batch(raw)),
        "payment_method": None,
        "extensions": {
            "xero": {
                "particulars": text(raw.get("Particulars")),
                "details": text(raw.get("Details")),
            }
        },
    }


def payment_status_of(raw: Raw) -> str | None:
    """Whether it stands, or was taken back."""
    return known(_STATUSES, raw.get("Status"))


def is_refund(raw: Raw) -> bool:
    """Whether it pays a credit back."""
    return _sort(raw).kind == "refund"


def paid_document(raw: Raw) -> str | None:
    """Xero's id of what it pays, or pays back."""
    document, key = _document(raw)
    return guid(document.get(key))


def _sort(raw: Raw) -> _Sort:
    return _SORTS.get(text(raw.get("PaymentType")) or "", _UNKNOWN)


def _document(raw: Raw) -> tuple[Raw, str]:
    for key, id_key in _DOCUMENTS.items():
        if raw.get(key):
            return raw[key], id_key
    return {}, "InvoiceID"


def _bank(raw: Raw, setting: Setting) -> dict[str, Any]:
    """What the bank account moved, in its own currency: known where Xero shows that."""
    account = raw.get("Account") or {}
    currency = text(account.get("CurrencyCode"))
    moved = number(raw.get("BankAmount"))
    digits = 0 if currency is None else minor_digits(currency)
    by_id = ref(setting.tenant, "account", guid(account.get("AccountID")))
    return {
        "bank_amount": None if moved is None else Number(moved, digits),
        "bank_currency": currency,
        "account": by_id or code_ref(text(account.get("Code"))),
    }


def _batch(raw: Raw) -> str | None:
    held = raw.get("BatchPayment") or {}
    return guid(held.get("BatchPaymentID")) or guid(raw.get("BatchPaymentID"))
