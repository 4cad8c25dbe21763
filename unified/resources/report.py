"""Reports: what Xero computes from the books when it is asked, kept as snapshots.

A report has no id and no list at Xero. Ours is its name and, of the aged ones, the contact, so that
one record holds the latest snapshot; when figures of it moved, that is an event. Snapshots are
taken by schedule, which is off until somebody sets it. Aged reports need one contact per call.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from unified.codecs import TEXT, Codec, CodecError, Scope, instant_text, parse_instant
from unified.model import Currency, FreeText, Instant, NoExtensions, OneOf, Record
from unified.money import amount_text, minor_digits
from unified.report_rows import COLUMNS, ROWS, ReportColumn, ReportRow
from unified.reports import (
    ACCOUNT_TYPES,
    ASKED,
    ASKED_ID,
    ReportParameters,
    ReportTotals,
    Totals,
    asked_contact,
    asked_month,
    asked_plan,
    asked_sheet,
    asked_today,
    asked_year,
    balances,
    last_sums,
    no_totals,
    profit_totals,
    read_parameters,
    sheet_totals,
    totals_codec,
)
from unified.resource import Endpoint, Resource, Told
from unified.shape import ALL, Constant, Field

_TYPES: Final = {
    "ProfitAndLoss": "profit_and_loss",
    "BalanceSheet": "balance_sheet",
    "TrialBalance": "trial_balance",
    "BankSummary": "bank_summary",
    "BudgetSummary": "budget_summary",
    "ExecutiveSummary": "executive_summary",
    "AgedReceivablesByContact": "aged_receivables",
    "AgedPayablesByContact": "aged_payables",
}
_DEBIT: Final = frozenset({"asset", "expense"})


def _read_titles(value: Any, _scope: Scope) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise CodecError("not a list of texts")
    return value


def _read_instant(value: Any, _scope: Scope) -> str | None:
    found = parse_instant(value)
    return None if found is None else instant_text(found)


def _balances(record: Mapping[str, Any]) -> Told:
    """What a trial balance says of accounts; one that is not in it holds nothing."""
    held, at = balances(record), record["generated_at"]
    digits = minor_digits(record["currency"])

    def of(account: Mapping[str, Any]) -> dict[str, Any]:
        balance = held.get(account["remote_id"], Decimal(0))
        # As balance sheets show it: what is owed, and what was earned, stands above zero.
        shown = balance if account["classification"] in _DEBIT else -balance
        return {
            "current_balance": amount_text(shown if shown else Decimal(0), digits),
            "balance_as_of": at,
        }

    return Told("account", of)


class Report(Record):
    """A snapshot of a report. Amounts are in `currency`, the organisation's own."""

    extensions: NoExtensions
    type: Annotated[str, OneOf(*_TYPES.values())]
    remote_type: str | None
    name: FreeText | None
    title_lines: list[FreeText]
    parameters: ReportParameters
    currency: Currency | None
    generated_at: Instant | None
    columns: list[ReportColumn]
    rows: list[ReportRow]
    totals: ReportTotals


def _report(
    name: str,
    scope: str,
    asked: Callable[[str, date], Mapping[str, str]],
    totals: Totals,
    *,
    told: Callable[[Mapping[str, Any]], Told] | None = None,
) -> Resource:
    """The source of one kind of report; `name` is the last part of its address."""
    return Resource(
        name="report",
        schema_minor=1,  # a row's own word at Xero
        plural="reports",
        topic_part="reports",
        space="accounting",
        model=Report,
        endpoint=Endpoint(
            path=f"Reports/{name}",
            item_key="Reports",
            id_key=ASKED_ID,
            coded=True,
            modified_since=False,
            page_size=None,
            ids_filter=False,
            where_id_or=False,
            sends_unitdp=False,
            list_params={},
            order=None,
            single=True,
            scope_granular=f"accounting.reports.{scope}.read",
            scope_broad="accounting.reports.read",
            gated=True,
            asked=asked,
        ),
        webhook_category=None,
        updated_key=None,
        permanent=True,
        told=told,
        fields=(
            Constant("type", lambda: _TYPES[name]),
            Field("remote_type", "ReportType", TEXT),
            Field("name", "ReportName", TEXT, cosmetic=True),
            Field("title_lines", "ReportTitles", Codec(_read_titles), volatile=True),
            Field("parameters", (ASKED,), Codec(read_parameters), volatile=True),
            Field("currency", (), Codec(lambda _raw, of: of.base_currency), ALL),
            Field("generated_at", "UpdatedDateUTC", Codec(_read_instant), volatile=True),
            Field("columns", "Rows", COLUMNS, volatile=True),
            Field("rows", "Rows", ROWS),
            Field("totals", ("Rows", ACCOUNT_TYPES), totals_codec(totals)),
        ),
        ignored=("ReportID", "ReportTitle", "ReportDate", "Fields"),
    )


PROFIT_AND_LOSS: Final = _report("ProfitAndLoss", "profitandloss", asked_year, profit_totals)
BALANCE_SHEET: Final = _report("BalanceSheet", "balancesheet", asked_sheet, sheet_totals)
TRIAL_BALANCE: Final = _report(
    "TrialBalance", "trialbalance", asked_today, last_sums(debit=3, credit=4), told=_balances
)
BANK_SUMMARY: Final = _report(
    "BankSummary",
    "banksummary",
    asked_month,
    last_sums(opening=1, received=2, spent=3, closing=4),
)
BUDGET_SUMMARY: Final = _report("BudgetSummary", "budgetsummary", asked_plan, no_totals)
EXECUTIVE_SUMMARY: Final = _report("ExecutiveSummary", "executivesummary", asked_today, no_totals)
_AGED: Final = last_sums(billed=4, paid=5, credited=6, due=7)
AGED_RECEIVABLES: Final = _report("AgedReceivablesByContact", "aged", asked_contact, _AGED)
AGED_PAYABLES: Final = _report("AgedPayablesByContact", "aged", asked_contact, _AGED)

REPORTS: Final[tuple[Resource, ...]] = (
    PROFIT_AND_LOSS,
    BALANCE_SHEET,
    TRIAL_BALANCE,
    BANK_SUMMARY,
    BUDGET_SUMMARY,
    EXECUTIVE_SUMMARY,
    AGED_RECEIVABLES,
    AGED_PAYABLES,
)
#: The sources by the type of their reports.
BY_TYPE: Final[Mapping[str, Resource]] = {_TYPES[each.endpoint.parts[-1]]: each for each in REPORTS}
AGED: Final = frozenset({"aged_receivables", "aged_payables"})  #: those about one contact


def report_id(report: Resource, contact: str | None = None) -> str:
    """The remote id of a report, and of the contact (Xero's id) that it is about."""
    name = report.endpoint.parts[-1]
    return name if contact is None else f"{name}:{contact.lower()}"
