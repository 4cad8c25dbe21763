"""What settles a document, as the document itself lists it: payments, and credits applied to it.

These are stubs. The payment, credit note, prepayment or overpayment is a record of its own, whose
`linked_to` leads back here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from unified.codecs import DATE, REQUIRED_ID, Codec, CodecError, Scope, read_guid, read_text
from unified.model import Amount, Day, OneOf, Part, Rate, Ref
from unified.money import AMOUNT, RATE, amount_text, minor_digits, realised_gain
from unified.parts import id_ref
from unified.refs import brief_ref, canon_ref, make_ref
from unified.shape import Constant, Field, Shape, decode_list, many, sorted_by_id

_PAYMENT: Final = Shape(
    "Payment",
    (
        Field("id", "PaymentID", REQUIRED_ID),
        Field("ref", "PaymentID", id_ref("payment")),
        Field("date", "Date", DATE),
        Field("amount", "Amount", AMOUNT),
        Field("provider_exchange_rate", "CurrencyRate", RATE),
    ),
    partial=True,
)
PAYMENTS: Final = many(_PAYMENT, keyed=True)


_ZEROS: Final = tuple(amount_text(Decimal(0), digits) for digits in range(5))


def gain_of_payments(record: Mapping[str, Any], *, receivable: bool) -> str | None:
    """What a document's payments gained in base currency by the rates' moving; None: not known.

    Each payment's amount at its own rate less the same at the document's rate, both half up to the
    base currency's minor unit; the other way round for what we owe.
    """
    base, payments = record["base_currency"], record["payments"]
    if base is None or payments is None:
        return None
    digits = minor_digits(base)
    if record["currency"] == base or not payments:
        return _ZEROS[digits]  # as nearly all are
    # Records of an older version lack the rates of their payments.
    paid_at = [payment.get("provider_exchange_rate") for payment in payments]
    owed_at = record["provider_exchange_rate"]
    if any(rate is None or Decimal(rate) <= 0 for rate in (owed_at, *paid_at)):
        return None
    gain = Decimal(0)
    for payment, rate in zip(payments, paid_at, strict=True):
        amount = Decimal(payment["amount"] or 0)
        gain += realised_gain(amount, Decimal(owed_at), Decimal(rate), digits=digits)
    return amount_text(gain if receivable else -gain, digits)


def _credit(resource: str, id_key: str, name_key: str | None = None) -> Shape:
    def read_ref(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
        name = None if name_key is None else read_text(raw.get(name_key), scope)
        return make_ref(scope, resource, read_guid(raw.get(id_key), scope), name=name)

    return Shape(
        resource,
        (
            Field("id", id_key, REQUIRED_ID),
            Constant("resource", lambda: resource),
            Field("ref", (id_key,), Codec(read_ref, None, canon_ref, brief_ref)),
            Field("amount", "AppliedAmount", AMOUNT),
            Field("date", "Date", DATE),
        ),
        partial=True,
    )


_CREDITS: Final[Mapping[str, Shape]] = {
    "CreditNotes": _credit("credit_note", "CreditNoteID", "CreditNoteNumber"),
    "Prepayments": _credit("prepayment", "PrepaymentID"),
    "Overpayments": _credit("overpayment", "OverpaymentID"),
}
#: Endpoint of each kind of credit; also the key under which a document lists it.
CREDIT_ENDPOINTS: Final[Mapping[str, str]] = {
    "credit_note": "CreditNotes",
    "prepayment": "Prepayments",
    "overpayment": "Overpayments",
}


def _read_credits(raw: Mapping[str, Any], scope: Scope) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for key, shape in _CREDITS.items():
        if not raw.get(key):
            continue
        try:
            found.extend(decode_list(raw.get(key), scope, shape.decode))
        except CodecError as error:
            raise error.under(key) from None
    return found


def _canon_credits(credits_: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    # All kinds of credit have the same fields, so any of their tables can canonize them.
    shape = _CREDITS["CreditNotes"]
    return [shape.canon(item) for item in sorted_by_id(credits_)]


def _brief_credits(credits_: list[Mapping[str, Any]]) -> list[Any]:
    shape = _CREDITS["CreditNotes"]
    return [shape.brief(item) for item in sorted_by_id(credits_)]


CREDITS: Final = Codec(_read_credits, None, _canon_credits, _brief_credits)


# --- schemas -----------------------------------------------------------------------------------


class AppliedPayment(Part):
    """A payment of this document; `id` is Xero's id of the payment."""

    id: str
    ref: Ref
    date: Day | None
    amount: Amount | None
    provider_exchange_rate: Rate | None


class AppliedCredit(Part):
    """A credit note, prepayment or overpayment applied to this document."""

    id: str
    resource: Annotated[str, OneOf("credit_note", "prepayment", "overpayment")]
    ref: Ref
    amount: Amount | None
    date: Day | None
