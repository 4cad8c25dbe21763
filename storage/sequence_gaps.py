"""Holes in the numbers of Xero's events: the arithmetic, pure.

Numbers rise per webhook subscription over all its tenants (Xero: webhooks overview; what a hole
means is not documented). Deliveries may overtake each other, so a hole is often filled a moment
later. A subscription that is made anew may start its numbers over: two new deliveries in a row
that go on from each other below the highest number, where no hole is open, are taken for that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Numbers `first` to `last`, both included, that no delivery has brought."""

    first: int
    last: int
    opened_at: datetime  #: real time: receipt of the delivery that showed it


@dataclass(slots=True)
class Numbering:
    """What is known of the numbers, moved on by each delivery in order of receipt.

    Attributes:
        highest: highest number seen; None before the first delivery.
        gaps: the open holes.
        suspect_next: where a restarted numbering would go on.
    """

    highest: int | None = None
    gaps: list[Gap] = field(default_factory=list)
    suspect_next: int | None = None

    def advance(self, first: int, last: int, at: datetime) -> None:
        """Take in one delivery, never seen before, that brought numbers `first` to `last`."""
        if last < first:
            return  # nonsense numbers say nothing
        if self.highest is None:
            self.highest = last
        elif first > self.highest:
            if first > self.highest + 1:
                self.gaps.append(Gap(self.highest + 1, first - 1, at))
            self.highest, self.suspect_next = last, None
        elif self._fill(first, last):
            self.highest, self.suspect_next = max(self.highest, last), None
        elif last > self.highest:
            self.highest, self.suspect_next = last, None
        elif first == self.suspect_next:
            # The numbers started over. Holes of the old numbering can't be filled any more.
            self.highest, self.gaps, self.suspect_next = last, [], None
        else:
            self.suspect_next = last + 1

    def _fill(self, first: int, last: int) -> bool:
        kept: list[Gap] = []
        for gap in self.gaps:
            if last < gap.first or first > gap.last:
                kept.append(gap)
                continue
            if gap.first < first:
                kept.append(Gap(gap.first, first - 1, gap.opened_at))
            if last < gap.last:
                kept.append(Gap(last + 1, gap.last, gap.opened_at))
        filled = kept != self.gaps
        self.gaps = kept
        return filled


def advanced(numbering: Numbering, deliveries: Iterable[tuple[int, int, datetime]]) -> Numbering:
    """The numbering after these deliveries (first, last, receipt), given in order of receipt."""
    after = Numbering(numbering.highest, list(numbering.gaps), numbering.suspect_next)
    for first, last, at in deliveries:
        after.advance(first, last, at)
    return after
