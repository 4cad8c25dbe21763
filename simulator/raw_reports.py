"""Reports and journals among the raw books: each report as a reader of snapshots asks for it.

Beside each stands what was asked, since an answer does not repeat it: `AskedID` is the report's
name and the contact it is about, `Asked` the parameters.
"""

from collections.abc import Iterator
from typing import Any

from simulator.figures import month_end, month_start
from simulator.ledger import Ledger
from simulator.money_reports import open_documents
from simulator.report_endpoints import journal_wire, report_wire

_AGED = {"AgedReceivablesByContact": True, "AgedPayablesByContact": False}


def raw_reports(ledger: Ledger) -> list[dict[str, Any]]:
    """Every report of today, the aged ones of every contact with something open."""
    return [
        {
            "AskedID": key,
            "Asked": asked,
            **report_wire(ledger, key.partition(":")[0], _lower(asked)),
        }
        for key, asked in _questions(ledger)
    ]


def raw_journals(ledger: Ledger) -> list[dict[str, Any]]:
    """The general ledger as lists show it."""
    return [journal_wire(ledger, journal) for journal in ledger.general.journals]


def _questions(ledger: Ledger) -> Iterator[tuple[str, dict[str, str]]]:
    today = ledger.today()
    first, last, day = month_start(today).isoformat(), month_end(today).isoformat(), f"{today}"
    yield "ProfitAndLoss", {"fromDate": first, "toDate": last, "periods": "11",
                            "timeframe": "MONTH", "standardLayout": "true"}  # fmt: skip
    yield "BalanceSheet", {"date": last, "standardLayout": "true"}
    yield "TrialBalance", {"date": day}
    yield "BankSummary", {"fromDate": first, "toDate": last}
    yield "BudgetSummary", {"date": first, "periods": "12", "timeframe": "1"}
    yield "ExecutiveSummary", {"date": day}
    for kind, is_sale in _AGED.items():
        for contact in ledger.contacts:
            if open_documents(ledger, contact, today, is_sale=is_sale):
                yield f"{kind}:{contact.id}", {"contactId": contact.id, "date": day}


def _lower(asked: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in asked.items()}
