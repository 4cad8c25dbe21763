"""Payments: money that settled one document, and refunds, which pay a credit back.

Xero knows eight types of them; here `direction` says which way the money went and `kind` whether
it was a refund. What it belongs to is read in `paid_document`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from unified.account_refs import ACCOUNT_OBJECT, object_of
from unified.bank_facts import bank_facts
from unified.codecs import (
    DATE,
    FLAG,
    TEXT,
    UNKNOWN,
    Codec,
    CodecError,
    Scope,
    choice,
    read_currency,
    read_guid,
    remote_of,
)
from unified.commands import creates, moves
from unified.model import Amount, Currency, Day, OneOf, Part, Rate, Record, Ref
from unified.money import AMOUNT, minor_digits
from unified.money_block import BASE_CURRENCY, base_twins, derive_base, rate_fields
from unified.paid_document import (
    APPLIED,
    DOCUMENT_KEYS,
    ENDPOINTS,
    AppliedTo,
    look_at_currency,
    paid_documents,
    read_document_contact,
    read_document_currency,
)
from unified.refs import brief_ref, canon_ref, make_ref
from unified.resource import DenormalizeError, Endpoint, Resource
from unified.shape import ALL, Constant, Derived, Field

#: (Direction, kind) by Xero's type of payment.
_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "ACCRECPAYMENT": ("inbound", "payment"),
    "ACCPAYPAYMENT": ("outbound", "payment"),
    "ARCREDITPAYMENT": ("outbound", "refund"),
    "ARPREPAYMENTPAYMENT": ("outbound", "refund"),
    "AROVERPAYMENTPAYMENT": ("outbound", "refund"),
    "APCREDITPAYMENT": ("inbound", "refund"),
    "APPREPAYMENTPAYMENT": ("inbound", "refund"),
    "APOVERPAYMENTPAYMENT": ("inbound", "refund"),
}
_DIRECTION: Final = choice(
    "Payment.PaymentType", {name: direction for name, (direction, _) in _TYPES.items()}
)
_STATUS: Final = choice("Payment.Status", {"AUTHORISED": "completed", "DELETED": "deleted"})

_TWINS: Final = base_twins("amount")


# --- account, bank, batch, type ----------------------------------------------------------------


def _read_kind(value: Any, _scope: Scope) -> str | None:
    if value.__class__ is not str or not value:
        return None
    return _TYPES.get(value.upper(), (UNKNOWN, UNKNOWN))[1]


def _read_bank_currency(value: Any, scope: Scope) -> str | None:
    held = object_of(value)
    return None if held is None else read_currency(held.get("CurrencyCode"), scope)


def _read_bank_amount(raw: Mapping[str, Any], scope: Scope) -> str | None:
    held = raw.get("Account")
    currency = held.get("CurrencyCode") if held.__class__ is dict else None
    if currency.__class__ is str and currency:
        digits = minor_digits(currency)
    else:
        digits = max(scope.digits, scope.base_digits)  # it is one of these two currencies' or both
    try:
        # Its own digits, not those of the document: the bank's currency may be another one.
        amount = AMOUNT.decode(raw.get("BankAmount"), Scope(scope.tenant_id, digits=digits))
    except CodecError as error:
        raise error.under("BankAmount") from None
    return None if amount is None else str(amount)


def _write_bank_amount(value: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    return {"BankAmount": value}


def _read_batch(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    batch = object_of(raw.get("BatchPayment")) or {}
    remote_id = read_guid(batch.get("BatchPaymentID") or raw.get("BatchPaymentID"), scope)
    return make_ref(scope, "batch_payment", remote_id)


def _written(record: Mapping[str, Any], body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A new payment whole, a known one only to delete it: Xero changes none (Xero: Payments)."""
    if record.get("remote_id") is not None:
        if record.get("status") != "deleted":
            raise DenormalizeError("/status", "a payment is never changed: delete it, make another")
        return {"PaymentID": record["remote_id"], "Status": "DELETED"}
    if len(record.get("applied_to") or ()) != 1:
        raise DenormalizeError("/applied_to", "one payment settles exactly one document")
    [target] = record["applied_to"]
    if target.get("resource") not in ENDPOINTS:
        raise DenormalizeError("/applied_to/0/resource", "no document that can be paid")
    if (target.get("ref") or {}).get("remote_id") is None:
        raise DenormalizeError("/applied_to/0/ref", "which document is not said")
    bank = record.get("bank_currency")
    known = {record.get("currency"), record.get("base_currency")}
    if bank is not None and None not in known and bank not in known:
        raise DenormalizeError("/bank_currency", "Xero refuses payments between three currencies")
    return body()


