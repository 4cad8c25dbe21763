"""The rules of an invoice's payment status: where it stands, what is due, and what settled it.

Pure: no clock, no database, no Kafka. Amounts are Decimal here and decimal strings in documents,
always in the currency named beside them and never added across currencies. Whether an invoice is
due or overdue is not decided here: the record says so, by the organisation's own calendar.

What an invoice was settled by, and for how much, stands on the invoice itself, so that it always
fits the amount due beside it. The payments and credits add what only they know: the rate of a
credit, and that a payment was taken back. They come on topics of their own, perhaps later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from crm.states import InvoiceState, PaymentState, Settlement
from unified.money import minor_digits, to_base

SCHEMA_VERSION = "1.1.0"

#: Whose rate base amounts are worked out with: each document's own, as it stands on it. So what
#: is due in base currency is what the books carry it at, not what it would bring today.
BASIS = "document_rate"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Companions:
    """What payments and credits tell of one invoice.

    Attributes:
        rates: by unified id of payment or credit, the rate at which it settles.
        undone: payments of this invoice that were taken back.
    """

    rates: Mapping[str, Decimal] = field(default_factory=dict)
    undone: tuple[PaymentState, ...] = ()


ALONE = Companions()


def invoice_document(
    state: InvoiceState, as_of: datetime, companions: Companions = ALONE
) -> Document | None:
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
        "total": plain(state.total),
        "amount_due": plain(state.amount_due),
        "amount_paid": plain(state.amount_paid),
        "amount_credited": plain(state.amount_credited),
        "document": state.document,
        "settlement": state.settlement,
        "timing": state.timing,
        "due_date": iso(state.due_date),
        "paid_on": iso(state.paid_on),
        "settled_by": _settled_by(state, companions),
        "undone_payments": [_undone(payment) for payment in sorted(companions.undone, key=_order)],
        "base": _base(state, companions),
        "epoch": state.epoch,
        "sequence": state.sequence,
        "as_of": instant(as_of),
    }


def realised_gain(
    state: InvoiceState, amount: Decimal, settled_at: Decimal | None
) -> Decimal | None:
    """Return what settling `amount` at another rate than the invoice's gains, in base currency.

    A loss is negative. Both worths are rounded to the minor unit, as books carry them. None where
    a rate is not known.
    """
    if state.rate is None or settled_at is None or state.base_currency is None:
        return None
    digits = minor_digits(state.base_currency)
    booked = Decimal(to_base(amount, state.rate, digits))
    settled = Decimal(to_base(amount, settled_at, digits))
    # To be paid more than was booked is a gain, and to pay more a loss.
    return booked - settled if state.type == "bill" else settled - booked


def digest(document: Document | None) -> bytes | None:
    """Return 16 bytes that move when a field other than `as_of` does; None for a tombstone."""
    if document is None:
        return None
    content = {name: value for name, value in document.items() if name != "as_of"}
    text = msgspec.json.encode(content, order="sorted")
    return hashlib.blake2b(text, digest_size=16).digest()


def nothing_in(currency: str | None) -> Decimal:
    """Return zero with the digits of a currency's minor unit: 0.00 dollars, 0 yen."""
    return Decimal(0).scaleb(-minor_digits(currency))


def instant(moment: datetime) -> str:
    """Return an aware moment as RFC 3339 text, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(amount: Decimal | None) -> str | None:
    """Return an amount as text without an exponent."""
    return None if amount is None else format(amount, "f")


def iso(day: date | None) -> str | None:
    """Return a calendar day as text."""
    return None if day is None else day.isoformat()


def _settled_by(state: InvoiceState, companions: Companions) -> list[Document] | None:
    if state.settled_by is None:
        return None
    return [
        {
            "resource": each.resource,
            "id": each.id,
            "remote_id": each.remote_id,
            "date": iso(each.on),
            "amount": plain(each.amount),
            "rate": plain(_rate(state, each, companions)),
        }
        for each in state.settled_by
    ]


def _rate(state: InvoiceState, settlement: Settlement, companions: Companions) -> Decimal | None:
    if state.currency is not None and state.currency == state.base_currency:
        return Decimal(1)  # whatever settles it: nothing is converted
    return settlement.rate or companions.rates.get(settlement.id or "")


def _undone(payment: PaymentState) -> Document:
    return {
        "id": payment.payment_id,
        "remote_id": payment.remote_id,
        "date": iso(payment.paid_on),
        "amount": plain(payment.amount),
    }


def _order(payment: PaymentState) -> tuple[date, str]:
    return payment.paid_on or date.min, payment.payment_id


def _base(state: InvoiceState, companions: Companions) -> Document:
    return {
        "currency": state.base_currency,
        "basis": BASIS,
        "rate": plain(state.rate),
        "total": plain(state.total_base),
        "amount_due": plain(state.amount_due_base),
        "realised_gain": plain(_gain(state, companions)),
    }


def _gain(state: InvoiceState, companions: Companions) -> Decimal | None:
    if state.settled_by is None or state.base_currency is None:
        return None
    gain = nothing_in(state.base_currency)
    for each in state.settled_by:
        part = realised_gain(state, each.amount or Decimal(0), _rate(state, each, companions))
        if part is None:
            return None
        gain += part
    return gain
