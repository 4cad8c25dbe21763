"""What the records of bank transactions, transfers and batches of payments should say.

Sources in words: Xero's pages on the three. A transfer is one record, and each of its two sides,
which Xero keeps as bank transactions, another that says that it is a side. A batch names its
payments while it stands.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from oracle.common import Setting, code_ref, flag, identity, iso, ref, removed
from oracle.documents import MODES, Raw, contact_of, currency_of, lines, money, tracking
from oracle.match import AnyOf, Bag
from oracle.money import amount
from oracle.parties import known
from oracle.wire import day, guid, instant, number, text


class _Sort(NamedTuple):
    """What a type of bank transaction means."""

    type: str
    direction: str
    is_side: bool = False


_SORTS: Final[Mapping[str, _Sort]] = {
    "SPEND": _Sort("spend", "outbound"),
    "RECEIVE": _Sort("receive", "inbound"),
    "SPEND-PREPAYMENT": _Sort("spend_prepayment", "outbound"),
    "RECEIVE-PREPAYMENT": _Sort("receive_prepayment", "inbound"),
    "SPEND-OVERPAYMENT": _Sort("spend_overpayment", "outbound"),
    "RECEIVE-OVERPAYMENT": _Sort("receive_overpayment", "inbound"),
    "SPEND-TRANSFER": _Sort("transfer", "outbound", is_side=True),
    "RECEIVE-TRANSFER": _Sort("transfer", "inbound", is_side=True),
}
_UNKNOWN: Final = _Sort("unknown", "unknown")
_STATUSES: Final = {"AUTHORISED": "posted", "VOIDED": "void", "DELETED": "deleted"}
_BATCH_STATUSES: Final = {"AUTHORISED": "completed", "DELETED": "deleted"}
_BATCH_DIRECTIONS: Final = {"RECBATCH": "inbound", "PAYBATCH": "outbound"}


def transaction(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a bank transaction or a transfer. Raises UnreadableBooks."""
    return _transfer(raw, setting) if "BankTransferID" in raw else _bank_transaction(raw, setting)


def _bank_transaction(raw: Raw, setting: Setting) -> dict[str, Any]:
    sort = _SORTS.get(text(raw.get("Type")) or "", _UNKNOWN)
    return {
        **_head(raw, setting, str(guid(raw["BankTransactionID"]))),
        "type": sort.type,
        "direction": sort.direction,
        "is_leg": sort.is_side,
        "contact": ref(setting.tenant, "contact", contact_of(raw)),
        "account": account_of(raw.get("BankAccount"), setting),
        "counter_account": None,
        **money(
            raw,
            setting,
            {
                "subtotal": raw.get("SubTotal"),
                "total_tax": raw.get("TotalTax"),
                "total": raw.get("Total"),
                "total_discount": raw.get("TotalDiscount"),
            },
        ),
        "tax_mode": known(MODES, raw.get("LineAmountTypes")),
        "line_items": lines(raw, setting),
        "is_reconciled": flag(raw.get("IsReconciled")),
        "legs": [],
        "linked": _linked(raw, setting),
        "source_url": text(raw.get("Url")),
    }


def _transfer(raw: Raw, setting: Setting) -> dict[str, Any]:
    base = setting.base_currency
    out, into = (raw.get(f"{side}IsReconciled") is True for side in ("From", "To"))
    total = amount(raw.get("Amount"), base)
    return {
        **_head(raw, setting, str(guid(raw["BankTransferID"]))),
        "created_at": instant(raw.get("CreatedDateUTC")),
        "type": "transfer",
        "direction": "internal",
        "is_leg": False,
        "contact": None,
        "account": account_of(raw.get("FromBankAccount"), setting),
        "counter_account": account_of(raw.get("ToBankAccount"), setting),
        **_transfer_money(raw, base),
        "total": total,
        **dict.fromkeys(
            f"{name}{suffix}"
            for name in ("subtotal", "total_tax", "total_discount")
            for suffix in ("", "_base")
        ),
        "tax_mode": None,
        "line_items": [],
        "is_reconciled": out and into,
        "legs": [_side(raw, setting, "From", "outbound"), _side(raw, setting, "To", "inbound")],
        "linked": None,
        "source_url": None,
    }


