"""The executive summary and the budget summary.

Source: Xero's "Reports" page and its examples, which show the rows; how ratios are computed is
said nowhere, so they are what their names say.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from simulator import budgets
from simulator.exchange import in_base
from simulator.figures import Figures, month_end, month_start, shifted
from simulator.ledger import Ledger
from simulator.model import ZERO
from simulator.people import Budget
from simulator.postings import APPROVED, PAYABLE, RECEIVABLE, system_account
from simulator.report_asking import Asking, month_name
from simulator.report_wire import Report, Wire, header, money, percent, row, section, summary
from simulator.statements import COSTS, INCOME, OTHER_INCOME, OVERHEADS

_BUDGET_MONTHS = 12
_PROFIT_ROWS = (
    ("Income", INCOME, -1),
    ("Less Cost of Sales", COSTS, 1),
    ("Plus Other Income", OTHER_INCOME, -1),
    ("Less Operating Expenses", OVERHEADS, 1),
)


class _Month:
    """The figures of one month of which an executive summary speaks."""

    def __init__(self, ledger: Ledger, figures: Figures, day: date) -> None:
        self.start, self.end = month_start(day), month_end(day)
        self.label = month_name(day)
        span = (self.start, self.end)
        self.income = -figures.total(INCOME, *span)
        self.costs = figures.total(COSTS, *span)
        self.other = -figures.total(OTHER_INCOME, *span)
        self.running = figures.total(OVERHEADS, *span)
        self.bought = self.costs + self.running
        self.gross = self.income - self.costs
        self.profit = self.income + self.other - self.bought
        self.received, self.spent = _flows(ledger, *span)
        self.bank = _held(figures, {"BANK"}, self.end)
        self.debtors = _role(ledger, figures, RECEIVABLE, self.end)
        self.creditors = -_role(ledger, figures, PAYABLE, self.end)
        self.assets = _held(figures, {"BANK", "CURRENT", "INVENTORY", "PREPAYMENT"}, self.end)
        self.term_assets = _held(figures, {"FIXED", "NONCURRENT"}, self.end)
        self.owed = -_held(figures, {"CURRLIAB", "PAYG", "LIABILITY"}, self.end)
        self.term_owed = -_held(figures, {"TERMLIAB"}, self.end)
        self.net = self.assets + self.term_assets - self.owed - self.term_owed
        self.invoices, self.invoiced = _issued(ledger, *span)


def executive_summary(asking: Asking) -> Report:
    """A month beside the one before it."""
    ledger, figures = asking.ledger, asking.figures()
    day = asking.day("date", ledger.today())
    this, last = (_Month(ledger, figures, each) for each in (day, shifted(day.replace(day=1), -1)))

    def line(label: str, value: Callable[[_Month], Decimal]) -> Wire:
        now, before = value(this), value(last)
        return row([label, money(now), money(before), _variance(now, before)])

    def share(label: str, part: Callable[[_Month], Decimal], whole: Decimal, old: Decimal) -> Wire:
        cells = [percent(part(this), whole), percent(part(last), old)]
        return row([label, *cells, "0.0%"])

    rows = [
        header("", this.label, last.label, "Variance"),
        section("Cash", [
            line("Cash received", lambda of: of.received),
            line("Cash spent", lambda of: of.spent),
            line("Cash surplus (deficit)", lambda of: of.received - of.spent),
            line("Closing bank balance", lambda of: of.bank),
        ]),
        section("Profitability", [
            line("Income", lambda of: of.income),
            line("Direct costs", lambda of: of.costs),
            line("Gross profit (loss)", lambda of: of.gross),
            line("Other Income", lambda of: of.other),
            line("Expenses", lambda of: of.running),
            line("Profit (loss)", lambda of: of.profit),
        ]),
        section("Balance Sheet", [
            line("Debtors", lambda of: of.debtors),
            line("Creditors", lambda of: of.creditors),
            line("Net assets", lambda of: of.net),
        ]),
        section("Income", [
            row(["Number of invoices issued", str(this.invoices), str(last.invoices),
                 _variance(Decimal(this.invoices), Decimal(last.invoices))]),
            line("Average value of invoices", lambda of: _ratio(of.invoiced, of.invoices)),
        ]),
        section("Performance", [
            share("Gross profit margin", lambda of: of.gross, this.income, last.income),
            share("Net profit margin", lambda of: of.profit, this.income, last.income),
            share("Return on investment (p.a.)", lambda of: of.profit * 12, this.net, last.net),
        ]),
        section("Position", [
            line("Average debtors days", lambda of: _days(of.debtors, of.income, of)),
            line("Average creditors days", lambda of: _days(of.creditors, of.bought, of)),
            line("Short term cash forecast", lambda of: of.debtors - of.creditors),
            line("Current assets to liabilities", lambda of: _ratio(of.assets, of.owed)),
            line("Term assets to liabilities", lambda of: _ratio(of.term_assets, of.term_owed)),
        ]),
    ]  # fmt: skip
    titles = ["Executive Summary", ledger.name, f"For the month of {day:%B %Y}"]
    return Report("ExecutiveSummary", "Executive Summary", titles, rows)


def budget_summary(asking: Asking) -> Report:
    """What the overall budget plans for the months from a day on, by account."""
    ledger, figures = asking.ledger, asking.figures()
    step = asking.step
    first = month_start(asking.day("date", ledger.today()))
    starts = [
        shifted(first, index * step) for index in range(asking.count("periods", _BUDGET_MONTHS))
    ]
    spans = [(start, shifted(start, step - 1)) for start in starts]
    budget = next((each for each in ledger.people.budgets if each.type == "OVERALL"), None)
    rows: list[Wire] = [header("Account", *(f"{end:%b-%y}" for _, end in spans))]
    gross = net = [ZERO] * len(spans)
    expenses = [ZERO] * len(spans)
    for title, kinds, sign in _PROFIT_ROWS:
        lines = []
        for account in figures.accounts({"REVENUE", "EXPENSE"}):
            if account.type not in kinds:
                continue
            planned = [_planned(budget, account.id, span) for span in spans]
            if any(planned):
                lines.append(row([account.name, *map(money, planned)], account=account.id))
            net = [one - sign * other for one, other in zip(net, planned, strict=True)]
            if kinds in (INCOME, COSTS):
                gross = [one - sign * other for one, other in zip(gross, planned, strict=True)]
            if kinds == OVERHEADS:
                expenses = [one + other for one, other in zip(expenses, planned, strict=True)]
        if lines:
            rows.append(section(title, lines))
        if kinds == COSTS:
            rows.append(section("", [summary(["Gross Profit", *map(money, gross)])]))
    rows.append(section("", [summary(["Total Expenses", *map(money, expenses)])]))
    rows.append(section("", [summary(["Net Profit", *map(money, net)])]))
    name = "Overall Budget" if budget is None else budget.description or "Overall Budget"
    until = f"{first:%B %Y} to {spans[-1][1]:%B %Y}"
    titles = [name, "Budget Summary", ledger.name, until]
    return Report("BudgetSummary", "Budget Summary", titles, rows)


def _planned(budget: Budget | None, account_id: str, span: tuple[date, date]) -> Decimal:
    if budget is None:
        return ZERO
    return budgets.total(budget, account_id, *map(budgets.month_of, span))


def _flows(ledger: Ledger, start: date, end: date) -> tuple[Decimal, Decimal]:
    """What came to the banks and left them, moves between them left out."""
    banks = {account.id for account in ledger.accounts if account.type == "BANK"}
    received = spent = ZERO
    for entry in ledger.general.standing():
        if start <= entry.date <= end:
            moved = sum((line.net for line in entry.lines if line.account_id in banks), ZERO)
            received, spent = received + max(moved, ZERO), spent + max(-moved, ZERO)
    return received, spent


def _held(figures: Figures, kinds: set[str], end: date) -> Decimal:
    accounts = (each for each in figures.ledger.accounts if each.type in kinds)
    return sum((figures.held(each, end) for each in accounts), ZERO)


def _role(ledger: Ledger, figures: Figures, role: str, end: date) -> Decimal:
    account = ledger.account(account_id=system_account(ledger, role))
    return ZERO if account is None else figures.held(account, end)


def _issued(ledger: Ledger, start: date, end: date) -> tuple[int, Decimal]:
    """How many sales invoices were issued in a month, and for how much without tax."""
    issued = [
        invoice
        for invoice in ledger.invoices
        if invoice.is_sale and invoice.status in APPROVED and start <= invoice.date <= end
    ]
    return len(issued), sum((in_base(each.sub_total, each.rate) for each in issued), ZERO)


def _ratio(part: Decimal, whole: Decimal | int) -> Decimal:
    return part / whole if whole else ZERO


def _days(open_amount: Decimal, turnover: Decimal, month: _Month) -> Decimal:
    return _ratio(open_amount * ((month.end - month.start).days + 1), turnover)


def _variance(now: Decimal, before: Decimal) -> str:
    return percent(now - before, abs(before)) or "0.0%"
