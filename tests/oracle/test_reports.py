"""Reports and balances are judged by what the books say, and need not be there."""

from datetime import date
from typing import Any

import pytest

from oracle.books import TenantBooks
from oracle.common import Setting
from oracle.difference import Difference
from oracle.expected import expected_record
from oracle.inputs import MirrorRow
from oracle.match import mismatches
from oracle.reports import check_balances
from oracle.things import check_mirror
from tests.oracle import records as r

BANK = "0a7b3c11-90fe-4d21-8a63-5c6d7e8f9012"
LOAN = "b94495d0-44ab-4199-a1d0-427a4877e100"
TODAY = {r.TENANT: date(2026, 11, 22)}
SETTING = Setting(r.TENANT, "NZD", TODAY[r.TENANT])


def line(account: str, *figures: str) -> dict[str, Any]:
    """A row about an account."""
    mark = [{"Id": "account", "Value": account}]
    return {"RowType": "Row", "Cells": [{"Value": f, "Attributes": mark} for f in ("x", *figures)]}


RAW = {
    "AskedID": "TrialBalance",
    "Asked": {"date": "2026-11-22"},
    "ReportName": "Trial Balance",
    "ReportTitles": ["Trial Balance"],
    "Rows": [
        {"RowType": "Header", "Cells": [{"Value": v} for v in ("Account", "D", "C", "YD", "YC")]},
        {"RowType": "Section", "Title": "All", "Rows": [
            line(BANK, "1.00", "", "70.00", ""), line(LOAN, "", "1.00", "", "70.00"),
        ]},
        {"RowType": "SummaryRow", "Cells": [
            {"Value": v} for v in ("Total", "1.00", "1.00", "70.00", "70.00")
        ]},
    ],
}  # fmt: skip


def books(**held: dict[str, Any]) -> dict[str, TenantBooks]:
    """Books of one organisation that hold a trial balance, and what else is said."""
    organisation = {"OrganisationID": r.TENANT, "BaseCurrency": "NZD"}
    things = {"report": {"TrialBalance": RAW}, **held}
    return {r.TENANT: TenantBooks(r.TENANT, organisation, things)}


def mirror(*rows: MirrorRow) -> dict[tuple[str, str, str], MirrorRow]:
    """A mirror of these rows."""
    return {(row.tenant_id, row.resource, row.remote_id): row for row in rows}


def account(remote_id: str, kind: str, balance: str | None) -> MirrorRow:
    """An account with a balance."""
    record = {"classification": kind, "current_balance": balance}
    return MirrorRow(r.TENANT, "account", remote_id, record, 1, 1)


def kept(**changes: Any) -> MirrorRow:
    """The trial balance in the mirror."""
    record = {"resource": "report", "totals": {"due": None}, **changes}
    return MirrorRow(r.TENANT, "report", "TrialBalance", record, 1, 1)


def found(*rows: MirrorRow) -> list[Difference]:
    """What is wrong with the balances of a mirror."""
    return list(check_balances(books(), mirror(*rows), TODAY))


def test_balances_are_those_of_the_trial_balance() -> None:
    """Above zero on the side where the account usually stands; 0 where it is not in it."""
    right = (
        account(BANK, "asset", "70.00"),
        account(LOAN, "liability", "70.00"),
        account(r.TENANT, "equity", "0.00"),
    )
    assert found(kept(), *right) == []


@pytest.mark.parametrize("balance", ["69.99", "-70.00", None])
def test_another_balance_is_a_difference(balance: str | None) -> None:
    """A cent too little, the other side, or nothing."""
    [difference] = found(kept(), account(BANK, "asset", balance))

    assert (difference.kind, difference.field) == ("wrong_value", "current_balance")


def test_balance_without_a_trial_balance_is_a_difference() -> None:
    """Nobody could say where it is from."""
    assert [each.kind for each in found(account(BANK, "asset", "70.00"))] == ["wrong_value"]
    assert found(account(BANK, "asset", None)) == []


def test_totals_and_rows_are_judged() -> None:
    """Worked out from the cells: sums, accounts, numbers and texts."""
    record = expected_record("report", RAW, SETTING)
    assert str(record["totals"]["debit"]) == "70.00"
    first = record["rows"][0]["rows"][0]
    assert first["account"]["remote_id"] == BANK

    wrong = {**record, "rows": []}
    assert [each.field for each in mismatches(record, wrong)] == ["rows"]


def test_report_that_nobody_asked_for_is_not_missed() -> None:
    """Snapshots are off until somebody turns them on."""
    nothing = list(check_mirror(books(), {}, TODAY))
    assert "report" not in {each.resource for each in nothing}


def test_aged_report_may_stay_where_nothing_is_owed() -> None:
    """The books show those alone with whom something is open."""
    key = f"AgedReceivablesByContact:{BANK}"

    def rows(due: str) -> list[Difference]:
        record = {"resource": "report", "totals": {"due": due}}
        row = MirrorRow(r.TENANT, "report", key, record, 1, 1)
        found = check_mirror(books(), mirror(row), TODAY)
        return [each for each in found if each.resource == "report"]

    assert rows("0.00") == []
    assert [each.kind for each in rows("0.01")] == ["extra_in_mirror"]


def test_ledger_is_missed_where_a_part_of_it_is_known() -> None:
    """Who may read one journal may read all; who may not, has none."""
    one, other = (
        {"JournalID": each, "JournalNumber": number, "JournalLines": []}
        for number, each in enumerate((BANK, LOAN), start=1)
    )
    held = books(journal_entry={BANK: one, LOAN: other})
    record = expected_record("journal_entry", one, SETTING)
    row = MirrorRow(r.TENANT, "journal_entry", BANK, record, 1, 1)

    def missed(*rows: MirrorRow) -> list[str | None]:
        found = check_mirror(held, mirror(*rows), TODAY)
        return [each.remote_id for each in found if each.resource == "journal_entry"]

    assert missed(row) == [LOAN]
    assert missed() == []
