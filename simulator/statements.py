"""Profit and loss, balance sheet and trial balance.

Source: Xero's "Reports" page and its examples. Accounts without figures are left out; income,
liabilities and equity show credits above zero.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from simulator.figures import Figures, month_end, month_start
from simulator.model import ZERO, Account
from simulator.report_asking import Asking
from simulator.report_wire import (
    Report,
    Wire,
    header,
    long_day,
    money,
    row,
    section,
    short_day,
    summary,
)

INCOME, OTHER_INCOME = ("REVENUE", "SALES"), ("OTHERINCOME",)
COSTS, OVERHEADS = ("DIRECTCOSTS",), ("EXPENSE", "OVERHEADS", "DEPRECIATN")
_ASSETS = (
    ("Bank", ("BANK",)),
    ("Current Assets", ("CURRENT", "INVENTORY", "PREPAYMENT")),
    ("Fixed Assets", ("FIXED",)),
    ("Non-current Assets", ("NONCURRENT",)),
)
_LIABILITIES = (
    ("Current Liabilities", ("CURRLIAB", "PAYG", "LIABILITY")),
    ("Non-current Liabilities", ("TERMLIAB",)),
)
_CLASSES = (
    ("Revenue", "REVENUE"),
    ("Expenses", "EXPENSE"),
    ("Assets", "ASSET"),
    ("Liabilities", "LIABILITY"),
    ("Equity", "EQUITY"),
)
#: What stands for the earnings of the year, which no account of the chart holds.
_EARNINGS = "00000000-0000-0000-0000-000000000000"

Amounts = list[Decimal]


def profit_and_loss(asking: Asking) -> Report:
    """Income and costs of a month or of any days up to a year, with earlier ones beside it."""
    figures, spans = asking.figures(), asking.spans()
    rows: list[Wire] = [header("", *(short_day(end) for _, end in spans))]

    def part(title: str, kinds: Sequence[str], total: str, sign: int) -> Amounts:
        lines = [
            (each, [figures.moved(each, *span) * sign for span in spans])
            for each in figures.accounts({"REVENUE", "EXPENSE"})
            if each.type in kinds
        ]
        return _section(rows, title, lines, total, len(spans))

    income = part("Income", INCOME, "Total Income", -1)
    costs = part("Less Cost of Sales", COSTS, "Total Cost of Sales", 1)
    gross = _minus(income, costs)
    rows.append(section("", [row(["Gross Profit", *map(money, gross)])]))
    other = part("Plus Other Income", OTHER_INCOME, "Total Other Income", -1)
    running = part("Less Operating Expenses", OVERHEADS, "Total Operating Expenses", 1)
    net = _minus(_plus(gross, other), running)
    rows.append(section("", [row(["Net Profit", *map(money, net)])]))
    start, end = spans[0]
    titles = ["Profit and Loss", asking.ledger.name, f"{long_day(start)} to {long_day(end)}"]
    return Report("ProfitAndLoss", "Profit and Loss", titles, rows)


def balance_sheet(asking: Asking) -> Report:
    """What is owned and owed at the end of a month, with earlier ends beside it."""
    figures = asking.figures()
    ends = asking.ends(asking.day("date", month_end(asking.ledger.today())))
    rows: list[Wire] = [header("", *map(short_day, ends)), section("Assets")]
    assets = _groups(rows, figures, ends, _ASSETS, sign=1)
    rows.append(section("", [summary(["Total Assets", *map(money, assets)])]))
    rows.append(section("Liabilities"))
    owed = _groups(rows, figures, ends, _LIABILITIES, sign=-1)
    rows.append(section("", [summary(["Total Liabilities", *map(money, owed)])]))
    rows.append(section("", [row(["Net Assets", *map(money, _minus(assets, owed))])]))
    rows.append(_equity(figures, ends))
    titles = ["Balance Sheet", asking.ledger.name, f"As at {long_day(ends[0])}"]
    return Report("BalanceSheet", "Balance Sheet", titles, rows)


def trial_balance(asking: Asking) -> Report:
    """Every account with figures: what it moved by this month, and what it holds."""
    figures = asking.figures()
    end = asking.day("date", asking.ledger.today())
    rows: list[Wire] = [header("Account", "Debit", "Credit", "YTD Debit", "YTD Credit")]
    sums = [ZERO] * 4
    for title, kind in _CLASSES:
        lines = []
        for account in figures.accounts({kind}):
            moved = figures.moved(account, month_start(end), end)
            held = figures.held(account, end)
            if not moved and not held and not _is_used(figures, account):
                continue
            is_debit = kind in {"ASSET", "EXPENSE"}
            cells = [*_sides(moved, is_debit=is_debit), *_sides(held, is_debit=is_debit)]
            sums = _plus(sums, [each or ZERO for each in cells])
            name = f"{account.name} ({account.code})" if account.code else account.name
            lines.append(row([name, *map(_blank, cells)], account=account.id))
        if lines:
            rows.append(section(title, lines))
    rows.append(section("", [summary(["Total", *map(money, sums)])]))
    titles = ["Trial Balance", asking.ledger.name, f"As at {long_day(end)}"]
    return Report("TrialBalance", "Trial Balance", titles, rows)


def _groups(
    rows: list[Wire],
    figures: Figures,
    ends: Sequence[date],
    groups: Sequence[tuple[str, Sequence[str]]],
    *,
    sign: int,
) -> Amounts:
    sums = [ZERO] * len(ends)
    for title, kinds in groups:
        lines = [
            (each, [figures.held(each, end) * sign for end in ends])
            for each in figures.accounts({"ASSET", "LIABILITY"})
            if each.type in kinds
        ]
        sums = _plus(sums, _section(rows, title, lines, f"Total {title}", len(ends)))
    return sums


def _equity(figures: Figures, ends: Sequence[date]) -> Wire:
    earned = [-figures.earned(figures.year_start(end), end) for end in ends]
    lines = [row(["Current Year Earnings", *map(money, earned)], account=_EARNINGS)]
    sums = earned
    for account in figures.accounts({"EQUITY"}):
        held = [-figures.held(account, end) for end in ends]
        if any(held):
            lines.append(row([account.name, *map(money, held)], account=account.id))
            sums = _plus(sums, held)
    lines.append(summary(["Total Equity", *map(money, sums)]))
    return section("Equity", lines)


def _section(
    rows: list[Wire],
    title: str,
    lines: Sequence[tuple[Account, Amounts]],
    total: str,
    columns: int,
) -> Amounts:
    """Add a section of accounts that have figures, and their sum; what that is."""
    told = [(account, amounts) for account, amounts in lines if any(amounts)]
    sums = [ZERO] * columns
    for _, amounts in told:
        sums = _plus(sums, amounts)
    if told:
        found = [row([each.name, *map(money, held)], account=each.id) for each, held in told]
        rows.append(section(title, [*found, summary([total, *map(money, sums)])]))
    return sums


def _is_used(figures: Figures, account: Account) -> bool:
    return bool(figures.days.get(account.id))


def _sides(amount: Decimal, *, is_debit: bool) -> list[Decimal | None]:
    """Debit and credit: nothing stands on the side where the account usually has none."""
    if amount > 0 or (amount == 0 and is_debit):
        return [amount, None]
    return [None, -amount]


def _blank(amount: Decimal | None) -> str:
    return "" if amount is None else money(amount)


def _plus(left: Sequence[Decimal], right: Sequence[Decimal]) -> Amounts:
    return [one + other for one, other in zip(left, right, strict=True)]


def _minus(left: Sequence[Decimal], right: Sequence[Decimal]) -> Amounts:
    return [one - other for one, other in zip(left, right, strict=True)]
