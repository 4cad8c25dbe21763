"""The rules of a contact's payment status: what is open, overdue and unapplied between us.

Pure. Amounts are added up per type and currency; across currencies only their worth in base
currency is, each at the rate of its own document.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from crm.payment_status import (
    BASIS,
    SCHEMA_VERSION,
    Document,
    instant,
    iso,
    nothing_in,
    plain,
)
from crm.states import CREDITS, CreditState, InvoiceState, PaymentState

#: An approved document: it is or was owed, so it makes activity. Drafts, void and deleted do not.
APPROVED = frozenset({"open", "paid"})
#: Credit by which a contact is in credit with us stands beside its invoices, ours beside its bills.
BESIDE = {"receivable": "invoice", "payable": "bill"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceGroup:
    """Invoices of one contact that count alike.

    Attributes:
        owing: each of them has a positive amount due.
        amount_due: their sum, in `currency`.
        amount_due_base: the sum of those whose worth in `base_currency` is known.
        unconverted: how many others there are.
        oldest_due_date: the earliest due date among them.
    """

    type: str | None
    currency: str | None
    base_currency: str | None
    document: str | None
    timing: str | None
    owing: bool
    count: int
    amount_due: Decimal
    amount_due_base: Decimal
    unconverted: int
    oldest_due_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditGroup:
    """Credits of one contact that count alike.

    Attributes:
        resource: credit_note, prepayment or overpayment.
        remaining: what is neither allocated nor refunded, in `currency`.
        remaining_base, unconverted: as in `InvoiceGroup`.
        refunded: what was paid back of them, in `currency`.
    """

    type: str | None
    resource: str
    currency: str | None
    base_currency: str | None
    document: str | None
    remaining: Decimal
    remaining_base: Decimal
    unconverted: int
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class ContactName:
    """How a contact is called: as on the document that Xero changed last."""

    id: str
    remote_id: str | None
    name: str | None


def contact_document(
    tenant_id: str,
    contact: ContactName,
    *,
    groups: Iterable[InvoiceGroup],
    credits_: Iterable[CreditGroup] = (),
    as_of: datetime,
) -> Document | None:
    """Return the contact's payment status; None (a tombstone) when no document names it.

    `status` says how the contact stands with us (our sales invoices), `payable_status` how we
    stand with it (its bills): `no_activity` without an approved document or credit, `overdue`
    with an overdue one, `in_credit` with unapplied credit and nothing open, else `current`. One
    bucket per type and currency that has an approved document or credit.
    """
    groups, held = list(groups), list(credits_)
    if not groups and not held:
        return None
    groups = [group for group in groups if group.document in APPROVED]
    held = [group for group in held if group.document in APPROVED and group.type in BESIDE]
    return {
        "schema_version": SCHEMA_VERSION,
        "tenant_id": tenant_id,
        "contact": {"id": contact.id, "remote_id": contact.remote_id, "name": contact.name},
        "status": _standing(groups, held, "invoice"),
        "payable_status": _standing(groups, held, "bill"),
        "buckets": _buckets(groups, held),
        "base_totals": _base_totals(groups, held),
        "as_of": instant(as_of),
    }


def group_of(state: InvoiceState) -> InvoiceGroup:
    """Return the group of one invoice alone."""
    return InvoiceGroup(
        type=state.type,
        currency=state.currency,
        base_currency=state.base_currency,
        document=state.document,
        timing=state.timing,
        owing=state.amount_due is not None and state.amount_due > 0,
        count=1,
        amount_due=state.amount_due or Decimal(0),
        amount_due_base=state.amount_due_base or Decimal(0),
        unconverted=int(state.amount_due_base is None),
        oldest_due_date=state.due_date,
    )


def credit_group_of(state: CreditState, payments: Iterable[PaymentState] = ()) -> CreditGroup:
    """Return the group of one credit alone, with what was paid of it."""
    refunds = (payment for payment in payments if is_refund(payment))
    return CreditGroup(
        type=state.type,
        resource=state.resource,
        currency=state.currency,
        base_currency=state.base_currency,
        document=state.document,
        remaining=state.remaining or Decimal(0),
        remaining_base=state.remaining_base or Decimal(0),
        unconverted=int(state.remaining_base is None),
        refunded=sum((refund.amount or Decimal(0) for refund in refunds), Decimal(0)),
    )


def is_refund(payment: PaymentState) -> bool:
    """Return whether a payment pays a credit back, and was not taken back itself."""
    return payment.kind == "refund" and payment.document == "completed"


def _is_open(group: InvoiceGroup) -> bool:
    return group.document == "open" and group.owing


def _is_overdue(group: InvoiceGroup) -> bool:
    return _is_open(group) and group.timing == "overdue"


def _is_left(group: CreditGroup) -> bool:
    # Xero says the whole total of a void credit: only an open one offers anything.
    return group.document == "open" and group.remaining > 0


def _standing(groups: list[InvoiceGroup], credits_: list[CreditGroup], type_: str) -> str:
    groups = [group for group in groups if group.type == type_]
    held = [group for group in credits_ if BESIDE[group.type or ""] == type_]
    if not groups and not held:
        return "no_activity"
    if any(_is_overdue(group) for group in groups):
        return "overdue"
    in_credit = any(map(_is_left, held)) and not any(map(_is_open, groups))
    return "in_credit" if in_credit else "current"


def _buckets(groups: list[InvoiceGroup], credits_: list[CreditGroup]) -> list[Document]:
    places = {(group.type, group.currency) for group in groups}
    places |= {(BESIDE[group.type or ""], group.currency) for group in credits_}
    return [
        _bucket(
            [group for group in groups if (group.type, group.currency) == (type_, currency)],
            [
                group
                for group in credits_
                if (BESIDE[group.type or ""], group.currency) == (type_, currency)
            ],
            type_,
            currency,
        )
        for type_, currency in sorted(places, key=lambda place: (place[0] or "", place[1] or ""))
    ]


def _bucket(
    groups: list[InvoiceGroup],
    credits_: list[CreditGroup],
    type_: str | None,
    currency: str | None,
) -> Document:
    open_ = [group for group in groups if _is_open(group)]
    overdue = [group for group in open_ if _is_overdue(group)]
    left = [group for group in credits_ if _is_left(group)]
    nothing = nothing_in(currency)
    due_dates = [g.oldest_due_date for g in open_ if g.oldest_due_date is not None]
    return {
        "type": type_,
        "currency": currency,
        "open": plain(sum((group.amount_due for group in open_), nothing)),
        "overdue": plain(sum((group.amount_due for group in overdue), nothing)),
        "open_count": sum(group.count for group in open_),
        "overdue_count": sum(group.count for group in overdue),
        "oldest_due_date": iso(min(due_dates, default=None)),
        "unapplied_credit": plain(sum((group.remaining for group in left), nothing)),
        "unapplied_by": {
            resource: plain(sum((g.remaining for g in left if g.resource == resource), nothing))
            for resource in CREDITS
        },
        "refunded": plain(sum((group.refunded for group in credits_), nothing)),
    }


def _base_totals(groups: list[InvoiceGroup], credits_: list[CreditGroup]) -> list[Document]:
    """One total per type: an organisation has one base currency."""
    places = {(group.type, group.base_currency) for group in groups}
    places |= {(BESIDE[group.type or ""], group.base_currency) for group in credits_}
    totals = []
    for type_, base in sorted(places, key=lambda place: (place[0] or "", place[1] or "")):
        own = [g for g in groups if (g.type, g.base_currency) == (type_, base) and _is_open(g)]
        left = [
            group
            for group in credits_
            if (BESIDE[group.type or ""], group.base_currency) == (type_, base) and _is_left(group)
        ]
        nothing = nothing_in(base)
        overdue = (group.amount_due_base for group in own if _is_overdue(group))
        totals.append(
            {
                "type": type_,
                "currency": base,
                "basis": BASIS,
                "open": plain(sum((group.amount_due_base for group in own), nothing)),
                "overdue": plain(sum(overdue, nothing)),
                "unapplied_credit": plain(sum((group.remaining_base for group in left), nothing)),
                "unconverted": sum(g.unconverted for g in own) + sum(g.unconverted for g in left),
            }
        )
    return totals
