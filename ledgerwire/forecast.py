"""Where a month will end, from what was spent so far: pure arithmetic over daily sums.

Backfills come once, so they count for what is spent and not for what is to come.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ONCE = frozenset({"backfill"})  #: purposes that say nothing about the days to come
LOOK_BACK = timedelta(days=7)  #: whole days from which the days to come are told
LEAST_OF_A_DAY = 1 / 24  #: of a first day, below which its rate would be guessing


@dataclass(frozen=True, slots=True)
class Spent:
    """What one day cost, for one purpose."""

    day: date
    purpose: str
    amount: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """One month."""

    so_far: int
    at_its_end: int


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of a calendar month."""
    last = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)


def needed_since(today: date) -> date:
    """From which day on a forecast needs to know what was spent."""
    return min(month_of(today)[0], today - LOOK_BACK)


def forecast(spent: Iterable[Spent], now: datetime) -> Forecast:
    """What the month of `now` will have cost, if the days to come are like the last seven.

    Without a whole day yet, today's share so far tells.
    """
    today, known = now.date(), list(spent)
    first, last = month_of(today)
    so_far = sum(each.amount for each in known if first <= each.day <= last)
    gone = max(_share_of_day(now), LEAST_OF_A_DAY)
    left = (last - today).days + (1 - gone)
    return Forecast(so_far, so_far + round(left * _a_day(known, today, gone)))


def _a_day(known: list[Spent], today: date, gone: float) -> float:
    steady = [each for each in known if each.purpose not in ONCE]
    begin = max(min((each.day for each in steady), default=today), today - LOOK_BACK)
    days = (today - begin).days
    if days == 0:
        return sum(each.amount for each in steady if each.day == today) / gone
    return sum(each.amount for each in steady if begin <= each.day < today) / days


def _share_of_day(now: datetime) -> float:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (now - midnight) / timedelta(days=1)
