"""How Xero writes a report: rows of cells, titles in free text, amounts as texts.

Source: Xero's "Reports" page and its examples. What stands in the cells is decided by the reports.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from simulator.amounts import cents
from simulator.ledger import Ledger
from simulator.wire import ms_instant_bare, to_ms

Wire = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """A report before it is written out. `kind` is the last part of its address."""

    kind: str
    name: str
    titles: Sequence[str]
    rows: Sequence[Wire]


def wire(ledger: Ledger, report: Report) -> Wire:
    """The report as Xero shows it."""
    return {
        "ReportID": report.kind,
        "ReportName": report.name,
        "ReportType": report.kind,
        "ReportTitles": list(report.titles),
        "ReportDate": long_day(ledger.today()),
        "UpdatedDateUTC": ms_instant_bare(to_ms(ledger.clock())),
        "Fields": [],
        "Rows": list(report.rows),
    }


def header(*labels: str) -> Wire:
    """The first row, which names the columns."""
    return {"RowType": "Header", "Cells": [{"Value": label} for label in labels]}


def section(title: str, rows: Sequence[Wire] = ()) -> Wire:
    """A titled group of rows."""
    return {"RowType": "Section", "Title": title, "Rows": list(rows)}


def row(values: Iterable[str], **about: str) -> Wire:
    """A row of cells, each of which says what it is about: `account` and an account's id."""
    marks = [{"Value": value, "Id": name} for name, value in about.items()]
    return {"RowType": "Row", "Cells": [_cell(value, marks) for value in values]}


def summary(values: Iterable[str]) -> Wire:
    """A row that sums up those above it."""
    return {"RowType": "SummaryRow", "Cells": [_cell(value, []) for value in values]}


def money(amount: Decimal) -> str:
    """An amount in a cell: two decimals, and no negative zero."""
    rounded = cents(amount)
    return f"{rounded if rounded else abs(rounded):f}"


def percent(part: Decimal, whole: Decimal) -> str:
    """A share in a cell, with one decimal; none of nothing."""
    return f"{part / whole * 100:.1f}%" if whole else ""


def short_day(day: date) -> str:
    """A day at the head of a column: `30 Apr 2019`."""
    return f"{day.day} {day:%b %Y}"


def long_day(day: date) -> str:
    """A day in a title: `30 April 2019`."""
    return f"{day.day} {day:%B %Y}"


def _cell(value: str, marks: Sequence[Mapping[str, str]]) -> Wire:
    cell: Wire = {"Value": value}
    if marks:
        cell["Attributes"] = [dict(mark) for mark in marks]
    return cell
