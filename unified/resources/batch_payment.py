"""Batch payments: several payments that stand as one line on the bank's statement.

Its payments are records of their own, which name their batch; deleting the batch deletes them
(Xero: Batch payments).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

from unified.account_refs import ACCOUNT_OBJECT, object_of
from unified.bank_facts import bank_facts
from unified.codecs import (
    DATE,
    FLAG,
    REQUIRED_ID,
    TEXT,
    Codec,
    Scope,
    choice,
    read_currency,
    remote_of,
)
from unified.commands import creates, moves
from unified.model import Amount, Currency, Day, FreeText, OneOf, Part, Record, Ref
from unified.money import AMOUNT, minor_digits
from unified.money_block import BASE_CURRENCY
from unified.paid_document import (
    APPLIED,
    DOCUMENT_KEYS,
    AppliedTo,
    look_at_currency,
    read_document_currency,
)
from unified.parts import id_ref
from unified.resource import DenormalizeError, Endpoint, Pace, Resource
from unified.shape import ALL, Field, Shape, decode_list, sorted_by_id

_TYPE: Final = choice("BatchPayment.Type", {"RECBATCH": "inbound", "PAYBATCH": "outbound"})
_STATUS: Final = choice("BatchPayment.Status", {"AUTHORISED": "completed", "DELETED": "deleted"})


# --- its account, and the payments in it -------------------------------------------------------


def _look_at_account(raw: Mapping[str, Any], scope: Scope) -> None:
    """The total has the minor digits of the bank account's currency."""
    held = raw.get("Account")
    currency = held.get("CurrencyCode") if held.__class__ is dict else None
    if currency.__class__ is str and currency:
        scope.digits = minor_digits(currency)


def _read_currency(value: Any, scope: Scope) -> str | None:
    held = object_of(value)
    return None if held is None else read_currency(held.get("CurrencyCode"), scope)


_PAYMENT: Final = Shape(
    "BatchPayment.Payment",
    (
        Field("id", "PaymentID", REQUIRED_ID),
        Field("ref", "PaymentID", id_ref("payment")),
        Field("applied_to", (*DOCUMENT_KEYS, "PaymentType", "Amount"), APPLIED),
        Field("currency", DOCUMENT_KEYS, Codec(read_document_currency)),
        Field("amount", "Amount", AMOUNT),
        Field("bank_amount", "BankAmount", AMOUNT),
        Field("reference", "Reference", TEXT),
    ),
    partial=True,
)


def _read_payment(raw: Any, scope: Scope) -> dict[str, Any]:
    """One payment: the amount in its document's currency, what the bank moved in the account's."""
    if raw.__class__ is not dict:
        return _PAYMENT.decode(raw, scope)  # which says what is wrong with it
    own = Scope(scope.tenant_id, scope.base_currency, scope.digits, scope.base_digits)
    look_at_currency(raw, own)
    payment = _PAYMENT.decode(raw, own)
    if own.digits != scope.digits:
        payment["bank_amount"] = AMOUNT.decode(raw.get("BankAmount"), scope)
    scope.drift.extend(own.drift)
    return payment


def _read_payments(value: Any, scope: Scope) -> list[dict[str, Any]]:
    return decode_list(value, scope, _read_payment)


def _write_payments(
    payments: list[Mapping[str, Any]], _record: Mapping[str, Any]
) -> list[dict[str, Any]]:
    written = []
    for payment in payments:
        documents = APPLIED.encode(payment["applied_to"], payment) if APPLIED.encode else {}
        body = {**documents, "Amount": payment.get("amount"), "Reference": payment.get("reference")}
        written.append({key: value for key, value in body.items() if value is not None})
    return written


_PAYMENTS: Final = Codec(
    _read_payments,
    _write_payments,
    lambda payments: [_PAYMENT.canon(each) for each in sorted_by_id(payments)],
    lambda payments: [_PAYMENT.brief(each) for each in sorted_by_id(payments)],
    _PAYMENT.entries,
)


