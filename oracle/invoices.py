"""What the record of an invoice or a bill should say, from the raw document.

Sources in words: Xero's invoices page for statuses, amounts and line amount types; the README
for what unified fields mean.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from oracle.common import Setting, flag, identity, iso, ref, removed
from oracle.documents import (
    MODES,
    contact_of,
    currency_of,
    lines,
    money,
    payments,
    status_of,
)
from oracle.match import Bag, Number
from oracle.money import amount, gained, minor_digits, quantity
from oracle.parties import known, plain_address
from oracle.wire import day, guid, number, text

_TYPES = {"ACCREC": "invoice", "ACCPAY": "bill"}
_MONEY = {
    "subtotal": "SubTotal",
    "total_tax": "TotalTax",
    "total": "Total",
    "total_discount": "TotalDiscount",
    "amount_due": "AmountDue",
    "amount_paid": "AmountPaid",
}
#: Credits that a document lists: key, our resource, and the key of the id.
CREDITS = {
    "CreditNotes": ("credit_note", "CreditNoteID"),
    "Prepayments": ("prepayment", "PrepaymentID"),
    "Overpayments": ("overpayment", "OverpaymentID"),
}

Raw = Mapping[str, Any]


def invoice(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    tenant = setting.tenant
    status = status_of(raw)
    when = timing(raw, setting.today)
    currency = currency_of(raw, setting.base_currency)
    return {
        **identity(setting, "invoice", str(guid(raw["InvoiceID"]))),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
        "type": type_of(raw),
        "number": text(raw.get("InvoiceNumber")),
        "reference": text(raw.get("Reference")),
        "contact": ref(tenant, "contact", contact_of(raw)),
        "issue_date": iso(day(raw.get("Date"))),
        "due_date": iso(day(raw.get("DueDate"))),
        "expected_payment_date": iso(
            day(raw.get("ExpectedPaymentDate")) or day(raw.get("PlannedPaymentDate"))
        ),
        "paid_on": iso(day(raw.get("FullyPaidOnDate"))),
        "payment_status": settlement(raw),
        "timing": when,
        "is_overdue": when == "overdue",
        **money(raw, setting, _amounts(raw)),
        "realised_gain_base": _gain_of_payments(raw, setting),
        "tax_mode": known(MODES, raw.get("LineAmountTypes")),
        "line_items": lines(raw, setting),
        "payments": payments(raw, setting),
        "credits": _credits(raw, setting),
        "is_sent": flag(raw.get("SentToContact")),
        "source_url": text(raw.get("Url")),
        "repeating_transaction": ref(
            tenant, "repeating_transaction", guid(raw.get("RepeatingInvoiceID"))
        ),
        "branding_theme": ref(tenant, "branding_theme", guid(raw.get("BrandingThemeID"))),
        "withholding": _withholding(raw, setting),
        "billing_address": None,
        "shipping_address": plain_address(_address(raw, "TO")),
        "has_attachments": flag(raw.get("HasAttachments")),
        "memo": None,
        "extensions": {
            "xero": {
                "is_discounted": flag(raw.get("IsDiscounted")),
                "entered_total": amount(raw.get("EnteredTotal"), currency),
                "rounding_amount": amount(raw.get("RoundingAmount"), currency),
                "origin_address": plain_address(_address(raw, "FROM")),
            }
        },
    }


def type_of(raw: Raw) -> str | None:
    """Whether it is owed to us or by us."""
    return known(_TYPES, raw.get("Type"))


def settlement(raw: Raw) -> str:
    """How far it is paid; paying by credit counts."""
    status = status_of(raw)
    if status == "paid":
        return "paid"
    if status != "open":
        return "none"
    settled = sum((number(raw.get(key)) or Decimal(0)) for key in ("AmountPaid", "AmountCredited"))
    return "partially_paid" if settled > 0 else "unpaid"


def owes(raw: Raw) -> bool:
    """Whether money is still to come."""
    return status_of(raw) == "open" and (number(raw.get("AmountDue")) or 0) > 0


def timing(raw: Raw, today: date) -> str:
    """Where today stands against the due date, by the organisation's calendar."""
    due = day(raw.get("DueDate"))
    if due is None or not owes(raw):
        return "none"
    if today > due:
        return "overdue"
    return "due" if today == due else "not_due"


def _gain_of_payments(raw: Raw, setting: Setting) -> Number | None:
    """What its payments gained in base currency; on a bill, paying more than was booked is a loss.

    Not known where the rate of something paid is not. Credits are not in it: a document does not
    show their rates.
    """
    base = setting.base_currency
    currency = currency_of(raw, base)
    if base is None:
        return None
    total = Decimal(0)
    if currency != base:
        booked_at = number(raw.get("CurrencyRate"))
        for paid in raw.get("Payments") or ():
            settled_at = number(paid.get("CurrencyRate"))
            if settled_at is None or booked_at is None:
                return None
            total += gained(paid.get("Amount"), settled_at, booked_at, base)
    return Number(-total if type_of(raw) == "bill" else total, minor_digits(base))


def _amounts(raw: Raw) -> dict[str, Any]:
    amounts = {name: raw.get(key) for name, key in _MONEY.items()}
    return {**amounts, "amount_credited": credited(raw)}


def credited(raw: Raw) -> Any:
    """Xero leaves the key out of some answers: total = due + paid + credited on live documents."""
    total, due, paid = (number(raw.get(key)) for key in ("Total", "AmountDue", "AmountPaid"))
    live = status_of(raw) in {"open", "paid"}
    if "AmountCredited" in raw or not live or total is None or due is None or paid is None:
        return raw.get("AmountCredited")
    return total - due - paid


def _credits(raw: Raw, setting: Setting) -> Bag:
    currency = currency_of(raw, setting.base_currency)
    found = [
        {
            "id": guid(credit[id_key]),
            "resource": resource,
            "ref": ref(setting.tenant, resource, guid(credit[id_key])),
            "amount": amount(credit.get("AppliedAmount"), currency),
            "date": iso(day(credit.get("Date"))),
        }
        for key, (resource, id_key) in CREDITS.items()
        for credit in raw.get(key) or ()
    ]
    return Bag(found, lambda credit: str(credit.get("id")))


def _withholding(raw: Raw, setting: Setting) -> dict[str, Any] | None:
    held = amount(raw.get("CISDeduction"), currency_of(raw, setting.base_currency))
    rate = quantity(raw.get("CISRate"))
    return None if held is None and rate is None else {"amount": held, "rate": rate}


def _address(raw: Raw, kind: str) -> Raw | None:
    for held in raw.get("InvoiceAddresses") or ():
        if held.get("InvoiceAddressType") == kind:
            return dict(held)
    return None
