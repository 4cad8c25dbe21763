"""What reports say beyond their rows: what was asked for, totals by account type, balances.

A report is read by a question of ours, which its answer does not repeat. So the reader puts the
question beside the answer, under the keys below; they are no keys of Xero's.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from unified.codecs import Codec, Scope
from unified.model import Amount, Day, OneOf, Part, Ref
from unified.money import amount_text
from unified.refs import make_ref
from unified.report_rows import lines_of, read_rows, value_at

ASKED_ID: Final = "AskedID"  #: the remote id: the report's name, and the contact it is about
ASKED: Final = "Asked"  #: the parameters of the call
ACCOUNT_TYPES: Final = "AskedAccountTypes"  #: unified types of the mirror's accounts, by remote id

Raw = Mapping[str, Any]
Totals = Callable[[list[dict[str, Any]], Mapping[str, str]], dict[str, Decimal]]

_INCOME: Final = frozenset({"revenue", "sales"})
_OTHER: Final = frozenset({"other_income"})
_COSTS: Final = frozenset({"cost_of_sales"})
_EXPENSES: Final = frozenset({"expense", "overhead", "depreciation"})
_ASSETS: Final = frozenset(
    {"bank", "credit_card", "current_asset", "inventory", "prepayment", "fixed_asset",
     "non_current_asset"}
)  # fmt: skip
_LIABILITIES: Final = frozenset(
    {"current_liability", "liability", "non_current_liability", "payroll_tax_liability"}
)


class ReportParameters(Part):
    """What the report was asked for; null where that kind of report has no such thing."""

    start_date: Day | None
    end_date: Day | None
    as_of: Day | None
    periods: int | None
    period_unit: Annotated[str, OneOf("month", "quarter", "year")] | None
    contact: Ref | None
    basis: Annotated[str, OneOf("accrual", "cash")]
    layout: Annotated[str, OneOf("standard", "organisation")] | None


class ReportTotals(Part):
    """Named figures of the report's first period; null where the report has no such figure, or an
    account in it is not known."""

    income: Amount | None
    other_income: Amount | None
    cost_of_sales: Amount | None
    gross_profit: Amount | None
    expenses: Amount | None
    net_profit: Amount | None
    assets: Amount | None
    liabilities: Amount | None
    equity: Amount | None
    net_assets: Amount | None
    debit: Amount | None
    credit: Amount | None
    opening: Amount | None
    received: Amount | None
    spent: Amount | None
    closing: Amount | None
    billed: Amount | None
    paid: Amount | None
    credited: Amount | None
    due: Amount | None


_NAMES: Final = tuple(ReportTotals.model_fields)
_UNITS: Final = {"MONTH": "month", "QUARTER": "quarter", "YEAR": "year",
                 "1": "month", "3": "quarter", "12": "year"}  # fmt: skip


# --- asking --------------------------------------------------------------------------------------


def month_of(today: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    first = today.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def asked_year(_remote_id: str, today: date) -> dict[str, str]:
    """A month and the eleven before it, in Xero's own layout."""
    first, last = month_of(today)
    return {"fromDate": first.isoformat(), "toDate": last.isoformat(), "periods": "11",
            "timeframe": "MONTH", "standardLayout": "true"}  # fmt: skip


def asked_sheet(_remote_id: str, today: date) -> dict[str, str]:
    """The end of a month, in Xero's own layout."""
    return {"date": month_of(today)[1].isoformat(), "standardLayout": "true"}


def asked_today(_remote_id: str, today: date) -> dict[str, str]:
    """A day."""
    return {"date": today.isoformat()}


def asked_month(_remote_id: str, today: date) -> dict[str, str]:
    """A month."""
    first, last = month_of(today)
    return {"fromDate": first.isoformat(), "toDate": last.isoformat()}


def asked_plan(_remote_id: str, today: date) -> dict[str, str]:
    """A month and the eleven after it."""
    return {"date": month_of(today)[0].isoformat(), "periods": "12", "timeframe": "1"}


def asked_contact(remote_id: str, today: date) -> dict[str, str]:
    """A contact, on a day."""
    return {"contactId": remote_id.partition(":")[2], "date": today.isoformat()}


# --- reading ------------------------------------------------------------------------------------


