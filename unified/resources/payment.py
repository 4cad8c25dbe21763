"""Payments: money that settled one document, and refunds, which pay a credit back.

Xero knows eight types of them; here `direction` says which way the money went and `kind` whether
it was a refund. The credit that a refund pays back comes under the key `Invoice`, with its own id,
so what a payment belongs to is known by the document's type, never by the key (Xero: Payments).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from unified.applied import CREDIT_ENDPOINTS
from unified.codecs import (
    DATE,
    FLAG,
    TEXT,
    UNKNOWN,
    Codec,
    CodecError,
    Drift,
    Scope,
    choice,
    read_currency,
    read_guid,
    remote_of,
)
from unified.model import Amount, Currency, Day, OneOf, Part, Rate, Record, Ref
from unified.money import AMOUNT, minor_digits
from unified.money_block import (
    BASE_CURRENCY,
    base_twins,
    derive_base,
    rate_fields,
    read_own_currency,
)
from unified.parts import object_ref
from unified.refs import brief_ref, canon_ref, make_ref, read_ref
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

#: Keys under which Xero shows the document, with the key of its id and number there.
_DOCUMENTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "Invoice": ("invoice", "InvoiceID", "InvoiceNumber"),
    "CreditNote": ("credit_note", "CreditNoteID", "CreditNoteNumber"),
    "Prepayment": ("prepayment", "PrepaymentID", "InvoiceNumber"),
    "Overpayment": ("overpayment", "OverpaymentID", "InvoiceNumber"),
}
_DOCUMENT_KEYS: Final = tuple(_DOCUMENTS)
#: What stands under `Invoice`, by its type: refunds show their credit there.
_KINDS: Final[Mapping[str, str]] = {
    "ACCREC": "invoice",
    "ACCPAY": "invoice",
    "ACCRECCREDIT": "credit_note",
    "ACCPAYCREDIT": "credit_note",
    "ARPREPAYMENT": "prepayment",
    "APPREPAYMENT": "prepayment",
    "RECEIVE-PREPAYMENT": "prepayment",
    "SPEND-PREPAYMENT": "prepayment",
    "AROVERPAYMENT": "overpayment",
    "APOVERPAYMENT": "overpayment",
    "RECEIVE-OVERPAYMENT": "overpayment",
    "SPEND-OVERPAYMENT": "overpayment",
}
#: The same where a document does not tell its type.
_KIND_OF_PAYMENT: Final[Mapping[str, str]] = {
    "ACCRECPAYMENT": "invoice",
    "ACCPAYPAYMENT": "invoice",
    "ARCREDITPAYMENT": "credit_note",
    "APCREDITPAYMENT": "credit_note",
    "ARPREPAYMENTPAYMENT": "prepayment",
    "APPREPAYMENTPAYMENT": "prepayment",
    "AROVERPAYMENTPAYMENT": "overpayment",
    "APOVERPAYMENTPAYMENT": "overpayment",
}
_ENDPOINTS: Final[Mapping[str, str]] = {"invoice": "Invoices", **CREDIT_ENDPOINTS}
_TWINS: Final = base_twins("amount")
_CONTACT: Final = object_ref("contact", "ContactID")


# --- the paid document -------------------------------------------------------------------------


def _document(raw: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The paid document and the key under which it stands.

    Raises:
        CodecError: what stands there is no object.
    """
    for key in _DOCUMENT_KEYS:
        found = raw.get(key)
        if not found:
            continue
        if found.__class__ is not dict:
            raise CodecError("not an object", (key,))
        return key, found
    return None


def _look_at_currency(raw: Mapping[str, Any], scope: Scope) -> None:
    """Amounts have the minor digits of the paid document's currency: a payment names none."""
    documents = (raw.get(key) for key in _DOCUMENT_KEYS)
    named = (each.get("CurrencyCode") for each in documents if each and each.__class__ is dict)
    currency = next((each for each in named if each.__class__ is str and each), None)
    if currency is not None:
        scope.digits = minor_digits(currency)


def _kind_of(raw: Mapping[str, Any], key: str, document: Mapping[str, Any], scope: Scope) -> str:
    """What kind of document it is; one of a type that Xero added since is of no known kind."""
    named, paid = document.get("Type"), raw.get("PaymentType")
    if key != "Invoice":
        return _DOCUMENTS[key][0]
    if named.__class__ is str and named:
        found = _KINDS.get(named.upper())
        if found is None:
            scope.drift.append(Drift("value", "Payment.Invoice.Type", named[:64]))
    elif paid.__class__ is str and paid:
        found = _KIND_OF_PAYMENT.get(paid.upper())
    else:
        found = "invoice"
    return found or UNKNOWN


def _read_applied(raw: Mapping[str, Any], scope: Scope) -> list[dict[str, Any]]:
    found = _document(raw)
    if found is None:
        return []
    key, document = found
    _, id_key, number_key = _DOCUMENTS[key]
    kind = _kind_of(raw, key, document, scope)
    try:
        ref = read_ref(scope, kind, document.get(id_key), name=document.get(number_key))
    except CodecError as error:
        raise error.under(id_key).under(key) from None
    if kind == UNKNOWN and ref is not None:
        ref = {**ref, "id": None}  # nobody can say which of ours it would be
    try:
        amount = AMOUNT.decode(raw.get("Amount"), scope)
    except CodecError as error:
        raise error.under("Amount") from None
    return [{"resource": kind, "ref": ref, "amount": amount}]


