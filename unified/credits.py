"""What credit notes, prepayments and overpayments have in common: money that can be applied.

Each is a resource of its own; here are the lines of their tables that are the same, the fields
derived from them, what changes mean, and the schema. What documents show of credits applied to
them stands in `applied`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from unified.allocations import ALLOCATIONS, Allocation, applied, standing
from unified.applied import PAYMENTS, AppliedPayment
from unified.codecs import TEXT, Choice, flag, remote_of
from unified.lines import LINES, Line
from unified.model import Amount, Currency, OneOf, Rate, Record, Ref
from unified.money import AMOUNT
from unified.money_block import base_twins, derive_base, money_fields
from unified.parts import object_ref
from unified.shape import ALL, PAGES, Derived, Entry, Field

_TWINS: Final = base_twins(
    "subtotal", "total_tax", "total", "total_discount", "remaining_credit", "applied_amount"
)
_ZERO: Final = Decimal(0)

#: What may happen to a credit; facts are these words behind the resource's name and a dot.
CREDIT_FACTS: Final = (
    "approved",
    "allocated",
    "allocation_removed",
    "refunded",
    "refund_removed",
    "used_up",
    "reopened",
    "voided",
    "deleted",
)


def credit_fields(*, kind: Choice, status: Choice, rate_in_every_read: bool) -> tuple[Entry, ...]:
    """The lines of a credit's table that are the same for all three."""
    return (
        Field("status", "Status", status, ALL, write=True),
        Field("remote_status", "Status", TEXT, ALL),
        Field("type", "Type", kind, ALL, write=True),
        Field("remote_type", "Type", remote_of(kind), ALL),
        Field("contact", "Contact", object_ref("contact", "ContactID"), ALL, write=True),
        Derived("allocation_status"),
        *money_fields(rate_in_every_read=rate_in_every_read),
        Field("line_items", "LineItems", LINES, PAGES, write=True, always=True),
        Field("remaining_credit", "RemainingCredit", AMOUNT, always=True),
        Derived("remaining_credit_base"),
        Field("applied_amount", "AppliedAmount", AMOUNT),
        Derived("applied_amount_base"),
        Field("allocations", "Allocations", ALLOCATIONS, always=True),
        Field("payments", "Payments", PAYMENTS, always=True),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    )


#: Keys of every credit that are known and not mapped.
CREDIT_IGNORED: Final = (
    "ID",
    "Attachments",
    "DateString",
    "UpdatedDateUTCString",
    "HasErrors",
    "HasValidationErrors",
    "InvoiceAddresses",
    "StatusAttributeString",
    "ValidationErrors",
    "Warnings",
)


def derive_credit(record: dict[str, Any]) -> None:
    """Fill the derived fields of a credit in place."""
    if record["applied_amount"] is None:
        record["applied_amount"] = applied(record)
    derive_base(record, _TWINS)
    record["allocation_status"] = _allocation_status(record)


def _allocation_status(record: Mapping[str, Any]) -> str:
    if record["status"] not in {"open", "paid"} or not _amount(record, "applied_amount"):
        return "none"
    # What Xero calls remaining on void and deleted credits cannot be used (Xero: Credit notes).
    left = record["remaining_credit"]
    return "full" if left is not None and Decimal(left) <= _ZERO else "partial"


def _amount(record: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(record[name] or 0)


def credit_links(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a credit was applied to, and its refunds: (endpoint path, remote id)."""
    refunds = [("Payments", payment["id"]) for payment in record["payments"] or ()]
    targets = [each["target"] or {} for each in standing(record)]
    found = [("Invoices", ref["remote_id"]) for ref in targets if ref.get("remote_id") is not None]
    return refunds + found


def credit_facts(
    name: str,
) -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]:
    """The facts of one kind of credit, whose resource has this name."""

    def facts_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
        return [f"{name}.{fact}" for fact in _facts(before, after)]

    return facts_of


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    was, status = before["status"], after["status"]
    facts: list[str] = []
    if was in {"draft", "submitted"} and status in {"open", "paid"}:
        facts.append("approved")
    ended = {"void": "voided", "deleted": "deleted"}.get(status)
    if ended is not None:
        # Its allocations and refunds had to be taken back before: that was told then.
        return [] if was == status else [*facts, ended]
    facts.extend(_moved(before, after, "allocation_removed", "allocated", _allocated))
    facts.extend(_moved(before, after, "refund_removed", "refunded", _refunded))
    if status == "paid" and was != "paid":
        facts.append("used_up")
    if was == "paid" and status == "open":
        facts.append("reopened")
    return facts


def _moved(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    gone: str,
    come: str,
    held: Callable[[Mapping[str, Any]], dict[Any, Any]],
) -> list[str]:
    """What came and what went; one of another amount did both."""
    old, new = held(before), held(after)
    return [
        *([gone] if any(new.get(key) != value for key, value in old.items()) else []),
        *([come] if any(old.get(key) != value for key, value in new.items()) else []),
    ]


def _allocated(record: Mapping[str, Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for each in standing(record):
        # Some answers hide the ids of allocations: then what counts is what each invoice got.
        key = each["id"] or ((each["target"] or {}).get("remote_id"), each["date"])
        found[key] = found.get(key, _ZERO) + Decimal(each["amount"] or 0)
    return found


def _refunded(record: Mapping[str, Any]) -> dict[Any, Any]:
    return {payment["id"]: True for payment in record["payments"] or ()}


class Credit(Record):
    """What every record of a credit holds. Amounts are in `currency` unless `_base`."""

    type: Annotated[str, OneOf("receivable", "payable")] | None
    remote_type: str | None
    contact: Ref | None
    allocation_status: Annotated[str, OneOf("none", "partial", "full")]
    currency: Currency | None
    base_currency: Currency | None
    exchange_rate_to_base: Rate | None
    provider_exchange_rate: Rate | None
    tax_mode: Annotated[str, OneOf("exclusive", "inclusive", "none")] | None
    remote_tax_mode: str | None
    subtotal: Amount | None
    subtotal_base: Amount | None
    total_tax: Amount | None
    total_tax_base: Amount | None
    total: Amount | None
    total_base: Amount | None
    total_discount: Amount | None
    total_discount_base: Amount | None
    line_items: list[Line] | None
    remaining_credit: Amount | None
    remaining_credit_base: Amount | None
    applied_amount: Amount | None
    applied_amount_base: Amount | None
    allocations: list[Allocation] | None
    payments: list[AppliedPayment] | None
    has_attachments: bool | None