def read_parameters(raw: Raw, scope: Scope) -> dict[str, Any]:
    """Our question in unified words."""
    asked: Mapping[str, str] = raw.get(ASKED) or {}
    layout = asked.get("standardLayout")
    return {
        "start_date": asked.get("fromDate"),
        "end_date": asked.get("toDate"),
        "as_of": asked.get("date"),
        "periods": int(asked["periods"]) if "periods" in asked else None,
        "period_unit": _UNITS.get(asked.get("timeframe", "")),
        "contact": make_ref(scope, "contact", asked.get("contactId")),
        "basis": "cash" if asked.get("paymentsOnly") == "true" else "accrual",
        "layout": None if layout is None else "standard" if layout == "true" else "organisation",
    }


def profit_totals(rows: list[dict[str, Any]], types: Mapping[str, str]) -> dict[str, Decimal]:
    """Income and costs of the first period; nothing where an account's type is not known."""
    sums = _by_type(rows, types)
    if sums is None:
        return {}
    income, other, costs, expenses = (
        _sum(sums, kinds) for kinds in (_INCOME, _OTHER, _COSTS, _EXPENSES)
    )
    return {
        "income": income,
        "other_income": other,
        "cost_of_sales": costs,
        "gross_profit": income - costs,
        "expenses": expenses,
        "net_profit": income - costs + other - expenses,
    }


def sheet_totals(rows: list[dict[str, Any]], types: Mapping[str, str]) -> dict[str, Decimal]:
    """What is owned and owed; equity is what is left, by definition."""
    sums = _by_type(rows, types)
    if sums is None:
        return {}
    assets, owed = _sum(sums, _ASSETS), _sum(sums, _LIABILITIES)
    return {
        "assets": assets, "liabilities": owed, "equity": assets - owed, "net_assets": assets - owed
    }  # fmt: skip


def last_sums(**columns: int) -> Totals:
    """A reader of totals from the report's last line of sums: names and their columns."""

    def totals(rows: list[dict[str, Any]], _types: Mapping[str, str]) -> dict[str, Decimal]:
        sums = [row for row in lines_of(rows) if row["kind"] == "summary"]
        found = {name: value_at(sums[-1], at) for name, at in columns.items()} if sums else {}
        return {name: value for name, value in found.items() if value is not None}

    return totals


def no_totals(_rows: list[dict[str, Any]], _types: Mapping[str, str]) -> dict[str, Decimal]:
    """A report of ratios, or of plans."""
    return {}


def totals_codec(read: Totals) -> Codec:
    """Totals as `read` finds them in the rows, given the types of accounts."""

    def decode(raw: Raw, scope: Scope) -> dict[str, Any]:
        quiet = replace(scope, drift=[])  # the rows have been read before, and told what is new
        from_rows = read(read_rows(raw.get("Rows"), quiet), raw.get(ACCOUNT_TYPES) or {})
        texts = {name: amount_text(value, scope.base_digits) for name, value in from_rows.items()}
        return {name: texts.get(name) for name in _NAMES}

    return Codec(decode)


def balances(record: Mapping[str, Any]) -> dict[str, Decimal]:
    """What each account of a trial balance holds, debits above zero, by the account's remote id:
    the year's columns, which hold balances."""
    found: dict[str, Decimal] = {}
    for row in lines_of(record["rows"]):
        if row["kind"] == "line" and row["account"] is not None:
            debit, credit = (value_at(row, at) or Decimal(0) for at in (3, 4))
            found[row["account"]["remote_id"]] = debit - credit
    return found


def _by_type(
    rows: list[dict[str, Any]], types: Mapping[str, str]
) -> list[tuple[str, Decimal]] | None:
    """The first period's figure of each account with its type; None where one is not known."""
    found = []
    for row in lines_of(rows):
        if row["kind"] == "line" and row["account"] is not None:
            kind, value = types.get(row["account"]["remote_id"]), value_at(row, 1)
            if kind is None or value is None:
                return None
            found.append((kind, value))
    return found


def _sum(sums: list[tuple[str, Decimal]], kinds: frozenset[str]) -> Decimal:
    return sum((value for kind, value in sums if kind in kinds), Decimal(0))
