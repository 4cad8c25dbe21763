"""What the records of manual journals should say.

Source in words: Xero's page on manual journals. A line's amount is a debit above zero; it contains
the tax where the journal is inclusive, and the whole journal adds up to zero with it.
"""

from decimal import Decimal
from typing import Any, Final

from oracle.common import Setting, flag, identity, iso, ref, removed
from oracle.documents import MODES, Raw, line_account, tracking
from oracle.match import AnyOf
from oracle.money import amount
from oracle.parties import known
from oracle.wire import day, guid, number, text

_STATUSES: Final = {
    "DRAFT": "draft",
    "POSTED": "posted",
    "VOIDED": "void",
    "DELETED": "deleted",
    "ARCHIVED": "archived",
}

#: What the general ledger books for: our word for it, and what it is to us.
_BOOKED: Final = {
    "ACCREC": ("invoice", "invoice"),
    "ACCPAY": ("bill", "invoice"),
    "ACCRECCREDIT": ("credit_note", "credit_note"),
    "ACCPAYCREDIT": ("credit_note", "credit_note"),
    "ACCRECPAYMENT": ("payment", "payment"),
    "ACCPAYPAYMENT": ("payment", "payment"),
    "ARCREDITPAYMENT": ("payment", "payment"),
    "APCREDITPAYMENT": ("payment", "payment"),
    "ARPREPAYMENT": ("prepayment", "prepayment"),
    "APPREPAYMENT": ("prepayment", "prepayment"),
    "AROVERPAYMENT": ("overpayment", "overpayment"),
    "APOVERPAYMENT": ("overpayment", "overpayment"),
    "CASHREC": ("receive", "transaction"),
    "CASHPAID": ("spend", "transaction"),
    "TRANSFER": ("transfer", "transaction"),
    "MANJOURNAL": ("manual_journal", "journal_entry"),
}


def manual_journal(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record. Raises UnreadableBooks."""
    status = known(_STATUSES, raw.get("Status"))
    on_cash_basis = raw.get("ShowOnCashBasisReports")
    return {
        **identity(setting, "journal_entry", str(guid(raw["ManualJournalID"]))),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
        "extensions": {},
        "kind": "manual",
        "number": None,
        "date": iso(day(raw.get("Date"))),
        "memo": text(raw.get("Narration")),
        "currency": setting.base_currency,
        "tax_mode": known(MODES, raw.get("LineAmountTypes")),
        "lines": _lines(raw, setting),
        "source": None,
        "show_on_cash_basis": AnyOf((True,)) if on_cash_basis is None else bool(on_cash_basis),
        "source_url": text(raw.get("Url")),
        "has_attachments": flag(raw.get("HasAttachments")),
    }


def journal_entry(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of an entry, manual or of the ledger. Raises UnreadableBooks."""
    return ledger_journal(raw, setting) if "JournalID" in raw else manual_journal(raw, setting)


def ledger_journal(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a journal of the general ledger. Raises UnreadableBooks."""
    base = setting.base_currency
    return {
        **identity(setting, "journal_entry", str(guid(raw["JournalID"]))),
        **removed(None),
        "merged_into": None,
        "status": "posted",
        "remote_status": None,
        "extensions": {},
        "kind": "system",
        "number": str(raw["JournalNumber"]),
        "date": iso(day(raw.get("JournalDate"))),
        "memo": text(raw.get("Reference")),
        "currency": base,
        "tax_mode": None,
        "lines": [
            {
                "id": guid(line["JournalLineID"]),
                "line_number": position,
                "side": _side(number(line.get("NetAmount"))),
                "description": text(line.get("Description")),
                "account": line_account(line, setting.tenant),
                "net_amount": amount(line.get("NetAmount"), base),
                "tax_rate": ref(setting.tenant, "tax_rate", text(line.get("TaxType"))),
                "tax_amount": amount(line.get("TaxAmount"), base),
                "gross_amount": amount(line.get("GrossAmount"), base),
                "tracking": tracking(line.get("TrackingCategories"), setting.tenant),
            }
            for position, line in enumerate(raw.get("JournalLines") or (), start=1)
        ],
        "source": _source(raw, setting),
        "show_on_cash_basis": None,
        "source_url": None,
        "has_attachments": None,
    }


def _source(raw: Raw, setting: Setting) -> dict[str, Any] | None:
    kind = text(raw.get("SourceType"))
    if kind is None:
        return None
    ours, resource = _BOOKED[kind]
    return {
        "type": ours,
        "resource": resource,
        "ref": ref(setting.tenant, resource, guid(raw.get("SourceID"))),
        "remote_type": None,
    }


def _lines(raw: Raw, setting: Setting) -> list[dict[str, Any]]:
    inclusive = known(MODES, raw.get("LineAmountTypes")) == "inclusive"
    base = setting.base_currency
    found = []
    for position, line in enumerate(raw.get("JournalLines") or (), start=1):
        value = number(line.get("LineAmount"))
        tax = number(line.get("TaxAmount")) or Decimal(0)
        net = gross = value
        if value is not None:
            net, gross = (value - tax, value) if inclusive else (value, value + tax)
        found.append(
            {
                "id": None,
                "line_number": position,
                "side": _side(value),
                "description": text(line.get("Description")),
                "account": line_account(line, setting.tenant),
                "net_amount": amount(net, base),
                "tax_rate": ref(setting.tenant, "tax_rate", text(line.get("TaxType"))),
                "tax_amount": amount(line.get("TaxAmount"), base),
                "gross_amount": amount(gross, base),
                "tracking": tracking(line.get("Tracking"), setting.tenant),
            }
        )
    return found


def _side(value: Decimal | None) -> str | None:
    if not value:
        return None
    return "debit" if value > 0 else "credit"
