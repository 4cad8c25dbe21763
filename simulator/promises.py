"""Purchase orders, quotes and templates of repeating invoices: documents that post nothing.

Plain state, as model.py. The rules are in purchase_orders.py, quotes.py and repeating.py, how they
look on the wire in promise_view.py.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.model import Document
from simulator.shelf import Shelf


@dataclass(slots=True)
class PurchaseOrder(Document):
    """What was ordered of a supplier. Its address of delivery is one text."""

    delivery_date: dt.date | None = None
    arrival_date: dt.date | None = None
    address: str = ""
    attention: str = ""
    telephone: str = ""
    instructions: str = ""


@dataclass(slots=True)
class Quote(Document):
    """What was offered to a customer."""

    expiry_date: dt.date | None = None
    title: str = ""
    summary: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every `period` weeks or months from `start` on; when what is made falls due."""

    period: int
    unit: str  # WEEKLY, MONTHLY
    due_day: int
    due_kind: str
    start: dt.date
    end: dt.date | None = None


@dataclass(slots=True)
class Template(Document):
    """What invoices or bills are made from; its status is given to what it makes.

    `next_run` is the day of the next one; None when there is none to come.
    """

    schedule: Schedule | None = None
    next_run: dt.date | None = None
    approved_for_sending: bool = False
    send_copy: bool = False
    mark_as_sent: bool = False
    include_pdf: bool = False


@dataclass
class Numbers:
    """The numbers of living documents of one kind, in lower case, with their owners' ids."""

    prefix: str
    owners: dict[str, str] = field(default_factory=dict)
    drawn: int = 0

    def fresh(self) -> str:
        """The next number that nobody has."""
        while True:
            self.drawn += 1
            number = f"{self.prefix}-{self.drawn:04d}"
            if number.lower() not in self.owners:
                return number

    def owner(self, number: str | None) -> str | None:
        """The id of the living document of a number."""
        return self.owners.get(number.lower()) if number else None

    def give(self, document: Document, *, former: str = "") -> None:
        """Note a document under its number, and no longer under its former one."""
        self.owners.pop(former.lower(), None)
        self.owners[document.number.lower()] = document.id

    def free(self, document: Document) -> None:
        """Let others have the number of a document that was deleted."""
        self.owners.pop(document.number.lower(), None)


@dataclass
class Promises:
    """All of an organisation's.

    `turned_on` is the last day on which all templates that were due have run.
    """

    orders: Shelf[PurchaseOrder] = field(default_factory=Shelf)
    quotes: Shelf[Quote] = field(default_factory=Shelf)
    templates: Shelf[Template] = field(default_factory=Shelf)
    order_numbers: Numbers = field(default_factory=lambda: Numbers("PO"))
    quote_numbers: Numbers = field(default_factory=lambda: Numbers("QU"))
    turned_on: dt.date | None = None

    def documents(self) -> Iterator[Document]:
        """Every one of them."""
        yield from self.orders
        yield from self.quotes
        yield from self.templates
