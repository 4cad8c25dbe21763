"""The rules of payment status: from invoice records to what a CRM wants to know.

Pure: no clock, no database, no Kafka. Amounts are Decimal here and decimal strings in documents,
always in the currency named beside them and never added across currencies. Whether an invoice is
due or overdue is not decided here: the record says so, by the organisation's own calendar.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm.kit import Change, Key, Unreadable, Version

SCHEMA_VERSION = "1.0.0"

#: An approved document: it is or was owed, so it makes activity. Drafts, void and deleted do not.
APPROVED = frozenset({"open", "paid"})

#: One spelling only: ids are compared as text.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceState:
    """What payment status keeps of one invoice or bill at one version.

    Attributes:
        gone: hard-deleted at Xero, or erased. Then everything but ids and version is None: the
            version stays so that an older change, coming late, cannot bring the invoice back.
        document: the invoice's own status, `deleted` when it is flagged so.
        settlement: none, unpaid, partially_paid, paid; or a value of a later day.
        timing: none, not_due, due, overdue; or a value of a later day.
        total, amount_due: in `currency`.
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
    document: str | None = None
    settlement: str | None = None
    timing: str | None = None
    due_date: date | None = None
    paid_on: date | None = None
    updated_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Which invoice."""
        return Key(self.tenant_id, "invoice", self.invoice_id)

    @property
    def version(self) -> Version:
        """Where in its history."""
        return Version(self.epoch, self.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceGroup:
    """Invoices of one contact that count alike.

    Attributes:
        owing: each of them has a positive amount due.
        amount_due: their sum, in `currency`.
        oldest_due_date: the earliest due date among them.
    """

    type: str | None
    currency: str | None
    document: str | None
    timing: str | None
    owing: bool
    count: int
    amount_due: Decimal
    oldest_due_date: date | None


@dataclass(frozen=True, slots=True)
class ContactName:
    """How a contact is called: as on the invoice that Xero changed last."""

    id: str
    remote_id: str | None
    name: str | None


def invoice_state(change: Change) -> InvoiceState:
    """Keep of a change what payment status needs.

    Raises:
        Unreadable: an id, a date or an amount is not one.
    """
    bare = InvoiceState(
        tenant_id=lower_uuid(change.key.tenant_id, "tenant"),
        invoice_id=lower_uuid(change.key.entity_id, "invoice"),
        epoch=change.version.epoch,
        sequence=change.version.sequence,
        gone=change.record is None,
    )
    record = change.record
    if record is None:
        return bare
    contact = record.get("contact") or {}
    contact_id = contact.get("id")
    return replace(
        bare,
        remote_id=record.get("remote_id"),
        number=record.get("number"),
        type=record.get("type"),
        contact_id=None if contact_id is None else lower_uuid(contact_id, "contact"),
        contact_remote_id=contact.get("remote_id"),
        contact_name=contact.get("name"),
        currency=record.get("currency"),
        total=_decimal(record.get("total"), "total"),
        amount_due=_decimal(record.get("amount_due"), "amount_due"),
        document="deleted" if record.get("is_deleted") else record.get("status") or "unknown",
        settlement=record.get("payment_status"),
        timing=record.get("timing"),
        due_date=_date(record.get("due_date"), "due_date"),
        paid_on=_date(record.get("paid_on"), "paid_on"),
        updated_at=_instant(record.get("updated_at"), "updated_at"),
    )


def invoice_document(state: InvoiceState, as_of: datetime) -> Document | None:
    """Return the invoice's payment status; None (a tombstone) when the invoice is gone."""
    if state.gone:
        return None
    contact = None
    if state.contact_id is not None:
        contact = {
            "id": state.contact_id,
            "remote_id": state.contact_remote_id,
            "name": state.contact_name,
        }
    return {
        "schema_version": SCHEMA_VERSION,
        "tenant_id": state.tenant_id,
        "invoice": {
            "id": state.invoice_id,
            "remote_id": state.remote_id,
            "number": state.number,
        },
        "type": state.type,
        "contact": contact,
        "currency": state.currency,
        "total": _text(state.total),
        "amount_due": _text(state.amount_due),
        "document": state.document,
        "settlement": state.settlement,
        "timing": state.timing,
        "due_date": _iso(state.due_date),
        "paid_on": _iso(state.paid_on),
        "epoch": state.epoch,
        "sequence": state.sequence,
        "as_of": instant(as_of),
    }


