"""The payment-status topics, recomputed from the raw books.

Not here: how the consumer came to its answer. An invoice's status says where it stands and what
is due; a contact's adds up its approved documents by type and currency.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from oracle.books import TenantBooks
from oracle.common import iso, ref
from oracle.difference import Difference, Subject
from oracle.ids import key_of, thing_id
from oracle.inputs import Message, MirrorRow
from oracle.invoices import currency_of, owes, settlement, status_of, timing, type_of
from oracle.match import Bag, Number, mismatches
from oracle.money import amount, minor_digits
from oracle.things import Thing
from oracle.wire import day, guid, number, text

#: Fields of payment statuses that are not judged, and why.
CRM_NOT_JUDGED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schema_version": "the consumer's own",
        "as_of": "a clock",
        "name": "of the contact: as it was when its last invoice changed",
    }
)
_APPROVED = frozenset({"open", "paid"})

Raw = Mapping[str, Any]
Expected = dict[str, dict[str, Any]]  #: by key


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
        wanted_invoices |= _invoices(books[tenant], mirror, today[tenant])
        wanted_contacts |= _contacts(books[tenant], today[tenant])
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


def _invoices(held: TenantBooks, mirror: Mapping[Thing, MirrorRow], today: date) -> Expected:
    tenant = held.tenant
    found: Expected = {}
    for remote_id, raw in held.invoices.items():
        entity = thing_id(tenant, "invoice", remote_id)
        currency = currency_of(raw, held.base_currency)
        document: dict[str, Any] = {
            "tenant_id": tenant,
            "invoice": {
                "id": entity,
                "remote_id": remote_id,
                "number": text(raw.get("InvoiceNumber")),
            },
            "type": type_of(raw),
            "contact": ref(tenant, "contact", _contact_of(raw)),
            "currency": currency,
            "total": amount(raw.get("Total"), currency),
            "amount_due": amount(raw.get("AmountDue"), currency),
            "document": status_of(raw),
            "settlement": settlement(raw),
            "timing": timing(raw, today),
            "due_date": iso(day(raw.get("DueDate"))),
            "paid_on": iso(day(raw.get("FullyPaidOnDate"))),
        }
        row = mirror.get((tenant, "invoice", remote_id))
        if row is not None:
            document |= {"epoch": row.epoch, "sequence": row.sequence}
        found[key_of(tenant, "invoice", entity)] = document
    return found


def _contacts(held: TenantBooks, today: date) -> Expected:
    """A status for each contact that a document names, approved or not."""
    documents: dict[str, list[Raw]] = defaultdict(list)
    for raw in held.invoices.values():
        contact = _contact_of(raw)
        if contact is not None:
            documents[contact].append(raw)
    found: Expected = {}
    for contact, raws in documents.items():
        entity = thing_id(held.tenant, "contact", contact)
        approved = [raw for raw in raws if status_of(raw) in _APPROVED]
        found[key_of(held.tenant, "contact", entity)] = {
            "tenant_id": held.tenant,
            "contact": {"id": entity, "remote_id": contact},
            "status": _standing(approved, "invoice", today),
            "payable_status": _standing(approved, "bill", today),
            "buckets": _buckets(approved, held.base_currency, today),
        }
    return found


def _contact_of(raw: Raw) -> str | None:
    return guid((raw.get("Contact") or {}).get("ContactID"))


def _standing(approved: list[Raw], type_: str, today: date) -> str:
    moments = [timing(raw, today) for raw in approved if type_of(raw) == type_]
    if not moments:
        return "no_activity"
    return "overdue" if "overdue" in moments else "current"


def _buckets(approved: list[Raw], base: str | None, today: date) -> Bag:
    groups: dict[tuple[str | None, str | None], list[Raw]] = defaultdict(list)
    for raw in approved:
        groups[type_of(raw), currency_of(raw, base)].append(raw)
    return Bag(
        [
            {"type": type_, "currency": currency, **_sums(raws, currency, today)}
            for (type_, currency), raws in groups.items()
        ],
        lambda bucket: f"{bucket.get('type')} {bucket.get('currency')}",
    )


def _sums(raws: list[Raw], currency: str | None, today: date) -> dict[str, Any]:
    open_ = [raw for raw in raws if owes(raw)]
    overdue = [raw for raw in open_ if timing(raw, today) == "overdue"]
    due_dates = [due for raw in open_ if (due := day(raw.get("DueDate"))) is not None]
    return {
        "open": _total(open_, currency),
        "overdue": _total(overdue, currency),
        "open_count": len(open_),
        "overdue_count": len(overdue),
        "oldest_due_date": iso(min(due_dates, default=None)),
    }


def _total(raws: list[Raw], currency: str | None) -> Number:
    due = (number(raw.get("AmountDue")) or Decimal(0) for raw in raws)
    return Number(sum(due, Decimal(0)), minor_digits(currency))
