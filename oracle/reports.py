"""What snapshots of reports should say, and the balances of accounts that follow from them.

Source in words: Xero's "Reports" page and its examples. A row is about whatever the attributes of
its cells name; numbers stand in cells as texts; the first row names the columns. A report is kept
where somebody asked for it, so that none has to be there; accounts' balances are those of the
trial balance, where that is kept.
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from oracle.books import TenantBooks
from oracle.common import Setting, identity, ref, removed
from oracle.difference import Difference, Subject
from oracle.inputs import MirrorRow
from oracle.match import Number
from oracle.parties import known
from oracle.wire import text

Raw = Mapping[str, Any]

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AgedPayablesByContact": "aged_payables",
        "AgedReceivablesByContact": "aged_receivables",
        "BalanceSheet": "balance_sheet",
        "BankSummary": "bank_summary",
        "BudgetSummary": "budget_summary",
        "ExecutiveSummary": "executive_summary",
        "ProfitAndLoss": "profit_and_loss",
        "TrialBalance": "trial_balance",
    }
)
_ROW_KINDS = {"Section": "section", "Row": "line", "SummaryRow": "summary"}
_FIGURE = re.compile(r"-?\d[\d,]*(\.\d+)?%?")
_DAY = re.compile(r"(\d{1,2}) (\w{3}) (\d{4})")
_MONTH = re.compile(r"(\w{3})[ -](\d{4}|\d{2})")
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_NO_ACCOUNT = "00000000-0000-0000-0000-000000000000"
_UNITS = {"MONTH": "month", "QUARTER": "quarter", "YEAR": "year",
          "1": "month", "3": "quarter", "12": "year"}  # fmt: skip
#: Columns of a report's last sums, by what they are called.
_SUMS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "trial_balance": {"debit": 3, "credit": 4},
        "bank_summary": {"opening": 1, "received": 2, "spent": 3, "closing": 4},
        "aged_receivables": {"billed": 4, "paid": 5, "credited": 6, "due": 7},
        "aged_payables": {"billed": 4, "paid": 5, "credited": 6, "due": 7},
    }
)
#: Labels of the sums in reports of Xero's own layout, which the simulator has in English: ours are
#: worked out from the types of accounts, so that they must come to the same.
_LABELLED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "profit_and_loss": {
            "income": "Total Income",
            "cost_of_sales": "Total Cost of Sales",
            "gross_profit": "Gross Profit",
            "other_income": "Total Other Income",
            "expenses": "Total Operating Expenses",
            "net_profit": "Net Profit",
        },
        "balance_sheet": {
            "assets": "Total Assets",
            "liabilities": "Total Liabilities",
            "net_assets": "Net Assets",
            "equity": "Total Equity",
        },
    }
)
_TOTALS = (
    "income", "other_income", "cost_of_sales", "gross_profit", "expenses", "net_profit", "assets",
    "liabilities", "equity", "net_assets", "debit", "credit", "opening", "received", "spent",
    "closing", "billed", "paid", "credited", "due",
)  # fmt: skip


def report(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a snapshot taken now. Raises UnreadableBooks."""
    asked: Mapping[str, str] = raw["Asked"]
    kind = KINDS[str(raw["AskedID"]).partition(":")[0]]
    head, *rows = raw["Rows"]
    return {
        **identity(setting, "report", str(raw["AskedID"])),
        **removed(None),
        "merged_into": None,
        "status": None,
        "remote_status": None,
        "extensions": {},
        "type": kind,
        "name": text(raw.get("ReportName")),
        "title_lines": list(raw["ReportTitles"]),
        "parameters": _parameters(asked, setting),
        "currency": setting.base_currency,
        "columns": [_column(n, cell.get("Value") or "") for n, cell in enumerate(head["Cells"])],
        "rows": [_row(each, setting) for each in rows],
        "totals": _totals(kind, rows),
    }


def is_settled(record: Mapping[str, Any]) -> bool:
    """Whether a record is a report about a contact who owes and is owed nothing: books show the
    aged reports of those alone with whom something is open."""
    due = (record.get("totals") or {}).get("due") if record.get("resource") == "report" else None
    return due is not None and Decimal(due) == 0


def check_balances(
    books: Mapping[str, TenantBooks],
    mirror: Mapping[tuple[str, str, str], MirrorRow],
    today: Mapping[str, date],
) -> Iterator[Difference]:
    """Every account holds what the trial balance of the books says, where the mirror keeps that;
    else nothing."""
    for tenant in today:
        raw = books[tenant].held["report"].get("TrialBalance") if tenant in books else None
        kept = mirror.get((tenant, "report", "TrialBalance"))
        held = {} if raw is None else dict(_held(raw["Rows"]))
        for (owner, resource, remote_id), row in mirror.items():
            if owner != tenant or resource != "account" or row.record.get("is_deleted"):
                continue
            found = row.record.get("current_balance")
            if kept is None or raw is None:
                if found is not None:
                    yield Subject(tenant, resource, remote_id).differs(
                        "wrong_value", "current_balance", expected=None, found=found
                    )
                continue
            above = row.record.get("classification") in {"asset", "expense"}
            balance = held.get(remote_id, Decimal(0)) * (1 if above else -1)
            if found is None or Decimal(found) != balance:
                yield Subject(tenant, resource, remote_id).differs(
                    "wrong_value", "current_balance", expected=balance, found=found
                )