def _transfer_money(raw: Raw, base: str | None) -> dict[str, Any]:
    """Lists leave out the rate of a transfer, and no answer names its currency: at a rate of 1 it
    is the organisation's, else nothing more is known of it."""
    rate = number(raw.get("CurrencyRate"))
    if rate not in {None, Decimal(1)}:
        return {"base_currency": base}
    return {
        "currency": base,
        "base_currency": base,
        "provider_exchange_rate": AnyOf((None, "1")),
        "exchange_rate_to_base": "1",
        "total_base": amount(raw.get("Amount"), base),
    }


def batch_payment(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a batch. Raises UnreadableBooks."""
    status = known(_BATCH_STATUSES, raw.get("Status"))
    currency = text((raw.get("Account") or {}).get("CurrencyCode"))
    return {
        **identity(setting, "batch_payment", str(guid(raw["BatchPaymentID"]))),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
        "direction": known(_BATCH_DIRECTIONS, raw.get("Type")),
        "date": iso(day(raw.get("Date"))),
        "account": account_of(raw.get("Account"), setting),
        "currency": currency,
        "base_currency": setting.base_currency,
        "amount": amount(raw.get("TotalAmount"), currency),
        "reference": text(raw.get("Reference")),
        "payments": _batched(raw, setting, currency),
        "is_reconciled": flag(raw.get("IsReconciled")),
        "extensions": {
            "xero": {
                "particulars": text(raw.get("Particulars")),
                "code": text(raw.get("Code")),
                "details": text(raw.get("Details")),
                "narrative": text(raw.get("Narrative")),
            }
        },
    }


def account_of(held: Any, setting: Setting) -> dict[str, Any] | None:
    """A reference to an account that stands as an object."""
    account = held or {}
    by_id = ref(setting.tenant, "account", guid(account.get("AccountID")))
    return by_id or code_ref(text(account.get("Code")))


def _head(raw: Raw, setting: Setting, remote_id: str) -> dict[str, Any]:
    status = known(_STATUSES, raw.get("Status"))
    return {
        **identity(setting, "transaction", remote_id),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
        "date": iso(day(raw.get("Date"))),
        "number": None,
        "reference": text(raw.get("Reference")),
        "has_attachments": flag(raw.get("HasAttachments")),
        "extensions": {},
    }


def _linked(raw: Raw, setting: Setting) -> dict[str, Any] | None:
    for resource, key in (("prepayment", "PrepaymentID"), ("overpayment", "OverpaymentID")):
        made = ref(setting.tenant, resource, guid(raw.get(key)))
        if made is not None:
            return {"resource": resource, "ref": made}
    return None


def _side(raw: Raw, setting: Setting, side: str, direction: str) -> dict[str, Any]:
    return {
        "direction": direction,
        "ref": ref(setting.tenant, "transaction", guid(raw.get(f"{side}BankTransactionID"))),
        "account": account_of(raw.get(f"{side}BankAccount"), setting),
        "is_reconciled": flag(raw.get(f"{side}IsReconciled")),
        "tracking": tracking(raw.get(f"{side}Tracking"), setting.tenant),
    }


def _batched(raw: Raw, setting: Setting, bank_currency: str | None) -> Bag:
    found = []
    for paid in raw.get("Payments") or ():
        document = paid.get("Invoice") or {}
        currency = currency_of(document, setting.base_currency)
        found.append(
            {
                "id": guid(paid["PaymentID"]),
                "ref": ref(setting.tenant, "payment", guid(paid["PaymentID"])),
                "applied_to": [
                    {
                        "resource": "invoice",
                        "ref": ref(setting.tenant, "invoice", guid(document.get("InvoiceID"))),
                        "amount": amount(paid.get("Amount"), currency),
                    }
                ],
                "currency": currency,
                "amount": amount(paid.get("Amount"), currency),
                "bank_amount": amount(paid.get("BankAmount"), bank_currency),
                "reference": text(paid.get("Reference")),
            }
        )
    return Bag(found, lambda paid: str(paid.get("id")))