def contact_document(
    tenant_id: str,
    contact: ContactName,
    *,
    groups: Iterable[InvoiceGroup],
    as_of: datetime,
) -> Document | None:
    """Return the contact's payment status; None (a tombstone) when no invoice names it.

    `status` says how the contact stands with us (our sales invoices), `payable_status` how we
    stand with it (its bills): `no_activity` without an approved document, `overdue` with an
    overdue one, else `current`. One bucket per type and currency that has an approved document.
    """
    groups = list(groups)
    if not groups:
        return None
    buckets: dict[tuple[str | None, str | None], list[InvoiceGroup]] = {}
    for group in groups:
        if group.document in APPROVED:
            buckets.setdefault((group.type, group.currency), []).append(group)
    return {
        "schema_version": SCHEMA_VERSION,
        "tenant_id": tenant_id,
        "contact": {"id": contact.id, "remote_id": contact.remote_id, "name": contact.name},
        "status": _standing(groups, "invoice"),
        "payable_status": _standing(groups, "bill"),
        "buckets": [
            _bucket(buckets[type_, currency], type_, currency)
            for type_, currency in sorted(buckets, key=lambda k: (k[0] or "", k[1] or ""))
        ],
        "as_of": instant(as_of),
    }


def group_of(state: InvoiceState) -> InvoiceGroup:
    """Return the group of one invoice alone."""
    return InvoiceGroup(
        type=state.type,
        currency=state.currency,
        document=state.document,
        timing=state.timing,
        owing=state.amount_due is not None and state.amount_due > 0,
        count=1,
        amount_due=Decimal(0) if state.amount_due is None else state.amount_due,
        oldest_due_date=state.due_date,
    )


def digest(document: Document | None) -> bytes | None:
    """Return 16 bytes that move when a field other than `as_of` does; None for a tombstone."""
    if document is None:
        return None
    content = {name: value for name, value in document.items() if name != "as_of"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def instant(moment: datetime) -> str:
    """Return an aware moment as RFC 3339 text, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lower_uuid(text: Any, name: str) -> str:
    """Return `text` if it is a UUID in lower case.

    Raises:
        Unreadable: it is not; the message calls it `name`.
    """
    if not isinstance(text, str) or _UUID.fullmatch(text) is None:
        raise Unreadable(f"the {name} id is not a lower-case UUID")
    return text


def _is_open(group: InvoiceGroup) -> bool:
    return group.document == "open" and group.owing


def _is_overdue(group: InvoiceGroup) -> bool:
    return _is_open(group) and group.timing == "overdue"


def _standing(groups: list[InvoiceGroup], type_: str) -> str:
    approved = [g for g in groups if g.type == type_ and g.document in APPROVED]
    if not approved:
        return "no_activity"
    return "overdue" if any(_is_overdue(group) for group in approved) else "current"


def _bucket(groups: list[InvoiceGroup], type_: str | None, currency: str | None) -> Document:
    open_ = [group for group in groups if _is_open(group)]
    overdue = [group for group in open_ if _is_overdue(group)]
    # Added up from nothing in the amounts' own precision: "0.00" in dollars, "0" in yen.
    everything = sum((group.amount_due for group in groups), Decimal(0))
    nothing = everything - everything
    due_dates = [g.oldest_due_date for g in open_ if g.oldest_due_date is not None]
    return {
        "type": type_,
        "currency": currency,
        "open": _text(sum((group.amount_due for group in open_), nothing)),
        "overdue": _text(sum((group.amount_due for group in overdue), nothing)),
        "open_count": sum(group.count for group in open_),
        "overdue_count": sum(group.count for group in overdue),
        "oldest_due_date": _iso(min(due_dates, default=None)),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _decimal(text: Any, name: str) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise Unreadable(f"{name} is not a decimal") from error
    if not amount.is_finite():
        raise Unreadable(f"{name} is not a finite decimal")
    return amount


def _date(text: Any, name: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Unreadable(f"{name} is not a date") from error


def _instant(text: Any, name: str) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Unreadable(f"{name} is not an instant") from error
    if moment is not None and moment.tzinfo is None:
        raise Unreadable(f"{name} has no offset from UTC")
    return moment
