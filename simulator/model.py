"""The records of one organisation: plain state.

Rules live with the resources (contacts.py, invoices.py, credit_notes.py, payments.py, …), wire
forms in the views; shelves, which keep records in Xero's orders, in shelf.py.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

ZERO = Decimal("0.00")

Fragments = dict[tuple[str, int], tuple[object, bytes]]
"""Rendered bytes by shape and decimals, each with the revisions it was rendered from."""

_SALES = frozenset(
    {"ACCREC", "ACCRECCREDIT", "QUOTE", "RECEIVE", "RECEIVE-PREPAYMENT", "RECEIVE-OVERPAYMENT"}
)


class CreditKind(StrEnum):
    """The three kinds of credit, by the singular of their collection at Xero."""

    CREDIT_NOTE = "CreditNote"
    PREPAYMENT = "Prepayment"
    OVERPAYMENT = "Overpayment"

    @property
    def collection(self) -> str:
        """The name of its endpoint and of lists of it."""
        return f"{self}s"

    @property
    def id_key(self) -> str:
        """The key of its id."""
        return f"{self}ID"

    @property
    def category(self) -> str:
        """The category of its webhook events."""
        return self.upper()


@dataclass(slots=True)
class Contact:
    """A contact; `fields` holds what callers may write, in wire form.

    `documents` are its invoices and bills, `credits` and `bank_transactions` what their names say;
    `groups` are ids of the contact groups that it is in.
    """

    id: str
    fields: dict[str, Any]
    updated_ms: int = 0
    is_customer: bool = False
    is_supplier: bool = False
    merged_to: str | None = None
    documents: set[str] = field(default_factory=set)
    credits: set[tuple[CreditKind, str]] = field(default_factory=set)
    bank_transactions: set[str] = field(default_factory=set)
    groups: list[str] = field(default_factory=list)
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
    """A line of a document; amounts in document currency."""

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
class Document:
    """What invoices, credits and bank transactions have in common; amounts in its currency.

    `payments` and `allocations` name what is applied to it, or what it was applied to. `rate` is
    document currency for one unit of base currency.
    """

    id: str
    type: str
    contact_id: str
    currency: str
    date: dt.date
    status: str = "DRAFT"
    number: str = ""
    reference: str = ""
    due_date: dt.date | None = None
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
    allocations: list[str] = field(default_factory=list)
    fully_paid_on: dt.date | None = None
    created_by: str | None = None
    updated_ms: int = 0
    revision: int = 0
    fragments: Fragments = field(default_factory=dict)

    @property
    def is_sale(self) -> bool:
        """Whether it is about what is sold, and so about receivables."""
        return self.type in _SALES

    @property
    def is_applied(self) -> bool:
        """Whether payments, refunds or allocations stand against it."""
        return bool(self.payments or self.allocations)


@dataclass(slots=True)
class Invoice(Document):
    """A sales invoice (ACCREC) or bill (ACCPAY); `template_id` of the template that made it."""

    template_id: str | None = None
    expected_payment_date: dt.date | None = None
    planned_payment_date: dt.date | None = None
    amount_paid: Decimal = ZERO
    amount_credited: Decimal = ZERO

    @property
    def amount_due(self) -> Decimal:
        """Total less what was paid and credited; nothing on a voided document."""
        if self.status == "VOIDED":
            return ZERO
        return self.total - self.amount_paid - self.amount_credited


@dataclass(slots=True)
class Credit(Document):
    """A credit note, prepayment or overpayment; payments against it are refunds.

    The type is ACCRECCREDIT or ACCPAYCREDIT, else that of the bank transaction that made it.
    """

    kind: CreditKind = CreditKind.CREDIT_NOTE
    allocated: Decimal = ZERO
    refunded: Decimal = ZERO
    bank_transaction_id: str | None = None

    @property
    def remaining(self) -> Decimal:
        """Total less what was allocated and refunded: all of it when voided or deleted, too."""
        return self.total - self.allocated - self.refunded


@dataclass(slots=True)
class BankTransaction(Document):
    """Money spent or received at a bank account.

    `credit_id` names the credit that it made, `transfer_id` the transfer whose side it is: a side
    has no contact, so its `contact_id` is empty.
    """

    bank_account_id: str = ""
    is_reconciled: bool = False
    credit_id: str | None = None
    transfer_id: str | None = None


@dataclass(slots=True)
class Payment:
    """Money against one document; a refund where that is a credit.

    `amount` is in the document's currency, `bank_amount` in the account's. `rate` is the
    document's currency for one unit of base on the day of the payment. `batch_id` names the batch
    that it belongs to.
    """

    id: str
    document_id: str
    type: str
    account_id: str
    date: dt.date
    amount: Decimal
    bank_amount: Decimal
    rate: Decimal
    reference: str | None = None
    is_reconciled: bool = False
    batch_id: str | None = None
    status: str = "AUTHORISED"
    updated_ms: int = 0
    revision: int = 0
    fragments: Fragments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Part of a credit, applied to an invoice or bill of the same contact and currency."""

    id: str
    kind: CreditKind
    credit_id: str
    invoice_id: str
    amount: Decimal
    date: dt.date


@dataclass(slots=True)
class Account:
    """An account of the chart.

    `currency` is that of a bank account; empty for the organisation's own. `system` is Xero's word
    for what it keeps the account for, empty for the others.
    """

    id: str
    code: str
    name: str
    type: str
    takes_payments: bool = False
    currency: str = ""
    status: str = "ACTIVE"
    tax_type: str = "NONE"
    description: str | None = None
    bank_number: str = ""
    bank_kind: str = ""
    system: str = ""
    reporting_code: str = ""
    in_expense_claims: bool = False
    is_watched: bool = False
    updated_ms: int = 0

    @property
    def is_for_lines(self) -> bool:
        """Whether a new line may name it: an active one that is no bank's and no ledger's own."""
        own = self.type == "BANK" or self.system in {"DEBTORS", "CREDITORS"}
        return self.status == "ACTIVE" and not own
