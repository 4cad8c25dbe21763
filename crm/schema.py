"""The shape of the two payment statuses, as their JSON Schemas tell it.

No document is validated while it is made: tests hold what `payment_status` and `contact_status`
write to these models.
"""

from typing import Annotated

from pydantic import Field

from unified.model import Amount, Currency, Day, Instant, Number, OneOf, Part, Personal, Uuid

_Type = Annotated[str, OneOf("invoice", "bill")]
_Standing = Annotated[str, OneOf("no_activity", "current", "overdue", "in_credit")]
_Count = Annotated[int, Field(ge=0)]
_Rate = Annotated[Number, Field(description="Document units per base unit")]


class StatusInvoice(Part):
    """Which invoice or bill."""

    id: Uuid
    remote_id: str | None
    number: str | None


class StatusContact(Part):
    """Which contact, as on the document that Xero changed last."""

    id: Uuid
    remote_id: str | None
    name: Personal | None


class SettledBy(Part):
    """One thing that settles the invoice, wholly or in part."""

    resource: Annotated[str, OneOf("payment", "credit_note", "prepayment", "overpayment")]
    id: str | None
    remote_id: str | None
    date: Day | None
    amount: Amount | None
    rate: _Rate | None


class UndonePayment(Part):
    """A payment of the invoice that was taken back."""

    id: Uuid
    remote_id: str | None
    date: Day | None
    amount: Amount | None


class InvoiceBase(Part):
    """What the invoice is worth in the organisation's base currency."""

    currency: Currency | None
    basis: Annotated[str, OneOf("document_rate")]
    rate: _Rate | None
    total: Amount | None
    amount_due: Amount | None
    realised_gain: Amount | None


class InvoicePaymentStatus(Part):
    """Where one invoice or bill stands, what is due, and what settled it."""

    schema_version: str
    tenant_id: Uuid
    invoice: StatusInvoice
    type: _Type | None
    contact: StatusContact | None
    currency: Currency | None
    total: Amount | None
    amount_due: Amount | None
    amount_paid: Amount | None
    amount_credited: Amount | None
    document: Annotated[str, OneOf("draft", "submitted", "open", "paid", "void", "deleted")] | None
    settlement: Annotated[str, OneOf("none", "unpaid", "partially_paid", "paid")] | None
    timing: Annotated[str, OneOf("none", "not_due", "due", "overdue")] | None
    due_date: Day | None
    paid_on: Day | None
    settled_by: list[SettledBy] | None
    undone_payments: list[UndonePayment]
    base: InvoiceBase
    epoch: Annotated[int, Field(ge=0)]
    sequence: Annotated[int, Field(ge=1)]
    as_of: Instant


class UnappliedBy(Part):
    """Credit that is left, by the kind of credit."""

    credit_note: Amount
    prepayment: Amount
    overpayment: Amount


class Bucket(Part):
    """What is open between us and a contact in one currency, on one side of the trade."""

    type: _Type | None
    currency: Currency | None
    open: Amount
    overdue: Amount
    open_count: _Count
    overdue_count: _Count
    oldest_due_date: Day | None
    unapplied_credit: Amount
    unapplied_by: UnappliedBy
    refunded: Amount


class BaseTotal(Part):
    """The same over all currencies, in base currency; `unconverted` things have no rate."""

    type: _Type | None
    currency: Currency | None
    basis: Annotated[str, OneOf("document_rate")]
    open: Amount
    overdue: Amount
    unapplied_credit: Amount
    unconverted: _Count


class ContactPaymentStatus(Part):
    """How one contact stands with us, and we with it."""

    schema_version: str
    tenant_id: Uuid
    contact: StatusContact
    status: _Standing
    payable_status: _Standing
    buckets: list[Bucket]
    base_totals: list[BaseTotal]
    as_of: Instant
