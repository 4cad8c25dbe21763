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
