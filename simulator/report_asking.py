"""What a report was asked for: dates, periods to compare, basis, tracking, a contact.

Source: Xero's "Reports" page; parameters come by lower-case name. What is left out has Xero's
defaults: the current month, or today.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from simulator.elements import as_uuid
from simulator.endpoints import Query
from simulator.figures import Figures, month_end, month_start, shifted
from simulator.ledger import Ledger
from simulator.refusals import QueryUnreadable

_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12, "1": 1, "3": 3, "12": 12}
_MOST_PERIODS = 12


@dataclass(frozen=True)
class Asking:
    """The parameters of one call."""

    query: Query
    ledger: Ledger

    @classmethod
    def of(cls, ledger: Ledger, query: Query) -> Self:
        """What a call asks of an organisation."""
        return cls(query, ledger)

    def day(self, name: str, otherwise: date) -> date:
        """A day. Raises QueryUnreadable."""
        text = self._text(name)
        if not text:
            return otherwise
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise QueryUnreadable(f"'{text}' is not a valid date") from None

    def month(self) -> tuple[date, date]:
        """The first and the last day that are asked for: else those of the current month."""
        today = self.ledger.today()
        start = self.day("fromdate", month_start(today))
        end = self.day("todate", month_end(start) if self._text("fromdate") else month_end(today))
        if start > end:
            raise QueryUnreadable("The from date must be before the to date")
        if end - start > timedelta(days=366):
            raise QueryUnreadable("The date range of a report cannot be more than a year")
        return start, end

    def ends(self, last: date) -> list[date]:
        """The last days of the columns: one, or as many before it as are to be compared."""
        return [shifted(last, -self.step * index) for index in range(self.periods + 1)]

    def spans(self) -> list[tuple[date, date]]:
        """The columns of a report about periods, the latest first."""
        start, end = self.month()
        return [
            (shifted(start, -self.step * index), shifted(end, -self.step * index))
            for index in range(self.periods + 1)
        ]

    @property
    def periods(self) -> int:
        """How many periods are to be compared with. Raises QueryUnreadable."""
        return self.count("periods", 0)

    def count(self, name: str, otherwise: int) -> int:
        """A number of periods. Raises QueryUnreadable."""
        text = self._text(name)
        if not text:
            return otherwise
        if not text.isdecimal() or not 1 <= int(text) <= _MOST_PERIODS:
            raise QueryUnreadable("periods must be a whole number from 1 to 12")
        return int(text)

    @property
    def step(self) -> int:
        """Months from one period to the next. Raises QueryUnreadable."""
        text = self._text("timeframe").upper()
        if text and text not in _MONTHS:
            raise QueryUnreadable("timeframe must be MONTH, QUARTER or YEAR")
        return _MONTHS.get(text, 1)

    @property
    def contact_id(self) -> str:
        """The contact of a report about one. Raises QueryUnreadable."""
        found = as_uuid(self._text("contactid"))
        if found is None:
            raise QueryUnreadable("A contactId must be given")
        return found

    def figures(self) -> Figures:
        """The books on the basis, and of the tracking, that is asked for."""
        names = ("trackingoptionid", "trackingoptionid1", "trackingoptionid2")
        options = (as_uuid(self._text(name)) for name in names)
        return Figures.of(
            self.ledger,
            cash_basis=self._text("paymentsonly").lower() == "true",
            options=frozenset(each for each in options if each is not None),
        )

    def _text(self, name: str) -> str:
        return self.query.params.get(name, "").strip()


def month_name(day: date) -> str:
    """`Nov 2019`."""
    return f"{calendar.month_abbr[day.month]} {day.year}"
