"""Reports and journals through the SDK."""

from decimal import Decimal
from typing import Any

import pytest
from xero_python.exceptions import HTTPStatusException

from tests.simulator.sdk.calls import tries
from tests.simulator.sdk.world import DAY, World


def looked(answer: Any, name: str) -> list[Any]:
    """The rows of a report, the first of which heads it."""
    [report] = answer.reports
    assert report.report_type == name
    assert report.report_titles
    assert report.rows[0].row_type.value == "Header"
    return list(report.rows)


@tries
def get_report_profit_and_loss(world: World) -> None:
    """What was sold is income of its month, beside what others sold and credited."""
    world.invoice()
    before = _income(world)
    world.invoice(amount=100)
    assert _income(world) - before == 100


def _income(world: World) -> Decimal:
    found = world.api.get_report_profit_and_loss(
        world.tenant, from_date=DAY.replace(day=1), to_date=DAY, periods=1, timeframe="MONTH"
    )
    rows = looked(found, "ProfitAndLoss")
    [income] = [row for row in rows if row.title == "Income"]
    return Decimal(income.rows[-1].cells[1].value)


@tries
def get_report_balance_sheet(world: World) -> None:
    """Assets less liabilities are equity."""
    world.invoice()
    rows = looked(world.api.get_report_balance_sheet(world.tenant, date=DAY), "BalanceSheet")
    flat = {
        row.cells[0].value: row.cells[1].value
        for part in rows
        for row in part.rows or []
        if row.cells
    }
    assert flat["Net Assets"] == flat["Total Equity"]


@tries
def get_report_trial_balance(world: World) -> None:
    """Debits are credits."""
    world.invoice()
    rows = looked(world.api.get_report_trial_balance(world.tenant, date=DAY), "TrialBalance")
    _, debit, credit, held, owed = (cell.value for cell in rows[-1].rows[0].cells)
    assert (debit, held) == (credit, owed)


@tries
def get_report_bank_summary(world: World) -> None:
    """Every bank account has a row."""
    rows = looked(world.api.get_report_bank_summary(world.tenant), "BankSummary")
    assert len(rows[1].rows) >= 3


@tries
def get_report_budget_summary(world: World) -> None:
    """So many months as are asked for."""
    found = world.api.get_report_budget_summary(world.tenant, periods=3, timeframe=1)
    assert len(looked(found, "BudgetSummary")[0].cells) == 4


@tries
def get_report_executive_summary(world: World) -> None:
    """A month beside the one before."""
    rows = looked(
        world.api.get_report_executive_summary(world.tenant, date=DAY), "ExecutiveSummary"
    )
    assert rows[0].cells[1].value == "Mar 2026"


@tries
def get_report_aged_receivables_by_contact(world: World) -> None:
    """What one contact owes."""
    owed = world.invoice()
    found = world.api.get_report_aged_receivables_by_contact(
        world.tenant, owed.contact.contact_id, date=DAY
    )
    assert looked(found, "AgedReceivablesByContact")[-1].rows[0].cells[-1].value == "100.00"


@tries
def get_report_aged_payables_by_contact(world: World) -> None:
    """Nothing is owed to who has sent no bill."""
    owed = world.invoice()
    found = world.api.get_report_aged_payables_by_contact(
        world.tenant, owed.contact.contact_id, date=DAY
    )
    assert looked(found, "AgedPayablesByContact")[-1].rows[0].cells[-1].value == "0.00"


@tries
def get_reports_list(world: World) -> None:
    """Nobody has published one."""
    assert world.api.get_reports_list(world.tenant).reports == []


@tries
def get_report_from_id(world: World) -> None:
    """So that there is none to be had by its id."""
    with pytest.raises(HTTPStatusException) as caught:
        world.api.get_report_from_id(world.tenant, "00000000-0000-4000-8000-000000000000")
    assert caught.value.status == 404


@tries
def get_report_ten_ninety_nine(world: World) -> None:
    """This organisation is British."""
    with pytest.raises(HTTPStatusException) as caught:
        world.api.get_report_ten_ninety_nine(world.tenant, report_year="2025")
    assert caught.value.status == 404


@tries
def get_journals(world: World) -> None:
    """What was sold was booked, and the list goes on by number."""
    made = world.invoice()
    journals: list[Any] = []
    while found := world.api.get_journals(
        world.tenant, offset=journals[-1].journal_number if journals else 0
    ).journals:
        journals += found
    [booked] = [each for each in journals if each.source_id == made.invoice_id]
    assert booked.source_type == "ACCREC"
    assert sum(line.net_amount for line in booked.journal_lines) == 0


@tries
def get_journal(world: World) -> None:
    """Alone, it does not say what it came from."""
    world.invoice()
    first = world.api.get_journals(world.tenant).journals[0]
    [alone] = world.api.get_journal(world.tenant, first.journal_id).journals
    assert (alone.journal_number, alone.source_id) == (first.journal_number, None)


@tries
def get_journal_by_number(world: World) -> None:
    """Or by its number."""
    world.invoice()
    [alone] = world.api.get_journal_by_number(world.tenant, 1).journals
    assert alone.journal_number == 1
