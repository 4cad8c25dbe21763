"""What accounts moved by and held, between any two days: the sums of which reports are made.

All in base currency, debits above zero. The journals (general.py) are the accrual basis; on the
cash basis income and costs count when they are paid (cash.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Self

from simulator import cash
from simulator.chart import CLASSES
from simulator.ledger import Ledger
from simulator.model import ZERO, Account
from simulator.postings import Entry, system_account

_PROFIT = frozenset({"REVENUE", "EXPENSE"})

Days = Mapping[date, Decimal]


@dataclass(frozen=True)
class Figures:
    """The daily movements of an organisation's accounts, by account id."""

    ledger: Ledger
    days: Mapping[str, Days]

    @classmethod
    def of(
        cls, ledger: Ledger, *, cash_basis: bool = False, options: frozenset[str] = frozenset()
    ) -> Self:
        """All movements, on either basis; with `options`, those alone whose lines have every one of
        these tracking options."""
        if not cash_basis and not options:
            return cls(ledger, ledger.general.moved)
        entries = cash.entries(ledger) if cash_basis else ledger.general.standing()
        return cls(ledger, _summed(entries, options))

    def moved(self, account: Account, start: date, end: date) -> Decimal:
        """What the account moved by from one day to another, both included."""
        days = self.days.get(account.id, {})
        return sum((amount for day, amount in days.items() if start <= day <= end), ZERO)

    def held(self, account: Account, end: date) -> Decimal:
        """The account's balance at the end of a day: income and costs begin anew each financial
        year, and retained earnings hold what earlier years left of them."""
        if CLASSES[account.type] in _PROFIT:
            return self.moved(account, self.year_start(end), end)
        held = self.moved(account, date.min, end)
        if account.id == system_account(self.ledger, "RETAINEDEARNINGS"):
            held += self.earned(date.min, self.year_start(end) - timedelta(days=1))
        return held

    def earned(self, start: date, end: date) -> Decimal:
        """The profit of some days as the ledger has it: below zero, being a credit."""
        return sum(
            (self.moved(each, start, end) for each in self.accounts(_PROFIT)),
            ZERO,
        )

    def total(self, kinds: Iterable[str], start: date, end: date) -> Decimal:
        """What all accounts of these types moved by."""
        wanted = frozenset(kinds)
        found = (each for each in self.ledger.accounts if each.type in wanted)
        return sum((self.moved(each, start, end) for each in found), ZERO)

    def accounts(self, classes: Iterable[str]) -> list[Account]:
        """The accounts of these classes by name."""
        wanted = frozenset(classes)
        found = (each for each in self.ledger.accounts if CLASSES[each.type] in wanted)
        return sorted(found, key=lambda each: (each.name.lower(), each.code))

    def year_start(self, day: date) -> date:
        """The first day of the financial year in which a day lies."""
        end_day, end_month = self.ledger.country.year_end
        ended = _last_of(day.year, end_month, end_day)
        if ended >= day:
            ended = _last_of(day.year - 1, end_month, end_day)
        return ended + timedelta(days=1)


def month_start(day: date) -> date:
    """The first day of a month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of a month."""
    return shifted(month_start(day), 1) - timedelta(days=1)


def shifted(day: date, months: int) -> date:
    """The same day some months later or earlier; the last one of a month stays that."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    is_last = (day + timedelta(days=1)).day == 1
    return date(year, month + 1, last if is_last else min(day.day, last))


def _last_of(year: int, month: int, day: int) -> date:
    """A year's end in a year; the last of February is one, leap or not."""
    first_after = date(year + (month == 12), month % 12 + 1, 1)
    last = first_after - timedelta(days=1)
    return last if day >= 28 and month == 2 else date(year, month, min(day, last.day))


def _summed(entries: Iterable[Entry], options: frozenset[str]) -> Mapping[str, Days]:
    found: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for entry in entries:
        for line in entry.lines:
            if options <= {option for _, option in line.tracking}:
                found[line.account_id][entry.date] += line.net
    return found
