"""The endpoints of reports and of the general ledger's journals.

Reports are read only, one each, and in no list: /Reports names only those that are published by
an accountant, of which there are none here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from simulator import cash, money_reports, statements, summaries
from simulator.endpoints import Endpoint, Found, Query, Wire
from simulator.general import Journal
from simulator.ledger import Ledger
from simulator.postings import Posting
from simulator.refusals import NotFound, QueryUnreadable
from simulator.report_asking import Asking
from simulator.report_wire import Report, wire
from simulator.wire import fragment, ms_day, ms_instant

JOURNALS_A_PIECE = 100

REPORTS: Mapping[str, Callable[[Asking], Report]] = {
    "ProfitAndLoss": statements.profit_and_loss,
    "BalanceSheet": statements.balance_sheet,
    "TrialBalance": statements.trial_balance,
    "BankSummary": money_reports.bank_summary,
    "BudgetSummary": summaries.budget_summary,
    "ExecutiveSummary": summaries.executive_summary,
    "AgedReceivablesByContact": money_reports.aged_receivables,
    "AgedPayablesByContact": money_reports.aged_payables,
}


def report_wire(ledger: Ledger, kind: str, params: Mapping[str, str]) -> Wire:
    """A report as it is answered; parameters by lower-case name. Raises Refusal."""
    return wire(ledger, REPORTS[kind](Asking.of(ledger, Query(params, None, ""))))


def _report(kind: str) -> Endpoint:
    def read(ledger: Ledger, query: Query) -> Found:
        return Found([fragment(wire(ledger, REPORTS[kind](Asking.of(ledger, query))))])

    return Endpoint("Reports", "ReportID", read)


def _ten_ninety_nine(ledger: Ledger, query: Query) -> Found:
    """The reports of payments to contractors, of organisations of the United States alone. No
    account has a rule for one of their boxes here, so that they name nobody."""
    if ledger.country.code != "US":
        raise NotFound("TenNinetyNine")
    year = query.params.get("reportyear", "") or str(ledger.today().year - 1)
    if not (year.isdecimal() and len(year) == 4):
        raise QueryUnreadable("reportYear must be a year")
    head = {"ReportDate": f"1 Jan {year} to 31 Dec {year}", "Fields": [], "Contacts": []}
    names = ("1099-NEC report", "1099-MISC report")
    return Found([fragment({"ReportName": name, **head}) for name in names])


def _one_published(ledger: Ledger, query: Query, key: str) -> Found:
    del ledger, query
    raise NotFound(key)


def _published(ledger: Ledger, query: Query) -> Found:
    del ledger, query
    return Found([])


# --- journals ----------------------------------------------------------------------------------


def _journals(ledger: Ledger, query: Query) -> Found:
    """Up to a hundred journals after the number that is asked for, oldest first."""
    text = query.params.get("offset", "") or "0"
    if not text.isdecimal():
        raise QueryUnreadable("offset must be the number of a journal")
    since = query.since_ms
    chosen = [
        journal
        for journal in ledger.general.journals[int(text) :]
        if since is None or journal.created_ms >= since
    ]
    shown = (_shown(ledger, query, each) for each in chosen)
    kept = [each for each in shown if each is not None]
    return Found([fragment(each) for each in kept[:JOURNALS_A_PIECE]])


def _journal(ledger: Ledger, query: Query, key: str) -> Found:
    """A journal by id or number, which does not say what it came from."""
    journals = ledger.general.journals
    if key.isdecimal() and 0 < int(key) <= len(journals):
        found = journals[int(key) - 1]
    elif key.lower() in ledger.general.by_id:
        found = ledger.general.by_id[key.lower()]
    else:
        raise NotFound(key)
    shown = _shown(ledger, query, found) or {}
    return Found([fragment({k: v for k, v in shown.items() if not k.startswith("Source")})])


def _shown(ledger: Ledger, query: Query, journal: Journal) -> Wire | None:
    """The journal; None where only what was paid is asked for, and it is about something else."""
    if query.params.get("paymentsonly", "").lower() == "true" and not cash.counts(journal.entry):
        return None
    return journal_wire(ledger, journal)


def journal_wire(ledger: Ledger, journal: Journal) -> Wire:
    """A journal as lists show it."""
    entry = journal.entry
    out: dict[str, Any] = {
        "JournalID": journal.id,
        "JournalDate": ms_day(entry.date),
        "JournalNumber": journal.number,
        "CreatedDateUTC": ms_instant(journal.created_ms),
        "Reference": entry.reference,
    }
    if entry.source_type:
        out |= {"SourceID": entry.source_id, "SourceType": entry.source_type}
    lines = [
        {"JournalLineID": journal.line_id(index), **_line(ledger, line)}
        for index, line in enumerate(entry.lines)
    ]
    return {**out, "JournalLines": lines}


def _line(ledger: Ledger, line: Posting) -> Wire:
    account = ledger.reference.accounts.by_id[line.account_id]
    out: dict[str, Any] = {"AccountID": account.id}
    if account.code:
        out["AccountCode"] = account.code
    out |= {
        "AccountType": account.type,
        "AccountName": account.name,
        "Description": line.description or "",
        "NetAmount": line.net,
        "GrossAmount": line.gross,
        "TaxAmount": line.tax,
    }
    if line.tax_type is not None:
        rate = ledger.reference.tax_rates.get(line.tax_type)
        out["TaxType"] = line.tax_type
        out["TaxName"] = line.tax_type if rate is None else rate.name
    return {**out, "TrackingCategories": [_tracked(ledger, *each) for each in line.tracking]}


def _tracked(ledger: Ledger, category_id: str, option_id: str) -> Wire:
    category = ledger.reference.categories.get(category_id)
    options = [] if category is None else category.options
    names = [each.name for each in options if each.id == option_id]
    return {
        "Name": "" if category is None else category.name,
        "Option": names[0] if names else "",
        "TrackingCategoryID": category_id,
        "TrackingOptionID": option_id,
    }


ENDPOINTS: Mapping[str, Endpoint] = {
    "reports": Endpoint("Reports", "ReportID", _published, _one_published),
    "reports/tenninetynine": Endpoint("Reports", "ReportName", _ten_ninety_nine),
    **{f"reports/{kind.lower()}": _report(kind) for kind in REPORTS},
    "journals": Endpoint("Journals", "JournalID", _journals, _journal),
}
