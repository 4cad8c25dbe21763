"""What the records of credit notes, prepayments and overpayments should say, from the raw ones.

Sources in words: Xero's pages on the three. What is left of a credit is its total less what was
allocated to documents and what was refunded; on void and deleted ones Xero still says the total.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from oracle.common import Setting, flag, identity, iso, ref, removed
from oracle.documents import (
    MODES,
    Raw,
    contact_of,
    currency_of,
    lines,
    money,
    payments,
    status_of,
)
from oracle.match import Bag
from oracle.money import amount, quantity
from oracle.parties import known
from oracle.wire import day, guid, number, text

_TYPES = {
    "ACCRECCREDIT": "receivable",
    "ACCPAYCREDIT": "payable",
    "RECEIVE-PREPAYMENT": "receivable",
    "ARPREPAYMENT": "receivable",
    "SPEND-PREPAYMENT": "payable",
    "APPREPAYMENT": "payable",
    "RECEIVE-OVERPAYMENT": "receivable",
    "AROVERPAYMENT": "receivable",
    "SPEND-OVERPAYMENT": "payable",
    "APOVERPAYMENT": "payable",
}
_LIVE = frozenset({"open", "paid"})


def credit_note(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    status = status_of(raw)
    return {
        **_credit(raw, setting, "credit_note", "CreditNoteID"),
        **removed("deleted" if status == "deleted" else None),
        "number": text(raw.get("CreditNoteNumber")),
        "issue_date": iso(day(raw.get("Date"))),
        "due_date": iso(day(raw.get("DueDate"))),
        "paid_on": iso(day(raw.get("FullyPaidOnDate"))),
        "is_sent": flag(raw.get("SentToContact")),
        "extensions": {
            "xero": {
                "branding_theme": ref(
                    setting.tenant, "branding_theme", guid(raw.get("BrandingThemeID"))
                ),
                "cis": _withheld(raw, setting),
            }
        },
    }


def prepayment(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    return {
        **_credit(raw, setting, "prepayment", "PrepaymentID"),
        "number": text(raw.get("InvoiceNumber")),
        "date": iso(day(raw.get("Date"))),
        "extensions": {},
    }


def overpayment(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    return {
        **_credit(raw, setting, "overpayment", "OverpaymentID"),
        "date": iso(day(raw.get("Date"))),
        "extensions": {},
    }


def side_of(raw: Raw) -> str | None:
    """Whether the contact has the credit with us, or we have it with the contact."""
    return known(_TYPES, raw.get("Type"))


def unapplied(raw: Raw) -> Decimal:
    """What could still be used: nothing of what is not approved, or void, whatever Xero says."""
    left = number(raw.get("RemainingCredit")) or Decimal(0)
    return left if status_of(raw) == "open" else Decimal(0)


def _credit(raw: Raw, setting: Setting, resource: str, id_key: str) -> dict[str, Any]:
    applied = _applied(raw)
    return {
        **identity(setting, resource, str(guid(raw[id_key]))),
        **removed(None),
        "merged_into": None,
        "status": status_of(raw),
        "remote_status": text(raw.get("Status")),
        "type": side_of(raw),
        "reference": text(raw.get("Reference")),
        "contact": ref(setting.tenant, "contact", contact_of(raw)),
        "allocation_status": _allocation_status(raw, applied),
        **money(
            raw,
            setting,
            {
                "subtotal": raw.get("SubTotal"),
                "total_tax": raw.get("TotalTax"),
                "total": raw.get("Total"),
                "total_discount": raw.get("TotalDiscount"),
                "remaining_credit": raw.get("RemainingCredit"),
                "applied_amount": applied,
            },
        ),
        "tax_mode": known(MODES, raw.get("LineAmountTypes")),
        "line_items": lines(raw, setting),
        "allocations": _allocations(raw, setting),
        "payments": payments(raw, setting),
        "has_attachments": flag(raw.get("HasAttachments")),
    }


def _standing(raw: Raw) -> list[Raw]:
    return [held for held in raw.get("Allocations") or () if held.get("IsDeleted") is not True]


def _applied(raw: Raw) -> Decimal:
    """Xero tells the applied amount inside documents only; here it is what was allocated."""
    given = number(raw.get("AppliedAmount"))
    if given is not None:
        return given
    return sum((number(held.get("Amount")) or Decimal(0) for held in _standing(raw)), Decimal(0))


def _allocation_status(raw: Raw, applied: Decimal) -> str:
    if applied == 0 or status_of(raw) not in _LIVE:
        return "none"
    left = number(raw.get("RemainingCredit"))
    return "full" if left is not None and left <= 0 else "partial"


def _allocations(raw: Raw, setting: Setting) -> Bag:
    currency = currency_of(raw, setting.base_currency)
    found = [
        {
            "id": guid(held.get("AllocationID")),
            "target": _target(held, setting),
            "amount": amount(held.get("Amount"), currency),
            "date": iso(day(held.get("Date"))),
            "is_deleted": held.get("IsDeleted") is True,
        }
        for held in raw.get("Allocations") or ()
    ]
    return Bag(found, lambda held: str(held.get("id")))


def _target(held: Mapping[str, Any], setting: Setting) -> dict[str, Any] | None:
    return ref(setting.tenant, "invoice", guid((held.get("Invoice") or {}).get("InvoiceID")))


def _withheld(raw: Raw, setting: Setting) -> dict[str, Any] | None:
    held = amount(raw.get("CISDeduction"), currency_of(raw, setting.base_currency))
    rate = quantity(raw.get("CISRate"))
    return None if held is None and rate is None else {"amount": held, "rate": rate}
