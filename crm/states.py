"""What payment status keeps of invoices, credits and payments, read from their changes.

One state is one thing at one version. A thing that is gone (hard-deleted at Xero, or erased)
keeps its ids and version, so that an older change, coming late, cannot bring it back; everything
else is None then. Amounts are in `currency`, `…_base` in `base_currency`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm.kit import Change, Key, Version
from crm.reading import (
    as_object,
    as_objects,
    calendar_day,
    decimal,
    lower_uuid,
    moment,
    optional_uuid,
    rate_of,
)

#: Resources of credit that is given or received before, or apart from, an invoice.
CREDITS = ("credit_note", "prepayment", "overpayment")

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settlement:
    """One thing that settles part of an invoice, as the invoice itself lists it.

    Attributes:
        resource: payment, credit_note, prepayment, overpayment; or a word of a later day.
        id, remote_id: of that payment or credit; null ids where Xero names none.
        amount: in the invoice's currency.
        rate: at which it settles, where the invoice tells: of payments, not of credits.
    """

    resource: str
    id: str | None
    remote_id: str | None
    on: date | None
    amount: Decimal | None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceState:
    """An invoice or bill.

    Attributes:
        document: the invoice's own status, `deleted` when it is flagged so.
        settlement: none, unpaid, partially_paid, paid; or a value of a later day.
        timing: none, not_due, due, overdue; or a value of a later day.
        rate: `currency` per unit of `base_currency`, as on the document.
        settled_by: what paid and credited it; None: not known, since an older program stored it.
    """

    tenant_id: str
    invoice_id: str
    epoch: int
    sequence: int
    gone: bool = False
    remote_id: str | None = None
    number: str | None = None
    type: str | None = None
    contact_id: str | None = None
    contact_remote_id: str | None = None
    contact_name: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    amount_due: Decimal | None = None
    amount_paid: Decimal | None = None
    amount_credited: Decimal | None = None
    base_currency: str | None = None
    rate: Decimal | None = None
    total_base: Decimal | None = None
    amount_due_base: Decimal | None = None
    document: str | None = None
    settlement: str | None = None
    timing: str | None = None
    due_date: date | None = None
    paid_on: date | None = None
    updated_at: datetime | None = None
    settled_by: tuple[Settlement, ...] | None = None

    @property
    def key(self) -> Key:
        """Which invoice."""
        return Key(self.tenant_id, "invoice", self.invoice_id)

    @property
    def version(self) -> Version:
        """Where in its history."""
        return Version(self.epoch, self.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditState:
    """A credit note, prepayment or overpayment.

    Attributes:
        resource: which of them.
        type: `receivable` (the contact has it with us), `payable` (we have it with the contact).
        remaining: what is neither allocated nor refunded. Xero says the whole total here for
            void and deleted credits too: only an open one offers anything.
        targets: invoices that it is allocated to; not stored.
    """

    tenant_id: str
    credit_id: str
    resource: str
    epoch: int
    sequence: int
    gone: bool = False
    remote_id: str | None = None
    type: str | None = None
    contact_id: str | None = None
    contact_remote_id: str | None = None
    contact_name: str | None = None
    currency: str | None = None
    base_currency: str | None = None
    rate: Decimal | None = None
    remaining: Decimal | None = None
    remaining_base: Decimal | None = None
    document: str | None = None
    updated_at: datetime | None = None
    targets: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Which credit."""
        return Key(self.tenant_id, self.resource, self.credit_id)

    @property
    def version(self) -> Version:
        """Where in its history."""
        return Version(self.epoch, self.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentState:
    """A payment of an invoice, or the refund of a credit.

    Attributes:
        kind: payment, refund; or a word of a later day.
        target_resource, target_id: what it pays or refunds.
        rate: `currency` per unit of base currency on the day of the payment.
        document: completed, deleted; or a word of a later day.
    """

    tenant_id: str
    payment_id: str
    epoch: int
    sequence: int
    gone: bool = False
    remote_id: str | None = None
    kind: str | None = None
    target_resource: str | None = None
    target_id: str | None = None
    paid_on: date | None = None
    currency: str | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    document: str | None = None

    @property
    def key(self) -> Key:
        """Which payment."""
        return Key(self.tenant_id, "payment", self.payment_id)

    @property
    def version(self) -> Version:
        """Where in its history."""
        return Version(self.epoch, self.sequence)


State = InvoiceState | CreditState | PaymentState


def invoice_state(change: Change) -> InvoiceState:
    """Keep of an invoice's change what payment status needs.

    Raises:
        Unreadable: an id, a date or an amount is not one.
    """
    record = change.record
    bare = InvoiceState(
        tenant_id=lower_uuid(change.key.tenant_id, "tenant"),
        invoice_id=lower_uuid(change.key.entity_id, "invoice"),
        epoch=change.version.epoch,
        sequence=change.version.sequence,
        gone=record is None,
    )
    if record is None:
        return bare
    return replace(
        bare,
        remote_id=record.get("remote_id"),
        number=record.get("number"),
        type=record.get("type"),
        **_contact(record),
        currency=record.get("currency"),
        total=decimal(record.get("total"), "total"),
        amount_due=decimal(record.get("amount_due"), "amount_due"),
        amount_paid=decimal(record.get("amount_paid"), "amount_paid"),
        amount_credited=decimal(record.get("amount_credited"), "amount_credited"),
        base_currency=record.get("base_currency"),
        rate=rate_of(record),
        total_base=decimal(record.get("total_base"), "total_base"),
        amount_due_base=decimal(record.get("amount_due_base"), "amount_due_base"),
        document=_document(record),
        settlement=record.get("payment_status"),
        timing=record.get("timing"),
        due_date=calendar_day(record.get("due_date"), "due_date"),
        paid_on=calendar_day(record.get("paid_on"), "paid_on"),
        updated_at=moment(record.get("updated_at"), "updated_at"),
        settled_by=_settlements(record),
    )


def credit_state(change: Change) -> CreditState:
    """Keep of the change of a credit what payment status needs.

    Raises:
        Unreadable: an id, a date or an amount is not one.
    """
    record = change.record
    bare = CreditState(
        tenant_id=lower_uuid(change.key.tenant_id, "tenant"),
        credit_id=lower_uuid(change.key.entity_id, "credit"),
        resource=change.key.resource,
        epoch=change.version.epoch,
        sequence=change.version.sequence,
        gone=record is None,
    )
    if record is None:
        return bare
    targets = (
        optional_uuid(held.get("target"), "target")
        for held in as_objects(record.get("allocations"), "allocations")
    )
    return replace(
        bare,
        remote_id=record.get("remote_id"),
        type=record.get("type"),
        **_contact(record),
        currency=record.get("currency"),
        base_currency=record.get("base_currency"),
        rate=rate_of(record),
        remaining=decimal(record.get("remaining_credit"), "remaining_credit"),
        remaining_base=decimal(record.get("remaining_credit_base"), "remaining_credit_base"),
        document=_document(record),
        updated_at=moment(record.get("updated_at"), "updated_at"),
        targets=tuple(sorted({target for target in targets if target is not None})),
    )


def payment_state(change: Change) -> PaymentState:
    """Keep of a payment's change what payment status needs.

    Raises:
        Unreadable: an id, a date or an amount is not one.
    """
    record = change.record
    bare = PaymentState(
        tenant_id=lower_uuid(change.key.tenant_id, "tenant"),
        payment_id=lower_uuid(change.key.entity_id, "payment"),
        epoch=change.version.epoch,
        sequence=change.version.sequence,
        gone=record is None,
    )
    if record is None:
        return bare
    # One payment of Xero's settles exactly one document.
    applied = next(iter(as_objects(record.get("applied_to"), "applied_to")), {})
    return replace(
        bare,
        remote_id=record.get("remote_id"),
        kind=record.get("kind"),
        target_resource=applied.get("resource"),
        target_id=optional_uuid(applied.get("ref"), "paid document"),
        paid_on=calendar_day(record.get("date"), "date"),
        currency=record.get("currency"),
        amount=decimal(record.get("amount"), "amount"),
        rate=rate_of(record),
        document=_document(record),
    )


def _document(record: Record) -> str:
    if record.get("is_deleted"):
        return "deleted"
    return record.get("status") or "unknown"


def _contact(record: Record) -> dict[str, Any]:
    contact = as_object(record.get("contact"), "contact")
    return {
        "contact_id": optional_uuid(contact, "contact"),
        "contact_remote_id": contact.get("remote_id"),
        "contact_name": contact.get("name"),
    }


def _settlements(record: Record) -> tuple[Settlement, ...]:
    payments = as_objects(record.get("payments"), "payments")
    credits_ = as_objects(record.get("credits"), "credits")
    found = [_settlement(held, "payment") for held in payments]
    found += [_settlement(held, held.get("resource") or "unknown") for held in credits_]
    # Xero's order means nothing, so that another order is no news.
    found.sort(key=lambda each: (each.on or date.min, each.resource, each.id or ""))
    return tuple(found)


def _settlement(held: Record, resource: str) -> Settlement:
    return Settlement(
        resource=resource,
        id=optional_uuid(held.get("ref"), resource),
        remote_id=as_object(held.get("ref"), resource).get("remote_id"),
        on=calendar_day(held.get("date"), "date"),
        amount=decimal(held.get("amount"), "amount"),
        rate=rate_of(held),
    )
