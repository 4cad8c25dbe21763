"""The document of a payment: what it settled, or which credit a refund paid back.

Xero shows it inside the payment, most often under the key `Invoice` whatever it is: a refund's
credit note, prepayment or overpayment stands there too, with its own id, which no invoice has. So
the document's type says what it is, never the key (Xero: Payments).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from unified.applied import CREDIT_ENDPOINTS
from unified.codecs import UNKNOWN, Codec, CodecError, Drift, Scope
from unified.model import Amount, OneOf, Part, Ref
from unified.money import AMOUNT, minor_digits
from unified.money_block import read_own_currency
from unified.parts import object_ref
from unified.refs import brief_ref, canon_ref, read_ref

#: Keys under which Xero shows the document, with the key of its id and number there.
_DOCUMENTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "Invoice": ("invoice", "InvoiceID", "InvoiceNumber"),
    "CreditNote": ("credit_note", "CreditNoteID", "CreditNoteNumber"),
    "Prepayment": ("prepayment", "PrepaymentID", "InvoiceNumber"),
    "Overpayment": ("overpayment", "OverpaymentID", "InvoiceNumber"),
}
DOCUMENT_KEYS: Final = tuple(_DOCUMENTS)
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
ENDPOINTS: Final[Mapping[str, str]] = {"invoice": "Invoices", **CREDIT_ENDPOINTS}
_CONTACT: Final = object_ref("contact", "ContactID")


def _document(raw: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The paid document and the key under which it stands.

    Raises:
        CodecError: what stands there is no object.
    """
    for key in DOCUMENT_KEYS:
        found = raw.get(key)
        if not found:
            continue
        if found.__class__ is not dict:
            raise CodecError("not an object", (key,))
        return key, found
    return None


def look_at_currency(raw: Mapping[str, Any], scope: Scope) -> None:
    """Amounts have the minor digits of the paid document's currency: a payment names none."""
    documents = (raw.get(key) for key in DOCUMENT_KEYS)
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
    target: dict[str, Any] = {"resource": kind, "ref": ref, "amount": amount}
    if kind == UNKNOWN:
        target["remote_resource"] = _word_of(document.get("Type")) or _word_of(
            raw.get("PaymentType")
        )
    return [target]


def _word_of(value: Any) -> str | None:
    return value or None if value.__class__ is str else None


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
        [
            each["resource"],
            each["ref"] and brief_ref(each["ref"]),
            each["amount"],
            *([each["remote_resource"]] if each.get("remote_resource") else ()),
        ]
        for each in targets
    ]


APPLIED: Final = Codec(_read_applied, _write_applied, _canon_applied, _brief_applied)


def read_document_currency(raw: Mapping[str, Any], scope: Scope) -> str | None:
    """Decode the currency of the paid document, which is the payment's; else the base currency."""
    found = _document(raw)
    try:
        return read_own_currency(None if found is None else found[1].get("CurrencyCode"), scope)
    except CodecError as error:
        raise error.under("CurrencyCode").under("" if found is None else found[0]) from None


def read_document_contact(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    """Decode whose document was paid: a payment names nobody itself."""
    found = _document(raw)
    if found is None:
        return None
    key, document = found
    try:
        ref: dict[str, Any] | None = _CONTACT.decode(document.get("Contact"), scope)
    except CodecError as error:
        raise error.under("Contact").under(key) from None
    return ref


def paid_documents(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a payment record settled: (endpoint path, remote id)."""
    return [
        (ENDPOINTS[each["resource"]], each["ref"]["remote_id"])
        for each in record["applied_to"] or ()
        if each["resource"] in ENDPOINTS and (each["ref"] or {}).get("remote_id") is not None
    ]


class AppliedTo(Part):
    """What a payment settled, or which credit a refund paid back; `amount` as the payment's.

    `remote_resource` is Xero's own word where `resource` is unknown.
    """

    resource: Annotated[str, OneOf("invoice", "credit_note", "prepayment", "overpayment")]
    ref: Ref | None
    amount: Amount | None
    remote_resource: str | None = None