def _held(rows: list[Raw]) -> Iterator[tuple[str, Decimal]]:
    """Each account's debits less credits, of the columns that hold balances."""
    for row in rows:
        yield from _held(row.get("Rows") or [])
        cells = row.get("Cells") or []
        account = _marked(cells, "account")
        if row["RowType"] == "Row" and account is not None:
            debit, credit = (Decimal(cells[at]["Value"] or 0) for at in (3, 4))
            yield account, debit - credit


def _parameters(asked: Mapping[str, str], setting: Setting) -> dict[str, Any]:
    return {
        "start_date": asked.get("fromDate"),
        "end_date": asked.get("toDate"),
        "as_of": asked.get("date"),
        "periods": int(asked["periods"]) if "periods" in asked else None,
        "period_unit": known(_UNITS, asked.get("timeframe")),
        "contact": ref(setting.tenant, "contact", asked.get("contactId")),
        "basis": "accrual",
        "layout": "standard" if "standardLayout" in asked else None,
    }


def _column(number: int, label: str) -> dict[str, Any]:
    start = end = None
    day, month = _DAY.fullmatch(label), _MONTH.fullmatch(label)
    if day:
        end = date(int(day[3]), _MONTHS[day[2]], int(day[1])).isoformat()
    elif month and month[1] in _MONTHS:
        year = int(month[2]) + (2000 if len(month[2]) == 2 else 0)
        last = calendar.monthrange(year, _MONTHS[month[1]])[1]
        start = date(year, _MONTHS[month[1]], 1).isoformat()
        end = date(year, _MONTHS[month[1]], last).isoformat()
    return {"key": f"c{number}", "label": label or None, "period_start": start, "period_end": end}


def _row(raw: Raw, setting: Setting) -> dict[str, Any]:
    cells = raw.get("Cells") or []
    account, document = _marked(cells, "account"), _marked(cells, "invoiceid")
    named = [cell["Value"] for cell in cells if _names(cell["Value"])]
    figures = [_figure(cell["Value"]) for cell in cells]
    owed = next((each for each in reversed(figures) if each is not None), None)
    is_credit = owed is not None and owed.value < 0
    about = ref(setting.tenant, "invoice", document)
    if about is not None and is_credit:
        about = {"id": None, "remote_id": document}
    return {
        "kind": _ROW_KINDS[raw["RowType"]],
        "label": text(raw.get("Title")) or (named[0] if named else None),
        "account": ref(setting.tenant, "account", account),
        "document": about,
        "cells": [
            {"column": f"c{n}", "value": figure, "text": text(cell["Value"])}
            for n, (cell, figure) in enumerate(zip(cells, figures, strict=True))
        ],
        "rows": [_row(each, setting) for each in raw.get("Rows") or []],
    }


def _totals(kind: str, rows: list[Raw]) -> dict[str, Any]:
    found: dict[str, Number | None] = dict.fromkeys(_TOTALS)
    flat = list(_flat(rows))
    sums = [each for each in flat if each["RowType"] == "SummaryRow"]
    for name, at in _SUMS.get(kind, {}).items():
        found[name] = _figure(sums[-1]["Cells"][at]["Value"])
    for name, label in _LABELLED.get(kind, {}).items():
        named = [each for each in flat if each["Cells"][0]["Value"] == label]
        found[name] = _figure(named[0]["Cells"][1]["Value"]) if named else Number(Decimal(0))
    return found


def _flat(rows: list[Raw]) -> Iterator[Raw]:
    for row in rows:
        if row["RowType"] != "Section":
            yield row
        yield from _flat(row.get("Rows") or [])


def _marked(cells: list[Raw], name: str) -> str | None:
    """The id of what a row is about."""
    for cell in cells:
        for mark in cell.get("Attributes") or []:
            said = str(mark["Id"]).lower()
            if said == name or (name == "account" and said == "accountid"):
                found = str(mark["Value"]).lower()
                return None if found in {"", _NO_ACCOUNT} else found
    return None


def _names(value: str) -> bool:
    return bool(value) and not _FIGURE.fullmatch(value) and not value.endswith("T00:00:00")


def _figure(value: str | None) -> Number | None:
    if not value or not _FIGURE.fullmatch(value):
        return None
    return Number(Decimal(value.rstrip("%").replace(",", "")))
