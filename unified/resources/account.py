"""Accounts: the chart of accounts, bank accounts among them.

Balances are no part of an account at Xero: they come from snapshots of the trial balance, where
such are taken, and show as balance sheets do: what is owed and what was earned above zero.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from unified.codecs import FLAG, TEXT, Codec, Scope, choice, flag, read_currency, read_text
from unified.commands import creates, moves, removes, updates
from unified.model import Amount, BankDetail, Currency, Instant, Label, OneOf, Part, Record, Ref
from unified.parts import id_ref, left_over
from unified.resource import Endpoint, Pace, Resource
from unified.shape import Constant, Derived, Field, Shape

_TYPES: Final = {
    "BANK": "bank",
    "CURRENT": "current_asset",
    "INVENTORY": "inventory",
    "PREPAYMENT": "prepayment",
    "FIXED": "fixed_asset",
    "NONCURRENT": "non_current_asset",
    "CURRLIAB": "current_liability",
    "LIABILITY": "liability",
    "TERMLIAB": "non_current_liability",
    "PAYG": "payroll_tax_liability",
    "EQUITY": "equity",
    "REVENUE": "revenue",
    "SALES": "sales",
    "OTHERINCOME": "other_income",
    "DIRECTCOSTS": "cost_of_sales",
    "EXPENSE": "expense",
    "OVERHEADS": "overhead",
    "DEPRECIATN": "depreciation",
}
_CREDIT_CARD: Final = "credit_card"
_TYPE: Final = choice("Account.Type", _TYPES)
_WRITTEN_TYPES: Final = {**{ours: xero for xero, ours in _TYPES.items()}, _CREDIT_CARD: "BANK"}
_CLASS: Final = choice(
    "Account.Class",
    {
        "ASSET": "asset",
        "LIABILITY": "liability",
        "EQUITY": "equity",
        "REVENUE": "revenue",
        "EXPENSE": "expense",
    },
)
_STATUS: Final = choice(
    "Account.Status",
    {"ACTIVE": "active", "ARCHIVED": "archived", "DELETED": "deleted", "PENDING": "pending"},
    written={"active": "ACTIVE", "archived": "ARCHIVED"},  # deleting is a call of its own
)
_KIND: Final = choice(
    "Account.BankAccountType",
    {"BANK": "bank", "CREDITCARD": _CREDIT_CARD, "PAYPAL": "paypal", "NONE": "other"},
    written={"bank": "BANK", _CREDIT_CARD: "CREDITCARD", "paypal": "PAYPAL"},
)
_SYSTEM_ROLES: Final = {
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
_SYSTEM_ROLE: Final = choice("Account.SystemAccount", _SYSTEM_ROLES)


# --- codecs of this resource alone -------------------------------------------------------------


def _read_type(raw: Mapping[str, Any], scope: Scope) -> str | None:
    found: str | None = _TYPE.decode(raw.get("Type"), scope)
    if found == "bank" and _kind_key(raw) == "CREDITCARD":
        return _CREDIT_CARD
    return found


def _write_type(value: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    written = _WRITTEN_TYPES.get(value)
    return {} if written is None else {"Type": written}


def _is_bank(raw: Mapping[str, Any]) -> bool:
    kind = raw.get("Type")
    return isinstance(kind, str) and kind.upper() == "BANK"


def _kind_key(raw: Mapping[str, Any]) -> str:
    kind = raw.get("BankAccountType")
    return kind.upper() if isinstance(kind, str) else ""


def _read_currency(raw: Mapping[str, Any], scope: Scope) -> str | None:
    # Only bank accounts have a currency of their own (Xero: Accounts).
    return read_currency(raw.get("CurrencyCode"), scope) or scope.base_currency


def _write_currency(value: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    return {"CurrencyCode": value} if record.get("is_bank_account") else {}


_BANK: Final = Shape(
    "Account",
    (
        # Xero has no bank account without one (Xero: Accounts).
        Field("number", "BankAccountNumber", TEXT, write=True, lasting=True),
        Field("kind", "BankAccountType", _KIND, write=True),
        Field("remote_kind", ("BankAccountType",), left_over("BankAccountType", _KIND)),
    ),
    partial=True,
)


def _read_bank(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    # Xero sends empty bank keys on other accounts too.
    return _BANK.decode(raw, scope) if _is_bank(raw) else None


# --- derived fields ---------------------------------------------------------------------------


def _derive(record: dict[str, Any]) -> None:
    record["is_bank_account"] = (record["remote_type"] or "").upper() == "BANK"


def _removed_as(record: Mapping[str, Any]) -> str | None:
    return "deleted" if record["status"] == "deleted" else None


def _written(_record: Mapping[str, Any], whole: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Details or status: Xero refuses both in one request (Xero: Accounts)."""
    body = whole()
    if body.keys() - {"AccountID", "Status"}:
        body.pop("Status", None)
    return body