# --- meaning -----------------------------------------------------------------------------------


def _linked(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The document and the batch, while the payment stands."""
    if record["status"] == "deleted":
        return []
    batch = (record.get("batch") or {}).get("remote_id")
    return [*paid_documents(record), *([] if batch is None else [("BatchPayments", batch)])]


# --- schema ------------------------------------------------------------------------------------


class XeroPaymentExtensions(Part):
    """Provider-only fields of a payment: what some countries' bank statements show."""

    particulars: str | None
    details: str | None


class PaymentExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroPaymentExtensions


class Payment(Record):
    """A payment or refund. `amount` is in `currency`, `bank_amount` in the account's currency."""

    extensions: PaymentExtensions
    direction: Annotated[str, OneOf("inbound", "outbound")] | None
    kind: Annotated[str, OneOf("payment", "refund")] | None
    remote_type: str | None
    applied_to: list[AppliedTo] | None
    contact: Ref | None
    date: Day | None
    currency: Currency | None
    base_currency: Currency | None
    exchange_rate_to_base: Rate | None
    provider_exchange_rate: Rate | None
    amount: Amount | None
    amount_base: Amount | None
    bank_amount: Amount | None
    bank_currency: Currency | None
    account: Ref | None
    reference: str | None
    is_reconciled: bool | None
    batch: Ref | None
    payment_method: str | None


PAYMENT: Final = Resource(
    name="payment",
    plural="payments",
    topic_part="payments",
    space="accounting",
    model=Payment,
    endpoint=Endpoint(
        path="Payments",
        item_key="Payments",
        id_key="PaymentID",
        modified_since=True,
        page_size=1000,
        ids_filter=False,
        where_id_or=True,
        sends_unitdp=False,
        list_params={},
        order="PaymentID",
        single=True,
        scope_granular="accounting.payments",
        scope_broad="accounting.transactions",
    ),
    webhook_category="PAYMENT",
    prepare=look_at_currency,
    derive=lambda record: derive_base(record, _TWINS),
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=bank_facts("payment"),
    linked_to=_linked,
    written=_written,
    operations=(
        creates("payments and refunds", summarizes=True),
        moves(
            "delete",
            "Delete a payment, which opens its document again",
            word="DELETED",
            becomes="deleted",
            legal_in=("completed",),
            ends="deleted",
            alone=True,
        ),
    ),
    required=("applied_to", "account", "date", "amount"),
    fields=(
        Field("status", "Status", _STATUS, ALL),
        Field("remote_status", "Status", TEXT, ALL),
        Field("direction", "PaymentType", _DIRECTION),
        Field("kind", "PaymentType", Codec(_read_kind)),
        Field("remote_type", "PaymentType", remote_of(_DIRECTION)),
        Field("applied_to", (*DOCUMENT_KEYS, "PaymentType", "Amount"), APPLIED, write=True),
        Field("contact", DOCUMENT_KEYS, Codec(read_document_contact, None, canon_ref, brief_ref)),
        Field("date", "Date", DATE, write=True),
        Field("currency", DOCUMENT_KEYS, Codec(read_document_currency)),
        BASE_CURRENCY,
        *rate_fields(in_every_read=True),
        Field("amount", "Amount", AMOUNT, write=True),
        Derived("amount_base"),
        Field(
            "bank_amount",
            ("BankAmount", "Account"),
            Codec(_read_bank_amount, _write_bank_amount),
            write=True,
        ),
        Field("bank_currency", "Account", Codec(_read_bank_currency)),
        Field("account", "Account", ACCOUNT_OBJECT, write=True),
        Field("reference", "Reference", TEXT, write=True),
        Field("is_reconciled", "IsReconciled", FLAG, write=True),
        Field(
            "batch",
            ("BatchPayment", "BatchPaymentID"),
            Codec(_read_batch, None, canon_ref, brief_ref),
        ),
        Constant("payment_method"),
    ),
    extensions=(
        Field("particulars", "Particulars", TEXT, write=True),
        Field("details", "Details", TEXT, write=True),
    ),
    ignored=(
        "UpdatedDateUTCString",
        "DateString",
        "HasAccount",
        "HasValidationErrors",
        "StatusAttributeString",
        "ValidationErrors",
        "Warnings",
        "InvoiceNumber",
        "CreditNoteNumber",
        "Code",
        "BankAccountNumber",  # the payee's: nobody's business but the bank's
    ),
)