def _write_applied(targets: list[Mapping[str, Any]], _record: Mapping[str, Any]) -> dict[str, Any]:
    keys = {resource: (key, id_key) for key, (resource, id_key, _) in _DOCUMENTS.items()}
    body = {}
    for target in targets:
        if target.get("resource") in keys:
            key, id_key = keys[target["resource"]]
            body[key] = {id_key: (target.get("ref") or {}).get("remote_id")}
    return body


def _canon_applied(targets: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**each, "ref": None if each["ref"] is None else canon_ref(each["ref"])} for each in targets
    ]


def _brief_applied(targets: list[Mapping[str, Any]]) -> list[Any]:
    return [
        [each["resource"], each["ref"] and brief_ref(each["ref"]), each["amount"]]
        for each in targets
    ]


_APPLIED: Final = Codec(_read_applied, _write_applied, _canon_applied, _brief_applied)


def _read_currency(raw: Mapping[str, Any], scope: Scope) -> str | None:
    found = _document(raw)
    try:
        return read_own_currency(None if found is None else found[1].get("CurrencyCode"), scope)
    except CodecError as error:
        raise error.under("CurrencyCode").under("" if found is None else found[0]) from None


def _read_contact(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    found = _document(raw)
    if found is None:
        return None
    key, document = found
    try:
        ref: dict[str, Any] | None = _CONTACT.decode(document.get("Contact"), scope)
    except CodecError as error:
        raise error.under("Contact").under(key) from None
    return ref


# --- account, bank, batch, type ----------------------------------------------------------------


def _read_kind(value: Any, _scope: Scope) -> str | None:
    if value.__class__ is not str or not value:
        return None
    return _TYPES.get(value.upper(), (UNKNOWN, UNKNOWN))[1]


def _object(value: Any) -> Mapping[str, Any] | None:
    if not value:
        return None
    if value.__class__ is not dict:
        raise CodecError("not an object")
    found: Mapping[str, Any] = value
    return found


def _read_account(value: Any, scope: Scope) -> dict[str, Any] | None:
    held = _object(value)
    if held is None:
        return None
    return read_ref(
        scope, "account", held.get("AccountID"), code=held.get("Code"), name=held.get("Name")
    )


def _write_account(ref: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    # The id first: codes can be reused (Xero: Accounts).
    if ref.get("remote_id") is not None:
        return {"AccountID": ref["remote_id"]}
    return {"Code": ref.get("code")}


def _read_bank_currency(value: Any, scope: Scope) -> str | None:
    held = _object(value)
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
    batch = _object(raw.get("BatchPayment")) or {}
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
    if target.get("resource") not in _ENDPOINTS:
        raise DenormalizeError("/applied_to/0/resource", "no document that can be paid")
    if (target.get("ref") or {}).get("remote_id") is None:
        raise DenormalizeError("/applied_to/0/ref", "which document is not said")
    bank = record.get("bank_currency")
    known = {record.get("currency"), record.get("base_currency")}
    if bank is not None and None not in known and bank not in known:
        raise DenormalizeError("/bank_currency", "Xero refuses payments between three currencies")
    return body()


# --- meaning -----------------------------------------------------------------------------------


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    if after["status"] == "deleted":
        return [] if before["status"] == "deleted" else ["payment.deleted"]
    if after["is_reconciled"] and not before["is_reconciled"]:
        return ["payment.reconciled"]
    if before["is_reconciled"] and after["is_reconciled"] is False:
        return ["payment.unreconciled"]
    return []


def _linked(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The document, while the payment stands."""
    if record["status"] == "deleted":
        return []
    return [
        (_ENDPOINTS[each["resource"]], each["ref"]["remote_id"])
        for each in record["applied_to"] or ()
        if each["resource"] in _ENDPOINTS and (each["ref"] or {}).get("remote_id") is not None
    ]


# --- schema ------------------------------------------------------------------------------------


class AppliedTo(Part):
    """What a payment settled, or which credit a refund paid back; `amount` as the payment's."""

    resource: Annotated[str, OneOf("invoice", "credit_note", "prepayment", "overpayment")]
    ref: Ref | None
    amount: Amount | None


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
    applied_to: list[AppliedTo]
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
    prepare=_look_at_currency,
    derive=lambda record: derive_base(record, _TWINS),
    removed_as=lambda record: "deleted" if record["status"] == "deleted" else None,
    facts_of=_facts,
    linked_to=_linked,
    written=_written,
    fields=(
        Field("status", "Status", _STATUS, ALL),
        Field("remote_status", "Status", TEXT, ALL),
        Field("direction", "PaymentType", _DIRECTION),
        Field("kind", "PaymentType", Codec(_read_kind)),
        Field("remote_type", "PaymentType", remote_of(_DIRECTION)),
        Field("applied_to", (*_DOCUMENT_KEYS, "PaymentType", "Amount"), _APPLIED, write=True),
        Field("contact", _DOCUMENT_KEYS, Codec(_read_contact, None, canon_ref, brief_ref)),
        Field("date", "Date", DATE, write=True),
        Field("currency", _DOCUMENT_KEYS, Codec(_read_currency)),
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
        Field(
            "account",
            "Account",
            Codec(_read_account, _write_account, canon_ref, brief_ref),
            write=True,
        ),
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
