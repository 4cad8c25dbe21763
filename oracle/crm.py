"""The payment-status topics, recomputed from the raw books.

Not here: how the consumer came to its answer. An invoice's status says where it stands, what is
due and what settled it; a contact's adds up its approved documents and credits by type and
currency. Nothing is added across currencies but what it is worth in base currency.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from oracle.books import TenantBooks
from oracle.common import iso, ref
from oracle.credits import side_of, unapplied
from oracle.difference import Difference, Subject
from oracle.documents import contact_of, currency_of, rate_of, status_of
from oracle.ids import key_of, thing_id
from oracle.inputs import Message, MirrorRow
from oracle.invoices import credited, owes, settlement, timing, type_of
from oracle.match import Bag, Number, mismatches
from oracle.money import amount, in_base, minor_digits
from oracle.settling import (
    CREDIT_RESOURCES,
    Settling,
    look_at,
    realised_gain,
    settlements,
    undone_payments,
)
from oracle.things import Thing
from oracle.wire import day, number, text

#: Fields of payment statuses that are not judged, and why.
CRM_NOT_JUDGED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schema_version": "the consumer's own",
        "as_of": "a clock",
        "name": "of the contact: as it was when its last document changed",
    }
)
_APPROVED = frozenset({"open", "paid"})
_BESIDE = {"receivable": "invoice", "payable": "bill"}
_BASIS = "document_rate"

Raw = Mapping[str, Any]
Expected = dict[str, dict[str, Any]]  #: by key
Held = tuple[str, str, Raw]  #: resource, remote id, raw object


def check_crm(
    books: Mapping[str, TenantBooks],
    mirror: Mapping[Thing, MirrorRow],
    invoices: Mapping[tuple[str, str], Message],
    contacts: Mapping[tuple[str, str], Message],
    *,
    today: Mapping[str, date],
) -> Iterator[Difference]:
    """Both topics hold what the books of the judged tenants say, and nothing else of them."""
    wanted_invoices: Expected = {}
    wanted_contacts: Expected = {}
    judged = today.keys() & books.keys()
    for tenant in sorted(judged):
        settling = look_at(books[tenant])
        wanted_invoices |= _invoices(books[tenant], mirror, today[tenant], settling)
        wanted_contacts |= _contacts(books[tenant], today[tenant], settling)
    yield from _compare(wanted_invoices, invoices, judged)
    yield from _compare(wanted_contacts, contacts, judged)


def _compare(
    wanted: Expected, found: Mapping[tuple[str, str], Message], judged: Set[str]
) -> Iterator[Difference]:
    documents = {message.key: message for message in found.values()}
    for key, expected in wanted.items():
        message = documents.pop(key, None)
        subject = _subject(key, expected)
        if message is None or message.value is None:
            yield subject.differs("crm_missing", expected="a status", found=None)
            continue
        for field, value, other in mismatches(expected, message.value):
            yield subject.differs("crm_wrong_value", field, expected=value, found=other)
    for key, message in documents.items():
        if message.unreadable or (message.value is not None and message.tenant in judged):
            yield _subject(key, {}).differs("crm_extra", expected=None, found="a status")


def _subject(key: str, expected: Raw) -> Subject:
    tenant, _, rest = key.partition(":")
    resource, _, entity = rest.partition(":")
    named = expected.get(resource) or {}
    return Subject(tenant, resource, named.get("remote_id") or entity)


def _invoices(
    held: TenantBooks, mirror: Mapping[Thing, MirrorRow], today: date, settling: Settling
) -> Expected:
    tenant, base = held.tenant, held.base_currency
    found: Expected = {}
    for remote_id, raw in held.held["invoice"].items():
        entity = thing_id(tenant, "invoice", remote_id)
        currency = currency_of(raw, base)
        rate = rate_of(raw, currency, base)
        document: dict[str, Any] = {
            "tenant_id": tenant,
            "invoice": {
                "id": entity,
                "remote_id": remote_id,
                "number": text(raw.get("InvoiceNumber")),
            },
            "type": type_of(raw),
            "contact": ref(tenant, "contact", contact_of(raw)),
            "currency": currency,
            "total": amount(raw.get("Total"), currency),
            "amount_due": amount(raw.get("AmountDue"), currency),
            "amount_paid": amount(raw.get("AmountPaid"), currency),
            "amount_credited": amount(credited(raw), currency),
            "document": status_of(raw),
            "settlement": settlement(raw),
            "timing": timing(raw, today),
            "due_date": iso(day(raw.get("DueDate"))),
            "paid_on": iso(day(raw.get("FullyPaidOnDate"))),
            "settled_by": settlements(raw, settling),
            "undone_payments": undone_payments(remote_id, raw, settling),
            "base": {
                "currency": base,
                "basis": _BASIS,
                "rate": None if rate is None else Number(rate),
                "total": in_base(raw.get("Total"), rate, base),
                "amount_due": in_base(raw.get("AmountDue"), rate, base),
                "realised_gain": realised_gain(raw, settling),
            },
        }
        row = mirror.get((tenant, "invoice", remote_id))
        if row is not None:
            document |= {"epoch": row.epoch, "sequence": row.sequence}
        found[key_of(tenant, "invoice", entity)] = document
    return found


def _contacts(held: TenantBooks, today: date, settling: Settling) -> Expected:
    """A status for each contact that a document or credit names, approved or not."""
    by_contact: dict[str, list[Held]] = defaultdict(list)
    for resource in ("invoice", *CREDIT_RESOURCES):
        for remote_id, raw in held.held[resource].items():
            contact = contact_of(raw)
            if contact is not None:
                by_contact[contact].append((resource, remote_id, raw))
    found: Expected = {}
    for contact, all_ in by_contact.items():
        entity = thing_id(held.tenant, "contact", contact)
        approved = [each for each in all_ if status_of(each[2]) in _APPROVED]
        places = {(_type(each), currency_of(each[2], settling.base)) for each in approved}
        types = {_type(each) for each in approved}
        found[key_of(held.tenant, "contact", entity)] = {
            "tenant_id": held.tenant,
            "contact": {"id": entity, "remote_id": contact},
            "status": _standing(approved, "invoice", today),
            "payable_status": _standing(approved, "bill", today),
            "buckets": Bag(
                [
                    _bucket(approved, type_, currency, today=today, settling=settling)
                    for type_, currency in places
                ],
                lambda bucket: f"{bucket.get('type')} {bucket.get('currency')}",
            ),
            "base_totals": Bag(
                [_base_total(approved, type_, today, settling) for type_ in types],
                lambda total: str(total.get("type")),
            ),
        }
    return found


def _type(held: Held) -> str | None:
    """What it stands beside: credit with us beside sales, ours with them beside bills."""
    resource, _, raw = held
    return type_of(raw) if resource == "invoice" else _BESIDE[str(side_of(raw))]


def _owing(approved: list[Held]) -> list[Raw]:
    return [raw for resource, _, raw in approved if resource == "invoice" and owes(raw)]


def _offering(approved: list[Held]) -> list[tuple[str, Raw]]:
    return [
        (resource, raw)
        for resource, _, raw in approved
        if resource != "invoice" and unapplied(raw) > 0
    ]


def _standing(approved: list[Held], type_: str, today: date) -> str:
    own = [each for each in approved if _type(each) == type_]
    if not own:
        return "no_activity"
    owing = _owing(own)
    if any(timing(raw, today) == "overdue" for raw in owing):
        return "overdue"
    return "in_credit" if _offering(own) and not owing else "current"


def _bucket(
    approved: list[Held],
    type_: str | None,
    currency: str | None,
    *,
    today: date,
    settling: Settling,
) -> dict[str, Any]:
    own = [
        each
        for each in approved
        if (_type(each), currency_of(each[2], settling.base)) == (type_, currency)
    ]
    open_ = _owing(own)
    overdue = [raw for raw in open_ if timing(raw, today) == "overdue"]
    due_dates = [due for raw in open_ if (due := day(raw.get("DueDate"))) is not None]
    offering = _offering(own)
    digits = minor_digits(currency)
    refunds = (
        settling.refunded.get(remote_id, Decimal(0))
        for resource, remote_id, _ in own
        if resource != "invoice"
    )

    def left(*resources: str) -> Number:
        parts = (unapplied(raw) for resource, raw in offering if resource in resources)
        return Number(sum(parts, Decimal(0)), digits)

    return {
        "type": type_,
        "currency": currency,
        "open": Number(_due(open_), digits),
        "overdue": Number(_due(overdue), digits),
        "open_count": len(open_),
        "overdue_count": len(overdue),
        "oldest_due_date": iso(min(due_dates, default=None)),
        "unapplied_credit": left(*CREDIT_RESOURCES),
        "unapplied_by": {resource: left(resource) for resource in CREDIT_RESOURCES},
        "refunded": Number(sum(refunds, Decimal(0)), digits),
    }


def _base_total(
    approved: list[Held], type_: str | None, today: date, settling: Settling
) -> dict[str, Any]:
    """In base currency, each document at its own rate; those without one are counted."""
    base = settling.base
    own = [each for each in approved if _type(each) == type_]
    open_ = _owing(own)
    overdue = [raw for raw in open_ if timing(raw, today) == "overdue"]
    left = [(raw, unapplied(raw)) for _, raw in _offering(own)]
    due = [(raw, raw.get("AmountDue")) for raw in open_]
    return {
        "type": type_,
        "currency": base,
        "basis": _BASIS,
        "open": _worth(due, base)[0],
        "overdue": _worth([(raw, raw.get("AmountDue")) for raw in overdue], base)[0],
        "unapplied_credit": _worth(left, base)[0],
        "unconverted": _worth(due, base)[1] + _worth(left, base)[1],
    }


def _worth(parts: list[tuple[Raw, Any]], base: str | None) -> tuple[Number, int]:
    """What parts come to in base currency, and how many of them nobody can convert."""
    worths = [
        in_base(value, rate_of(raw, currency_of(raw, base), base), base) for raw, value in parts
    ]
    known = [worth.value for worth in worths if worth is not None]
    return Number(sum(known, Decimal(0)), minor_digits(base)), len(worths) - len(known)


def _due(raws: list[Raw]) -> Decimal:
    return sum((number(raw.get("AmountDue")) or Decimal(0) for raw in raws), Decimal(0))
