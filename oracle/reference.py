"""What the records of accounts, tax rates, items, tracking and currencies should say.

Source in words: Xero's pages of each, and ISO 4217 for minor units. A tax rate is known by its
TaxType, a currency by its code. Items and currencies have no status at Xero: what is there is
active.
"""

from collections.abc import Mapping
from typing import Any

from oracle.common import Setting, code_ref, flag, identity, ref, removed
from oracle.ids import thing_id
from oracle.match import Bag
from oracle.money import amount, minor_digits, quantity
from oracle.parties import known
from oracle.wire import guid, instant, text

_STATUSES = {
    "ACTIVE": "active",
    "ARCHIVED": "archived",
    "DELETED": "deleted",
    "PENDING": "pending",
}
_TYPES = {
    "BANK": "bank",
    "CURRENT": "current_asset",
    "CURRLIAB": "current_liability",
    "DEPRECIATN": "depreciation",
    "DIRECTCOSTS": "cost_of_sales",
    "EQUITY": "equity",
    "EXPENSE": "expense",
    "FIXED": "fixed_asset",
    "INVENTORY": "inventory",
    "LIABILITY": "liability",
    "NONCURRENT": "non_current_asset",
    "OTHERINCOME": "other_income",
    "OVERHEADS": "overhead",
    "PAYG": "payroll_tax_liability",
    "PREPAYMENT": "prepayment",
    "REVENUE": "revenue",
    "SALES": "sales",
    "TERMLIAB": "non_current_liability",
}
_CLASSES = {name.upper(): name for name in ("asset", "liability", "equity", "revenue", "expense")}
_KINDS = {"BANK": "bank", "CREDITCARD": "credit_card", "PAYPAL": "paypal", "NONE": "other"}
_ROLES = {
    "DEBTORS": "debtors",
    "CREDITORS": "creditors",
    "GST": "sales_tax",
    "GSTONIMPORTS": "sales_tax_on_imports",
    "HISTORICAL": "historical_adjustment",
    "RETAINEDEARNINGS": "retained_earnings",
    "ROUNDING": "rounding",
    "TRACKINGTRANSFERS": "tracking_transfers",
    "UNPAIDEXPCLM": "unpaid_expense_claims",
    "WAGEPAYABLES": "wages_payable",
    "BANKCURRENCYGAIN": "bank_fx",
    "REALISEDCURRENCYGAIN": "realised_fx",
    "UNREALISEDCURRENCYGAIN": "unrealised_fx",
    "CISASSETS": "cis_assets",
    "CISASSET": "cis_assets",
    "CISLABOUR": "cis_labour",
    "CISLABOUREXPENSE": "cis_labour_expense",
    "CISLABOURINCOME": "cis_labour_income",
    "CISLIABILITY": "cis_liability",
    "CISMATERIALS": "cis_materials",
}
_APPLIES = {
    "Assets": "asset",
    "Equity": "equity",
    "Expenses": "expense",
    "Liabilities": "liability",
    "Revenue": "revenue",
}

Raw = Mapping[str, Any]


