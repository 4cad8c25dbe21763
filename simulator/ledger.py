"""One organisation's state: its records, its stamps, and the changes it announces.

Every write goes through `stamp`, which keeps the clocks sensible: stamps of an organisation
never go back, and two stamps of one record are never equal. Rules live with the resources.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from simulator.countries import Country
from simulator.model import Account, Contact, Invoice, Payment, Record, Shelf
from simulator.wire import to_ms

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Change:
    """Something Xero may announce: what, which, how, and the stamp its record got."""

    tenant_id: str
    category: str  # CONTACT, INVOICE, PAYMENT
    record_id: str
    kind: str  # CREATE, UPDATE
    stamped_ms: int


@dataclass(frozen=True)
class LedgerRules:
    """The switches of SimulatorConfig that decide what a change announces."""

    payment_fires_invoice_update: bool = True
    payment_events: bool = False
    merge_stamps_documents: bool = True


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
    contacts: Shelf[Contact] = field(default_factory=Shelf)
    invoices: Shelf[Invoice] = field(default_factory=Shelf)
    payments: Shelf[Payment] = field(default_factory=Shelf)
    accounts: tuple[Account, ...] = ()
    contact_names: dict[str, str] = field(default_factory=dict)
    contact_numbers: dict[str, str] = field(default_factory=dict)
    invoice_numbers: dict[str, str] = field(default_factory=dict)
    next_number: int = 1
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
        """Give a record its UpdatedDateUTC, shelve it, and announce it under a category."""
        now_ms = max(to_ms(self.clock()), self.last_stamp_ms)
        if record.updated_ms >= now_ms:
            now_ms = record.updated_ms + 1
        self.last_stamp_ms = now_ms
        shelf.put(record, now_ms)
        if category is not None:
            self.announce(Change(self.tenant_id, category, record.id, kind, now_ms))

    def announce_only(self, category: str, record_id: str) -> None:
        """Announce a change that Xero does not stamp."""
        now_ms = max(to_ms(self.clock()), self.last_stamp_ms)
        self.announce(Change(self.tenant_id, category, record_id, "UPDATE", now_ms))

    def contact_of(self, invoice: Invoice) -> Contact:
        """The contact a document belongs to."""
        return self.contacts.by_id[invoice.contact_id]

    def account(self, *, code: str | None = None, account_id: str | None = None) -> Account | None:
        """The account of that code or id."""
        for account in self.accounts:
            if account.code == code or account.id == account_id:
                return account
        return None

    def tax_percent(self, tax_type: str) -> Decimal | None:
        """The percentage of a tax type, or None when the organisation has no such rate."""
        return self.country.taxes.get(tax_type)

    def locked(self, day: date) -> bool:
        """Whether writes dated that day are refused (on or before a lock date)."""
        return any(lock is not None and day <= lock for lock in (self.period_lock, self.year_lock))
