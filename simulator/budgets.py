"""Budgets: read only at Xero's API; planned and mended in Xero's app.

Source: Xero's "Budgets" page: lists show no lines; one budget alone shows those of the months that
were asked for, at most 24, and without being asked of the month before, this and the next.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.elements import day
from simulator.ledger import Ledger
from simulator.people import Balance, Budget
from simulator.refusals import NotFound, PostUnreadable, QueryUnreadable
from simulator.wire import ms_instant

MOST_MONTHS = 24
STATUS = "APPROVED"
"""Published examples of lists show it; nothing describes it."""


def find(ledger: Ledger, key: str) -> Budget:
    """The budget of an id. Raises NotFound."""
    known = ledger.people.budgets.get(key.lower())
    if known is None:
        raise NotFound(key)
    return known


def plan(ledger: Ledger, budget: Budget, account_id: str, month: str, balance: Balance) -> None:
    """Plan an amount for an account and a month such as 2026-11, or plan it anew."""
    budget.lines.setdefault(account_id, {})[month] = balance
    ledger.stamp(ledger.people.budgets, budget, None, "UPDATE")


def rename(ledger: Ledger, budget: Budget, description: str) -> None:
    """Give a budget another name."""
    budget.description = description
    ledger.stamp(ledger.people.budgets, budget, None, "UPDATE")


def asked_months(params: Mapping[str, str], today: date) -> tuple[str, str]:
    """The first and the last month that a query asks for. Raises QueryUnreadable."""
    this = today.replace(day=1)
    try:
        first = day(params, "datefrom") or (this - timedelta(days=1)).replace(day=1)
        last = day(params, "dateto") or (this + timedelta(days=31)).replace(day=1)
    except PostUnreadable as refusal:
        raise QueryUnreadable(str(refusal)) from None
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months > MOST_MONTHS:
        raise QueryUnreadable(f"At most {MOST_MONTHS} months can be asked for at a time")
    return month_of(first), month_of(last)


def month_of(on: date) -> str:
    """The month of a day as budgets write it."""
    return f"{on:%Y-%m}"


def wire(budget: Budget) -> dict[str, Any]:
    """The budget as lists show it: its head alone."""
    return {
        "BudgetID": budget.id,
        "Status": STATUS,
        "Description": budget.description,
        "Type": budget.type,
        "UpdatedDateUTC": ms_instant(budget.updated_ms),
        "BudgetLines": [],
        "Tracking": [],
    }


def full_wire(ledger: Ledger, budget: Budget, months: tuple[str, str] | None) -> dict[str, Any]:
    """The budget as it is shown alone: with its lines of those months, or of all."""
    head = {key: value for key, value in wire(budget).items() if key != "Status"}
    lines = []
    for account_id, planned in budget.lines.items():
        shown = {
            month: held
            for month, held in sorted(planned.items())
            if months is None or months[0] <= month <= months[1]
        }
        if shown:
            account = ledger.account(account_id=account_id)
            lines.append(
                {
                    "AccountID": account_id,
                    "AccountCode": "" if account is None else account.code,
                    "BudgetBalances": [_balance(month, held) for month, held in shown.items()],
                }
            )
    return {**head, "BudgetLines": lines, "Tracking": budget.tracking}


def total(budget: Budget, account_id: str, first: str, last: str) -> Decimal:
    """What is planned for an account from one month to another, both included."""
    held = budget.lines.get(account_id, {})
    return sum(
        (each.amount for month, each in held.items() if first <= month <= last), Decimal("0.00")
    )


def _balance(month: str, held: Balance) -> dict[str, Any]:
    out: dict[str, Any] = {"Period": month, "Amount": held.amount}
    if held.unit_amount is not None:
        out["UnitAmount"] = held.unit_amount
    return {**out, "Notes": held.notes}