def account(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of an account. Raises UnreadableBooks."""
    is_bank = raw.get("Type") == "BANK"
    kind = known(_KINDS, raw.get("BankAccountType"))
    card = is_bank and kind == "credit_card"
    return {
        **identity(setting, "account", str(guid(raw["AccountID"]))),
        **_with_status(raw),
        "extensions": {},
        "created_at": instant(raw.get("CreatedDateUTC")),
        "code": text(raw.get("Code")),
        "name": text(raw.get("Name")),
        "description": text(raw.get("Description")),
        "classification": known(_CLASSES, raw.get("Class")),
        "type": "credit_card" if card else known(_TYPES, raw.get("Type")),
        "remote_type": text(raw.get("Type")),
        "currency": text(raw.get("CurrencyCode")) or setting.base_currency,
        "is_bank_account": is_bank,
        "bank_account": (
            {"number": text(raw.get("BankAccountNumber")), "kind": kind} if is_bank else None
        ),
        "default_tax_rate": ref(setting.tenant, "tax_rate", text(raw.get("TaxType"))),
        "accepts_payments": flag(raw.get("EnablePaymentsToAccount")),
        "show_in_expense_claims": flag(raw.get("ShowInExpenseClaims")),
        "system_role": known(_ROLES, raw.get("SystemAccount")),
        "reporting_code": text(raw.get("ReportingCode")),
        "reporting_name": text(raw.get("ReportingCodeName")),
        "is_watchlisted": flag(raw.get("AddToWatchlist")),
        "parent_account": None,
        "has_attachments": flag(raw.get("HasAttachments")),
    }


def tax_rate(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a tax rate. Raises UnreadableBooks."""
    tax_type = str(raw["TaxType"])
    applies = [name for key, name in _APPLIES.items() if raw.get(f"CanApplyTo{key}") is True]
    return {
        **identity(setting, "tax_rate", tax_type),
        **_with_status(raw),
        "extensions": {},
        "code": tax_type,
        "name": text(raw.get("Name")),
        "effective_rate": quantity(raw.get("EffectiveRate")),
        "display_rate": quantity(raw.get("DisplayTaxRate")),
        "components": [
            {
                "name": text(held.get("Name")),
                "rate": quantity(held.get("Rate")),
                "is_compound": held.get("IsCompound") is True,
                "is_non_recoverable": held.get("IsNonRecoverable") is True,
            }
            for held in raw.get("TaxComponents") or ()
        ],
        "applies_to": frozenset(applies),
        "report_tax_type": text(raw.get("ReportTaxType")),
        "direction": _direction(applies, text(raw.get("ReportTaxType")) or tax_type),
    }


def item(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of an item. Raises UnreadableBooks."""
    tracked = raw.get("IsTrackedAsInventory")
    kept = "inventory" if tracked is True else "non_inventory"
    return {
        **identity(setting, "item", str(guid(raw["ItemID"]))),
        **_unmarked(),
        "code": text(raw.get("Code")),
        "name": text(raw.get("Name")),
        "description": text(raw.get("Description")),
        "purchase_description": text(raw.get("PurchaseDescription")),
        "type": "unknown" if tracked is None else kept,
        "is_sold": flag(raw.get("IsSold")),
        "is_purchased": flag(raw.get("IsPurchased")),
        "sales": _side(raw.get("SalesDetails"), setting),
        "purchase": _side(raw.get("PurchaseDetails"), setting),
        "inventory_account": code_ref(text(raw.get("InventoryAssetAccountCode"))),
        "currency": setting.base_currency,
    }


def tracking_category(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a tracking category with its options. Raises UnreadableBooks."""
    return {
        **identity(setting, "tracking_category", str(guid(raw["TrackingCategoryID"]))),
        **_with_status(raw),
        "extensions": {},
        "name": text(raw.get("Name")),
        "kind": "custom",
        "options": Bag(
            [_option(held, setting) for held in raw.get("Options") or ()],
            lambda held: str(held.get("remote_id")),
        ),
        "parent": None,
    }


def currency(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a currency. Raises UnreadableBooks."""
    code = str(raw["Code"])
    return {
        **identity(setting, "currency", code),
        **_unmarked(),
        "code": code,
        "name": text(raw.get("Description")),
        "is_base": code == setting.base_currency,
        "minor_units": minor_digits(code),
    }


def _with_status(raw: Raw) -> dict[str, Any]:
    status = known(_STATUSES, raw.get("Status"))
    return {
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "status": status,
        "remote_status": text(raw.get("Status")),
    }


def _unmarked() -> dict[str, Any]:
    """What has no status at Xero."""
    return {
        **removed(None),
        "merged_into": None,
        "status": "active",
        "remote_status": None,
        "extensions": {},
    }


def _direction(applies: list[str], family: str) -> str:
    """Where a rate is used: on what is sold, bought, both or nothing.

    Revenue accounts tell sales and expense accounts purchases; where both or neither may use it,
    the family of its type decides, if that has one.
    """
    sells, buys = "revenue" in applies, "expense" in applies
    if sells != buys:
        return "sales" if sells else "purchases"
    outgoing, incoming = "OUTPUT" in family, "INPUT" in family or "EXPENSE" in family
    if outgoing != incoming:
        return "sales" if outgoing else "purchases"
    return "both" if sells else "none"


def _side(raw: Raw | None, setting: Setting) -> dict[str, Any] | None:
    if not raw:
        return None
    code = text(raw.get("AccountCode")) or text(raw.get("COGSAccountCode"))
    return {
        "unit_price": amount(raw.get("UnitPrice"), setting.base_currency),
        "account": code_ref(code),
        "tax_rate": ref(setting.tenant, "tax_rate", text(raw.get("TaxType"))),
    }


def _option(raw: Raw, setting: Setting) -> dict[str, Any]:
    remote_id = str(guid(raw["TrackingOptionID"]))
    return {
        "id": thing_id(setting.tenant, "tracking_option", remote_id),
        "remote_id": remote_id,
        "name": text(raw.get("Name")),
        "status": known(_STATUSES, raw.get("Status")),
        "remote_status": None if raw.get("Status") in _STATUSES else text(raw.get("Status")),
    }