# --- writing and meaning -----------------------------------------------------------------------


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A new batch whole, a known one only to delete it: Xero changes none (Batch payments)."""
    if record.get("remote_id") is not None:
        if record.get("status") != "deleted":
            raise DenormalizeError("/status", "a batch is never changed: delete it, make another")
        return {"BatchPaymentID": record["remote_id"], "Status": "DELETED"}
    if not record.get("account"):
        raise DenormalizeError("/account", "which bank account is not said")
    if not record.get("payments"):
        raise DenormalizeError("/payments", "a batch must have payments")
    for number, payment in enumerate(record["payments"]):
        targets: Sequence[Mapping[str, Any]] = payment.get("applied_to") or ()
        if len(targets) != 1 or targets[0].get("resource") != "invoice":
            raise DenormalizeError(
                f"/payments/{number}/applied_to", "a batch pays invoices or bills, one a payment"
            )
    return body()


def _linked(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Its payments, while it stands."""
    if record["status"] == "deleted":
        return []
    return [("Payments", payment["id"]) for payment in record["payments"] or ()]


# --- schema ------------------------------------------------------------------------------------


class BatchedPayment(Part):
    """A payment of the batch; `id` is Xero's id of the payment.

    `amount` is in `currency`, the document's; `bank_amount` in the batch's.
    """

    id: str
    ref: Ref
    applied_to: list[AppliedTo] | None
    currency: Currency | None
    amount: Amount | None
    bank_amount: Amount | None
    reference: FreeText | None


class XeroBatchPaymentExtensions(Part):
    """Provider-only fields of a batch: what some countries' bank statements show."""

    particulars: FreeText | None
    code: FreeText | None
    details: FreeText | None
    narrative: FreeText | None


class BatchPaymentExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroBatchPaymentExtensions


class BatchPayment(Record):
    """Payments made or received together. `amount` is in `currency`, the bank account's."""

    extensions: BatchPaymentExtensions
    direction: Annotated[str, OneOf("inbound", "outbound")] | None
    remote_type: str | None
    date: Day | None
    account: Ref | None
    currency: Currency | None
    base_currency: Currency | None
    amount: Amount | None
    reference: FreeText | None
    payments: list[BatchedPayment] | None
    is_reconciled: bool | None


BATCH_PAYMENT: Final = Resource(
    name="batch_payment",
    plural="batch_payments",
    topic_part="batch-payments",
    space="accounting",
    model=BatchPayment,
    endpoint=Endpoint(
        path="BatchPayments",
        item_key="BatchPayments",
        id_key="BatchPaymentID",
        modified_since=True,
        page_size=None,
        ids_filter=False,
        where_id_or=False,
        sends_unitdp=False,
        list_params={},
        order=None,
        single=True,
        scope_granular="accounting.payments",
        scope_broad="accounting.transactions",
        # Most are met by their payments, which name them, before a sweep comes round.
        pace=Pace(changes_per_hour=0.01),
    ),
    webhook_category=None,
    prepare=_look_at_account,
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=bank_facts("batch_payment"),
    linked_to=_linked,
    written=_written,
    operations=(
        creates("batches of payments", "PUT {list}", summarizes=True),
        moves(
            "delete",
            "Delete a batch, and with it the payments in it",
            "POST {one}",
            "POST {list}",
            word="DELETED",
            becomes="deleted",
            legal_in=("completed",),
            ends="deleted",
            alone=True,
        ),
    ),
    required=("account", "date", "payments"),
    fields=(
        Field("status", "Status", _STATUS, ALL),
        Field("remote_status", "Status", TEXT, ALL),
        Field("direction", "Type", _TYPE),
        Field("remote_type", "Type", remote_of(_TYPE)),
        Field("date", "Date", DATE, write=True),
        Field("account", "Account", ACCOUNT_OBJECT, write=True),
        Field("currency", "Account", Codec(_read_currency)),
        BASE_CURRENCY,
        Field("amount", "TotalAmount", AMOUNT),
        Field("reference", "Reference", TEXT, write=True),
        Field("payments", "Payments", _PAYMENTS, write=True, always=True),
        Field("is_reconciled", "IsReconciled", FLAG),
    ),
    extensions=(
        Field("particulars", "Particulars", TEXT, write=True),
        Field("code", "Code", TEXT, write=True),
        Field("details", "Details", TEXT, write=True),
        Field("narrative", "Narrative", TEXT, write=True),
    ),
    ignored=("Amount", "DateString", "StatusAttributeString", "ValidationErrors"),
)
