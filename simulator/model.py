"""The records of one organisation, and the two orders in which Xero lists them.

Plain state: rules live in contacts.py, invoices.py and payments.py, wire forms in the views.
"""

import bisect
import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

ZERO = Decimal("0.00")

Fragments = dict[tuple[str, int], tuple[object, bytes]]
"""Rendered bytes by shape and decimals, each with the revisions it was rendered from."""


class Record(Protocol):
    """What a shelf needs to know of a record."""

    id: str
    updated_ms: int


@dataclass(slots=True)
class Contact:
    """A contact; `fields` holds what callers may write, in wire form."""

    id: str
    fields: dict[str, Any]
    updated_ms: int = 0
    is_customer: bool = False
    is_supplier: bool = False
    merged_to: str | None = None
    documents: set[str] = field(default_factory=set)
    revision: int = 0
    balance_revision: int = 0
    fragments: Fragments = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name shown everywhere."""
        return str(self.fields["Name"])

    @property
    def status(self) -> str:
        """ACTIVE or ARCHIVED."""
        return str(self.fields["ContactStatus"])


@dataclass(slots=True)
class Line:
    """A line of an invoice or bill; amounts in document currency."""

    id: str
    description: str | None
    quantity: Decimal | None
    unit_amount: Decimal | None
    line_amount: Decimal
    tax_type: str | None
    tax_amount: Decimal
    account_code: str | None = None
    item_code: str | None = None
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None
    tracking: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Invoice:
    """A sales invoice (ACCREC) or bill (ACCPAY)."""

    id: str
    type: str
    contact_id: str
    currency: str
    date: dt.date
    status: str = "DRAFT"
    number: str = ""
    reference: str = ""
    due_date: dt.date | None = None
    expected_payment_date: dt.date | None = None
    planned_payment_date: dt.date | None = None
    line_amount_types: str = "Exclusive"
    lines: list[Line] = field(default_factory=list)
    rate: Decimal = Decimal(1)
    url: str | None = None
    branding_theme_id: str | None = None
    sent_to_contact: bool | None = None
    sub_total: Decimal = ZERO
    total_tax: Decimal = ZERO
    total: Decimal = ZERO
    total_discount: Decimal = ZERO
    rounding: Decimal = ZERO
    payments: list[str] = field(default_factory=list)
    amount_paid: Decimal = ZERO
    fully_paid_on: dt.date | None = None
    created_by: str | None = None
    updated_ms: int = 0
    revision: int = 0
    fragments: Fragments = field(default_factory=dict)

    @property
    def amount_due(self) -> Decimal:
        """Total less what was paid; nothing on a voided document."""
        return ZERO if self.status == "VOIDED" else self.total - self.amount_paid


@dataclass(slots=True)
class Payment:
    """Money against one invoice or bill; `amount` in its currency, `bank_amount` in base."""

    id: str
    invoice_id: str
    type: str
    account_id: str
    date: dt.date
    amount: Decimal
    bank_amount: Decimal
    rate: Decimal
    reference: str | None = None
    is_reconciled: bool = False
    status: str = "AUTHORISED"
    updated_ms: int = 0
    revision: int = 0
    fragments: Fragments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart, as far as documents and payments name it."""

    id: str
    code: str
    name: str
    type: str
    takes_payments: bool = False


R = TypeVar("R", bound=Record)


class Shelf(Generic[R]):
    """All records of one kind, kept in order of stamp and in order of id."""

    def __init__(self) -> None:
        self.by_id: dict[str, R] = {}
        self._stamped: list[tuple[int, str]] = []
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[R]:
        """Oldest change first, then by id: Xero's own order."""
        return (self.by_id[key] for _, key in self._stamped)

    def get(self, record_id: str) -> R | None:
        """The record of that id, if there is one."""
        return self.by_id.get(record_id)

    def put(self, record: R, stamp_ms: int) -> None:
        """Add a record, or move a known one to the place of its new stamp."""
        if record.id in self.by_id:
            del self._stamped[bisect.bisect_left(self._stamped, (record.updated_ms, record.id))]
        else:
            self.by_id[record.id] = record
            bisect.insort(self._ids, record.id)
        record.updated_ms = stamp_ms
        bisect.insort(self._stamped, (stamp_ms, record.id))

    def stamped(self, since_ms: int | None) -> list[str]:
        """Ids in order of stamp, from that stamp on (inclusive)."""
        start = 0 if since_ms is None else bisect.bisect_left(self._stamped, (since_ms, ""))
        return [key for _, key in self._stamped[start:]]

    def ids(self) -> list[str]:
        """All ids in order."""
        return self._ids

    def pick(self, rng: random.Random, fits: Callable[[R], bool], tries: int = 40) -> R | None:
        """A random record that fits, or None when so many draws found none."""
        for _ in range(tries if self._ids else 0):
            record = self.by_id[rng.choice(self._ids)]
            if fits(record):
                return record
        return None
