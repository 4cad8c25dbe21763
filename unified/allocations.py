"""Allocations: the parts of a credit that were applied to documents.

Applying a credit is no payment: no `payment` record comes of it. The applied amount is the sum of
the allocations that stand; what was paid back is a refund and stands among the payments.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from unified.codecs import DATE, GUID, Codec, CodecError, Scope, flag
from unified.commands import After, Command, Named, Record, Words
from unified.model import Amount, Day, Part, Ref, WrittenRef
from unified.money import AMOUNT, amount_text, minor_digits
from unified.refs import brief_ref, canon_ref, read_ref
from unified.shape import Field, Shape, many
from unified.vocabulary import DenormalizeError, Endpoint

_ZERO: Final = Decimal(0)


def _read_target(value: Any, scope: Scope) -> dict[str, Any] | None:
    if not value:
        return None
    if value.__class__ is not dict:
        raise CodecError("not an object")
    return read_ref(scope, "invoice", value.get("InvoiceID"), name=value.get("InvoiceNumber"))


def _write_target(ref: Any, _allocation: Mapping[str, Any]) -> dict[str, Any]:
    return {"InvoiceID": ref.get("remote_id")}


_ALLOCATION: Final = Shape(
    "Allocation",
    (
        Field("id", "AllocationID", GUID),
        Field(
            "target",
            "Invoice",
            Codec(_read_target, _write_target, canon_ref, brief_ref),
            write=True,
        ),
        Field("amount", "Amount", AMOUNT, write=True),
        Field("date", "Date", DATE, write=True),
        Field("is_deleted", "IsDeleted", flag(absent=False)),
    ),
    # Beside the invoice, answers to writes repeat the credit itself.
    ignored=(
        "CreditNote",
        "Overpayment",
        "Prepayment",
        "DateString",
        "HasValidationErrors",
        "StatusAttributeString",
        "ValidationErrors",
    ),
)
ALLOCATIONS: Final = many(_ALLOCATION, keyed=True)


def allocation_body(allocation: Mapping[str, Any]) -> dict[str, Any]:
    """Xero's write body of one new allocation: for PUT to a credit's `Allocations`.

    Raises:
        DenormalizeError: Xero would refuse it; the path is a JSON pointer into the allocation.
    """
    if (allocation.get("target") or {}).get("remote_id") is None:
        raise DenormalizeError("/target", "which invoice or bill is not said")
    for name in ("amount", "date"):
        if allocation.get(name) is None:
            raise DenormalizeError(f"/{name}", "missing")
    if Decimal(allocation["amount"]) <= _ZERO:
        raise DenormalizeError("/amount", "must be above 0")
    return _ALLOCATION.encode(allocation)


def standing(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The allocations of a credit that were not taken back."""
    return [each for each in record["allocations"] or () if not each["is_deleted"]]


def applied(record: Mapping[str, Any]) -> str | None:
    """How much of a credit its allocations apply; None where one of them hides its amount."""
    amounts = [each["amount"] for each in standing(record)]
    if record["allocations"] is None or None in amounts:
        return None
    total = sum((Decimal(amount) for amount in amounts), _ZERO)
    return amount_text(total, minor_digits(record["currency"]))


class Allocation(Part):
    """A part of a credit, applied to one invoice or bill; `id` is Xero's."""

    id: str | None
    target: Ref | None
    amount: Amount | None
    date: Day | None
    is_deleted: bool


# --- commands of credits -----------------------------------------------------------------------


class WrittenAllocation(Part):
    """How much of a credit to apply to which invoice or bill of the same contact and currency."""

    target: WrittenRef
    amount: Amount
    date: Day


def _allocated(_endpoint: Endpoint, _record: Record, words: Words) -> dict[str, Any]:
    return {"Allocations": [allocation_body(words)]}


ALLOCATE: Final = Command(
    name="allocate",
    summary="Apply a part of the credit to an invoice or bill",
    xero=("PUT {one}/Allocations",),
    at="allocations",
    body=WrittenAllocation,
    example={
        "target": {"remote_id": "4f6cd4a2-6d15-4d4c-9f1c-3b1f6cd6a4f1"},
        "amount": "46.00",
        "date": "2026-11-23",
    },
    content=_allocated,
    words=_ALLOCATION.entries,
    legal_in=frozenset({"open"}),
    after=After.SINGLE,
)
DEALLOCATE: Final = Command(
    name="remove_allocation",
    summary="Take an allocation of the credit back",
    xero=("DELETE {one}/Allocations/{AllocationID}",),
    method="DELETE",
    at="allocations/{allocation_id}",
    named=(Named(name="allocation_id", within="allocations"),),
    legal_in=frozenset({"open", "paid"}),
    after=After.SINGLE,
)
