"""What settles the documents of one organisation, from its raw books: a look at all of it at once.

A document lists what was paid and credited, but at which rate a payment or credit settles it, and
which payments were taken back, only those themselves tell.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from oracle.books import TenantBooks
from oracle.common import iso
from oracle.documents import currency_of, rate_of
from oracle.ids import thing_id
from oracle.invoices import CREDITS, type_of
from oracle.match import Bag, Number
from oracle.money import amount, gained, minor_digits
from oracle.payments import is_refund, paid_document, payment_status_of
from oracle.wire import day, guid, number

#: Resources of credit.
CREDIT_RESOURCES: Final = tuple(resource for resource, _ in CREDITS.values())

Raw = Mapping[str, Any]
Place = tuple[str, str]  #: resource, remote id


@dataclass(frozen=True, slots=True)
class Settling:
    """What one organisation's payments and credits tell of its documents.

    Attributes:
        rates: by place of payment or credit: its currency for one of base.
        undone: payments taken back, by the remote id of what they paid.
        refunded: what was paid back, by the remote id of the credit.
    """

    tenant: str
    base: str | None
    rates: Mapping[Place, Decimal | None]
    undone: Mapping[str, list[Raw]]
    refunded: Mapping[str, Decimal]


def look_at(held: TenantBooks) -> Settling:
    """Look through payments and credits."""
    base = held.base_currency
    rates: dict[Place, Decimal | None] = {}
    for resource in CREDIT_RESOURCES:
        for remote_id, raw in held.held[resource].items():
            rates[resource, remote_id] = rate_of(raw, currency_of(raw, base), base)
    undone: dict[str, list[Raw]] = defaultdict(list)
    refunded: dict[str, Decimal] = defaultdict(Decimal)
    for remote_id, raw in held.held["payment"].items():
        rates["payment", remote_id] = number(raw.get("CurrencyRate"))
        target = str(paid_document(raw))
        if payment_status_of(raw) == "deleted":
            undone[target].append(raw)
        elif is_refund(raw):
            refunded[target] += number(raw.get("Amount")) or Decimal(0)
    return Settling(held.tenant, base, rates, undone, refunded)


def settlements(raw: Raw, settling: Settling) -> Bag:
    """What an invoice lists as paid and credited, with the rates."""
    currency = currency_of(raw, settling.base)
    found = []
    for resource, remote_id, value, on in _parts(raw):
        rate = _rate(resource, remote_id, currency, settling)
        found.append(
            {
                "resource": resource,
                "id": thing_id(settling.tenant, resource, remote_id),
                "remote_id": remote_id,
                "date": iso(day(on)),
                "amount": amount(value, currency),
                "rate": None if rate is None else Number(rate),
            }
        )
    return Bag(found, lambda part: f"{part.get('resource')} {part.get('id')}")


def undone_payments(remote_id: str, raw: Raw, settling: Settling) -> Bag:
    """Payments of an invoice that were taken back."""
    currency = currency_of(raw, settling.base)
    found = []
    for paid in settling.undone.get(remote_id, ()):
        paid_id = str(guid(paid["PaymentID"]))
        found.append(
            {
                "id": thing_id(settling.tenant, "payment", paid_id),
                "remote_id": paid_id,
                "date": iso(day(paid.get("Date"))),
                "amount": amount(paid.get("Amount"), currency),
            }
        )
    return Bag(found, lambda paid: str(paid.get("id")))


def realised_gain(raw: Raw, settling: Settling) -> Number | None:
    """What was gained in base currency by settling at other rates than the document's.

    Payments and credits alike; on a bill a gain is a loss. Not known while a rate is not.
    """
    base = settling.base
    currency = currency_of(raw, base)
    booked_at = rate_of(raw, currency, base)
    if base is None:
        return None
    total = Decimal(0)
    for resource, remote_id, value, _ in _parts(raw):
        settled_at = _rate(resource, remote_id, currency, settling)
        if settled_at is None or booked_at is None:
            return None
        total += gained(value, settled_at, booked_at, base)
    return Number(-total if type_of(raw) == "bill" else total, minor_digits(base))


def _parts(raw: Raw) -> list[tuple[str, str, Any, Any]]:
    """(resource, remote id, amount, date) of all that a document lists as settling it."""
    parts = [
        ("payment", str(guid(paid["PaymentID"])), paid.get("Amount"), paid.get("Date"))
        for paid in raw.get("Payments") or ()
    ]
    for key, (resource, id_key) in CREDITS.items():
        parts += [
            (resource, str(guid(held[id_key])), held.get("AppliedAmount"), held.get("Date"))
            for held in raw.get(key) or ()
        ]
    return parts


def _rate(
    resource: str, remote_id: str, currency: str | None, settling: Settling
) -> Decimal | None:
    if currency is not None and currency == settling.base:
        return Decimal(1)
    return settling.rates.get((resource, remote_id))
