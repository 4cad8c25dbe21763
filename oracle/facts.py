"""What a change means in words, worked out again from the records before and after it.

Source: the table of facts in the events' documentation. Only resources that stand there are
judged; of others an event may say what it likes.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from oracle.change import Change
from oracle.difference import Difference
from oracle.promise_facts import of_order, of_quote, of_template

Body = Mapping[str, Any]

_UNAPPROVED = frozenset({"draft", "submitted"})
_APPROVED = frozenset({"open", "paid"})
#: A document that ended so had everything on it taken back before: nothing of that is told then.
_ENDED: Final[Mapping[Any, str]] = MappingProxyType({"void": "voided", "deleted": "deleted"})


def check_facts(change: Change) -> Iterator[Difference]:
    """The facts of one event are those that its two sides give, each once."""
    if change.body.get("before_omitted"):
        return
    wanted = facts_of(change.entity[1], change.before, change.after)
    found = sorted(change.body.get("facts") or ())
    if wanted is not None and wanted != found:
        yield change.subject.differs(
            "wrong_facts", "facts", expected=", ".join(wanted), found=", ".join(found)
        )


def facts_of(resource: str, before: Body | None, after: Body | None) -> list[str] | None:
    """The facts of a change, sorted; none where a side is missing; None if nobody judges them."""
    read = _READERS.get(resource)
    if read is None:
        return None
    return [] if before is None or after is None else sorted(read(before, after))


def _invoice(before: Body, after: Body) -> Iterator[str]:
    was, now = before.get("status"), after.get("status")
    if was in _UNAPPROVED and now in _APPROVED:
        yield "invoice.approved"
    if now == "paid" != was:
        yield "invoice.paid"
    if now in _ENDED and was != now:
        yield f"invoice.{_ENDED[now]}"
    if after.get("payment_status") == "partially_paid" and _settled(after) > _settled(before):
        yield "invoice.partially_paid"
    lost = _ids(before, "payments") - _ids(after, "payments")
    less = _amount(after, "amount_paid") < _amount(before, "amount_paid")
    if now not in _ENDED and (lost or less):
        yield "invoice.payment_removed"
    lost = _ids(before, "credits") - _ids(after, "credits")
    less = _amount(after, "amount_credited") < _amount(before, "amount_credited")
    if now not in _ENDED and (lost or less):
        yield "invoice.credit_removed"
    if after.get("timing") == "due" and before.get("timing") in {"none", "not_due"}:
        yield "invoice.became_due"
    if after.get("timing") == "overdue" != before.get("timing"):
        yield "invoice.became_overdue"
    if after.get("is_sent") and not before.get("is_sent"):
        yield "invoice.sent"


def _contact(before: Body, after: Body) -> Iterator[str]:
    was, now = before.get("status"), after.get("status")
    merged = after.get("deletion_kind") == "merged" != before.get("deletion_kind")
    if merged:
        yield "contact.merged"
    elif now == "archived" != was:
        yield "contact.archived"
    if was == "archived" and now == "active":
        yield "contact.restored"
    if before.get("name") != after.get("name"):
        yield "contact.renamed"


def _company_info(before: Body, after: Body) -> Iterator[str]:
    was, now = _locked(before), _locked(after)
    if was != now:
        yield "period.locked" if now > was else "period.unlocked"


def _credit(resource: str) -> Callable[[Body, Body], Iterator[str]]:
    def read(before: Body, after: Body) -> Iterator[str]:
        was, now = before.get("status"), after.get("status")
        words = []
        if was in _UNAPPROVED and now in _APPROVED:
            words.append("approved")
        if now in _ENDED:
            words += [_ENDED[now]] if was != now else []
        else:
            words += list(_moved(_allocated(before), _allocated(after), "allocated",
                                 "allocation_removed"))  # fmt: skip
            words += list(_moved(_refunded(before), _refunded(after), "refunded",
                                 "refund_removed"))  # fmt: skip
            if now == "paid" != was:
                words.append("used_up")
            if was == "paid" and now == "open":
                words.append("reopened")
        if resource == "credit_note" and after.get("is_sent") and not before.get("is_sent"):
            words.append("sent")
        yield from (f"{resource}.{word}" for word in words)

    return read


def _reconcilable(resource: str) -> Callable[[Body, Body], Iterator[str]]:
    """What moved at a bank: it ends, or is matched with a statement."""

    def read(before: Body, after: Body) -> Iterator[str]:
        was, now = before.get("status"), after.get("status")
        if now in _ENDED:
            if was != now:
                yield f"{resource}.{_ENDED[now]}"
        elif after.get("is_reconciled") and not before.get("is_reconciled"):
            yield f"{resource}.reconciled"
        elif before.get("is_reconciled") and after.get("is_reconciled") is False:
            yield f"{resource}.unreconciled"

    return read


def _journal(before: Body, after: Body) -> Iterator[str]:
    was, now = before.get("status"), after.get("status")
    if was != now and now in {"posted", *_ENDED}:
        yield f"journal_entry.{_ENDED.get(now, 'posted')}"


def _moved(
    before: Mapping[Any, Any], after: Mapping[Any, Any], come: str, gone: str
) -> Iterator[str]:
    if any(before.get(key) != held for key, held in after.items()):
        yield come
    if any(after.get(key) != held for key, held in before.items()):
        yield gone


def _allocated(record: Body) -> dict[Any, Decimal]:
    return {
        held.get("id"): _amount(held, "amount")
        for held in record.get("allocations") or ()
        if not held.get("is_deleted")
    }


def _refunded(record: Body) -> dict[Any, bool]:
    return dict.fromkeys(_ids(record, "payments"), True)


def _ids(record: Body, name: str) -> set[Any]:
    return {held.get("id") for held in record.get(name) or ()}


def _settled(record: Body) -> Decimal:
    return _amount(record, "amount_paid") + _amount(record, "amount_credited")


def _amount(record: Body, name: str) -> Decimal:
    return Decimal(record.get(name) or 0)


def _locked(record: Body) -> str:
    return max(str(record.get(name) or "") for name in ("locked_until", "closed_until"))


def _employee(before: Body, after: Body) -> Iterator[str]:
    was, now = before.get("status"), after.get("status")
    if (was, now) == ("active", "inactive"):
        yield "employee.left"
    if (was, now) == ("inactive", "active"):
        yield "employee.returned"


_READERS: Final[Mapping[str, Callable[[Body, Body], Iterator[str]]]] = MappingProxyType(
    {
        "invoice": _invoice,
        "employee": _employee,
        "contact": _contact,
        "company_info": _company_info,
        "credit_note": _credit("credit_note"),
        "prepayment": _credit("prepayment"),
        "overpayment": _credit("overpayment"),
        "purchase_order": of_order,
        "quote": of_quote,
        "repeating_transaction": of_template,
        "payment": _reconcilable("payment"),
        "batch_payment": _reconcilable("batch_payment"),
        "transaction": _reconcilable("transaction"),
        "journal_entry": _journal,
    }
)