# --- schema ------------------------------------------------------------------------------------


class BankAccount(Part):
    """What only accounts at a bank, of a card or of PayPal have."""

    number: BankDetail | None
    kind: Annotated[str, OneOf("bank", "credit_card", "paypal", "other")] | None
    remote_kind: str | None


class Account(Record):
    """One account of the chart."""

    code: str | None
    name: Label | None
    description: str | None
    classification: (
        Annotated[str, OneOf("asset", "liability", "equity", "revenue", "expense")] | None
    )
    remote_classification: str | None
    type: Annotated[str, OneOf(*dict.fromkeys((*_TYPES.values(), _CREDIT_CARD)))] | None
    remote_type: str | None
    currency: Currency | None
    is_bank_account: bool
    bank_account: BankAccount | None
    default_tax_rate: Ref | None
    accepts_payments: bool | None
    show_in_expense_claims: bool | None
    system_role: Annotated[str, OneOf(*dict.fromkeys(_SYSTEM_ROLES.values()))] | None
    remote_system_role: str | None
    reporting_code: str | None
    reporting_name: str | None
    is_watchlisted: bool | None
    current_balance: Amount | None
    balance_as_of: Instant | None
    parent_account: Ref | None
    has_attachments: bool | None


ACCOUNT: Final = Resource(
    name="account",
    plural="accounts",
    topic_part="accounts",
    space="accounting",
    model=Account,
    endpoint=Endpoint(
        path="Accounts",
        item_key="Accounts",
        id_key="AccountID",
        modified_since=True,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.settings",
        scope_broad="accounting.settings",
        # A chart changes when a bookkeeper sets something up; lines that use a new account say so
        # by their own events, but its name is wanted the same day.
        pace=Pace(changes_per_hour=0.003, longest=timedelta(hours=12)),
    ),
    webhook_category=None,
    gone_status="deleted",
    created_key="CreatedDateUTC",
    derive=_derive,
    removed_as=_removed_as,
    written=_written,
    operations=(
        creates("an account", bare=True),
        updates("the details of an account"),
        moves(
            "archive",
            "Archive an account, which keeps what is booked on it",
            word="ARCHIVED",
            becomes="archived",
            legal_in=("active",),
            ends="archived",
        ),
        moves(
            "restore",
            "Make an archived account active again",
            word="ACTIVE",
            becomes="active",
            legal_in=("archived",),
        ),
        removes("Delete an account that nothing uses; used ones can be archived"),
    ),
    required=("name", "type"),
    fields=(
        Field("status", "Status", _STATUS, write=True),
        Field("remote_status", "Status", TEXT),
        Field("code", "Code", TEXT, write=True),
        Field("name", "Name", TEXT, write=True),
        Field("description", "Description", TEXT, write=True),
        Field("classification", "Class", _CLASS),
        Field("remote_classification", ("Class",), left_over("Class", _CLASS)),
        Field("type", ("Type", "BankAccountType"), Codec(_read_type, _write_type), write=True),
        Field("remote_type", "Type", TEXT),
        Field("currency", ("CurrencyCode",), Codec(_read_currency, _write_currency), write=True),
        Derived("is_bank_account"),
        Field(
            "bank_account",
            ("Type", "BankAccountNumber", "BankAccountType"),
            Codec(_read_bank, lambda value, _record: _BANK.encode(value), inside=_BANK.entries),
            write=True,
        ),
        Field("default_tax_rate", "TaxType", id_ref("tax_rate", read_text), write=True),
        Field("accepts_payments", "EnablePaymentsToAccount", FLAG, write=True),
        Field("show_in_expense_claims", "ShowInExpenseClaims", FLAG, write=True),
        Field("system_role", "SystemAccount", _SYSTEM_ROLE),
        Field("remote_system_role", ("SystemAccount",), left_over("SystemAccount", _SYSTEM_ROLE)),
        Field("reporting_code", "ReportingCode", TEXT, write=True),
        Field("reporting_name", "ReportingCodeName", TEXT),
        Field("is_watchlisted", "AddToWatchlist", FLAG, write=True, cosmetic=True),
        Derived("current_balance"),
        Derived("balance_as_of", volatile=True),
        Constant("parent_account"),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    ignored=("ValidationErrors", "StatusAttributeString", "Warnings", "Attachments"),
)
