"""The general ledger: journals that are only ever added to, and what they add up to.

Whenever a record changes, what it says now (postings.py) is held against what stands of it: what
it no longer says is reversed by a further journal, what it says anew is posted. That edits show
as further journals is how Xero's users see it; its documentation does not say. Journals are
numbered in the order in which they were made. Reports of them are in figures.py.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from simulator.model import ZERO
from simulator.postings import Entry, entries_of

if TYPE_CHECKING:
    from simulator.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Journal:
    """One journal, numbered from 1."""

    id: str
    number: int
    created_ms: int
    entry: Entry

    def line_id(self, index: int) -> str:
        """The id of one of its lines."""
        return str(uuid5(UUID(self.id), str(index)))


@dataclass
class General:
    """The journals of one organisation, oldest first, and the daily movements of its accounts."""

    journals: list[Journal] = field(default_factory=list)
    by_id: dict[str, Journal] = field(default_factory=dict)
    moved: dict[str, dict[date, Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: ZERO))
    )
    _standing: dict[str, dict[tuple[str, str], Entry]] = field(default_factory=dict)

    def post(self, ledger: "Ledger", record: object, *, at_ms: int) -> None:
        """Bring the journals up to date with what a record says now."""
        entries = entries_of(ledger, record)
        if entries is None:
            return
        source = str(getattr(record, "id", ""))
        says = {entry.key: entry for entry in entries}
        stood = self._standing.get(source, {})
        if says == stood:
            return
        for key, entry in stood.items():
            if says.get(key) != entry:
                self._add(ledger, _reversed(entry), at_ms)
        for key, entry in says.items():
            if stood.get(key) != entry:
                self._add(ledger, entry, at_ms)
        self._standing[source] = says

    def standing(self) -> Iterator[Entry]:
        """Everything that is said now: the journals less what was reversed."""
        for said in self._standing.values():
            yield from said.values()

    def _add(self, ledger: "Ledger", entry: Entry, at_ms: int) -> None:
        number = len(self.journals) + 1
        # Not drawn: what is booked must not decide what chance does next.
        journal_id = str(uuid5(UUID(ledger.tenant_id), f"journal {number}"))
        journal = Journal(journal_id, number, at_ms, entry)
        self.journals.append(journal)
        self.by_id[journal.id] = journal
        for line in entry.lines:
            days = self.moved[line.account_id]
            days[entry.date] += line.net


def _reversed(entry: Entry) -> Entry:
    return replace(
        entry,
        lines=tuple(
            replace(line, net=-line.net, gross=-line.gross, tax=-line.tax) for line in entry.lines
        ),
    )
