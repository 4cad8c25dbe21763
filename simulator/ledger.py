"""One organisation's state: its records, its stamps, and the changes it announces.

Every write goes through `stamp`, which keeps the clocks sensible: stamps of an organisation
never go back, and two stamps of one record are never equal. Rules live with the resources.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from simulator.bookings import Batch, ManualJournal, Transfer
from simulator.countries import Country
from simulator.filing import Filing
from simulator.general import General
from simulator.model import (
    Account,
    Allocation,
    BankTransaction,
    Contact,
    Credit,
    CreditKind,
    Document,
    Invoice,
    Payment,
)
from simulator.people import People
from simulator.promises import Promises
from simulator.reference import Reference
from simulator.shelf import Record, Shelf
from simulator.wire import instant_string, to_ms

R = TypeVar("R", bound=Record)

CATEGORIES = frozenset({"CONTACT", "INVOICE", "CREDITNOTE", "PREPAYMENT", "OVERPAYMENT", "PAYMENT"})
"""Categories of webhook events about books."""

_WITH_TYPE = frozenset({"CREDITNOTE", "PREPAYMENT", "OVERPAYMENT", "PAYMENT"})
_WITH_STAMP = _WITH_TYPE - {"CREDITNOTE"}


@dataclass(frozen=True, slots=True)
class Change:
    """Something Xero may announce: what, which, how, and the stamp its record got.

    `data` is what events of the newer categories say beside.
    """

    tenant_id: str
    category: str  # one of CATEGORIES
    record_id: str
    kind: str  # CREATE, UPDATE
    stamped_ms: int
    data: dict[str, str] | None = None


@dataclass(frozen=True)
class LedgerRules:
    """What Xero does not say: which stamps move, and what is announced.

    The defaults are what integrations rely on; SimulatorConfig says the rest of each.
    """

    categories: frozenset[str] = CATEGORIES - {"PAYMENT"}
    payment_fires_invoice_update: bool = True
    merge_stamps_documents: bool = True
    allocation_moves_invoice: bool = True
    allocation_moves_credit: bool = True
    refund_moves_credit: bool = True
    credits_lower_balances: bool = True
    groups_move_contacts: bool = True
    payroll: bool = False
    old_employees: bool = False


@dataclass
class Ledger:
    """The books of one organisation."""

    tenant_id: str
    name: str
    country: Country
    clock: Callable[[], datetime]
    rng: random.Random
    announce: Callable[[Change], None]
    rules: LedgerRules = field(default_factory=LedgerRules)
    created_ms: int = 0
    is_demo: bool = False
    contacts: Shelf[Contact] = field(default_factory=Shelf)
    invoices: Shelf[Invoice] = field(default_factory=Shelf)
    credits: dict[CreditKind, Shelf[Credit]] = field(
        default_factory=lambda: {kind: Shelf() for kind in CreditKind}
    )
    bank_transactions: Shelf[BankTransaction] = field(default_factory=Shelf)
    transfers: Shelf[Transfer] = field(default_factory=Shelf)
    payments: Shelf[Payment] = field(default_factory=Shelf)
    batches: Shelf[Batch] = field(default_factory=Shelf)
    manual_journals: Shelf[ManualJournal] = field(default_factory=Shelf)
    allocations: dict[str, Allocation] = field(default_factory=dict)
    reference: Reference = field(default_factory=Reference)
    people: People = field(default_factory=People)
    contact_names: dict[str, str] = field(default_factory=dict)
    contact_numbers: dict[str, str] = field(default_factory=dict)
    invoice_numbers: dict[str, str] = field(default_factory=dict)
    credit_note_numbers: dict[str, str] = field(default_factory=dict)
    next_number: int = 1
    next_credit_note: int = 1
    promises: Promises = field(default_factory=Promises)
    filing: Filing = field(default_factory=Filing)
    general: General = field(default_factory=General)
    period_lock: date | None = None
    year_lock: date | None = None
    last_stamp_ms: int = 0

    def new_id(self) -> str:
        """The next uuid drawn from the organisation's own randomness."""
        digits = f"{self.rng.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return (
            f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
        )

    def today(self) -> date:
        """The calendar day in the organisation's zone."""
        return self.clock().astimezone(ZoneInfo(self.country.iana_zone)).date()

    def stamp(self, shelf: Shelf[R], record: R, category: str | None, kind: str) -> None:
        """Give a record its UpdatedDateUTC, shelve, book and, under a category, announce it."""
        now_ms = max(to_ms(self.clock()), self.last_stamp_ms)
        if record.updated_ms >= now_ms:
            now_ms = record.updated_ms + 1
        self.last_stamp_ms = now_ms
        shelf.put(record, now_ms)
        self.general.post(self, record, at_ms=now_ms)
        if category is not None:
            self._announce(category, record, kind, at_ms=now_ms)

    def book(self, record: Record) -> None:
        """Post what a change says that Xero does not stamp."""
        self.general.post(self, record, at_ms=max(to_ms(self.clock()), self.last_stamp_ms))

    def announce_only(self, category: str, record: Record) -> None:
        """Announce a change that Xero does not stamp."""
        now_ms = max(to_ms(self.clock()), self.last_stamp_ms)
        self._announce(category, record, "UPDATE", at_ms=now_ms)

    def _announce(self, category: str, record: Record, kind: str, *, at_ms: int) -> None:
        if category in self.rules.categories:
            data = _data(category, record)
            self.announce(Change(self.tenant_id, category, record.id, kind, at_ms, data))

    def contact_of(self, document: Document) -> Contact:
        """The contact a document belongs to."""
        return self.contacts.by_id[document.contact_id]

    def document(self, document_id: str) -> Invoice | Credit:
        """The invoice, bill or credit of an id that is known to be one's. Raises KeyError."""
        invoice = self.invoices.get(document_id)
        if invoice is not None:
            return invoice
        found = (shelf.get(document_id) for shelf in self.credits.values())
        credit = next((one for one in found if one is not None), None)
        if credit is None:
            raise KeyError(document_id)
        return credit

    @property
    def accounts(self) -> Iterable[Account]:
        """The chart of accounts."""
        return self.reference.accounts.by_id.values()

    def account(self, *, code: str | None = None, account_id: str | None = None) -> Account | None:
        """The account of that code or id."""
        if account_id is not None:
            return self.reference.accounts.get(account_id)
        return next((each for each in self.accounts if code and each.code == code), None)

    def tax_percent(self, tax_type: str) -> Decimal | None:
        """The percentage of a tax type, or None when the organisation never had such a rate."""
        rate = self.reference.tax_rates.get(tax_type)
        return None if rate is None else rate.effective

    def may_tax(self, tax_type: str) -> bool:
        """Whether something new may be taxed so: archived rates stay on what has them."""
        rate = self.reference.tax_rates.get(tax_type)
        return rate is not None and rate.status == "ACTIVE"

    def locked(self, day: date) -> bool:
        """Whether writes dated that day are refused (on or before a lock date)."""
        return any(lock is not None and day <= lock for lock in (self.period_lock, self.year_lock))


def _data(category: str, record: Record) -> dict[str, str] | None:
    """What an event says of its record. What PAYMENT says is not known: as its neighbours do."""
    if category not in _WITH_TYPE or not isinstance(record, Credit | Payment):
        return None
    data = {"Type": record.type, "Status": record.status}
    if category in _WITH_STAMP:
        data["UpdatedDateUTCString"] = instant_string(record.updated_ms)
    return data
