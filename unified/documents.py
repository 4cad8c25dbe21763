"""What every document with lines has: the money block, the lines, what was applied to it.

Xero's amounts mean different things by mode: in an inclusive document a line's amount contains
the tax while the subtotal never does (Xero: Invoices, LineAmountTypes).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field as Described

from unified.codecs import (
    DATE,
    GUID,
    NUMBER,
    REQUIRED_ID,
    TEXT,
    Codec,
    CodecError,
    Scope,
    choice,
    read_guid,
    read_text,
    to_decimal,
)
from unified.model import Amount, Day, Number, OneOf, Part, Ref, Tracking
from unified.money import AMOUNT, amount_text, inverse_rate, minor_digits, to_base
from unified.parts import id_ref
from unified.refs import brief_ref, canon_ref, make_ref, read_ref
from unified.shape import Constant, Derived, Field, Shape, decode_list, many, sorted_by_id

TAX_MODE: Final = choice(
    "LineAmountTypes",
    {"EXCLUSIVE": "exclusive", "INCLUSIVE": "inclusive", "NOTAX": "none", "NONE": "none"},
    written={"exclusive": "Exclusive", "inclusive": "Inclusive", "none": "NoTax"},
)


def look_at_tax_mode(raw: Mapping[str, Any], scope: Scope) -> None:
    """Tell the decoding of lines whether their amounts contain the tax."""
    mode = raw.get("LineAmountTypes")
    scope.inclusive = isinstance(mode, str) and mode.upper() == "INCLUSIVE"


# --- rates and base amounts --------------------------------------------------------------------


def base_twins(*amounts: str) -> tuple[tuple[str, str], ...]:
    """Amounts with the names of their twins in base currency."""
    return tuple((name, f"{name}_base") for name in amounts)


def derive_base(record: dict[str, Any], twins: tuple[tuple[str, str], ...]) -> None:
    """Fill `exchange_rate_to_base` and, for each of `twins`, the amount in base currency.

    A document in base currency has the rate 1, said or not. Without a usable rate the base
    amounts are unknown.
    """
    base = record["base_currency"]
    given = record["provider_exchange_rate"]
    if given in {None, "1"} and base is not None and record["currency"] == base:
        record["exchange_rate_to_base"] = "1"
        for name, twin in twins:
            record[twin] = record[name]
        return
    rate = None if given is None else Decimal(given)
    record["exchange_rate_to_base"] = None if rate is None else _inverse(rate)
    if rate is None or rate <= 0 or base is None:
        for _, twin in twins:
            record[twin] = None
    else:
        digits = minor_digits(base)
        for name, twin in twins:
            amount = record[name]
            record[twin] = None if amount is None else to_base(Decimal(amount), rate, digits)


def _inverse(rate: Decimal) -> str | None:
    return "1" if rate == 1 else inverse_rate(rate)


# --- lines -------------------------------------------------------------------------------------


def _read_item(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    item, code = raw.get("Item"), raw.get("ItemCode")
    if not item:
        return None if not code else read_ref(scope, "item", None, code=code)
    if item.__class__ is not dict:
        raise CodecError("not an object")
    code = item.get("Code") or code
    return read_ref(scope, "item", item.get("ItemID"), code=code, name=item.get("Name"))


def _write_item(ref: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    if ref.get("code") is not None:
        return {"ItemCode": ref["code"]}
    return {"Item": {"ItemID": ref.get("remote_id")}}


def _read_account(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    return read_ref(scope, "account", raw.get("AccountID"), code=raw.get("AccountCode"))


def _write_account(ref: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    # The id first: codes can be reused (Xero: Accounts).
    if ref.get("remote_id") is not None:
        return {"AccountID": ref["remote_id"]}
    return {"AccountCode": ref.get("code")}


def _write_tax(value: Any, line: Mapping[str, Any]) -> Any:
    # Xero computes the tax unless told, so it is told only what a caller chose: a line that we
    # read has a line amount, and its tax would freeze whatever the caller changed beside it.
    return None if line.get("line_amount") is not None else value


def _write_discount_amount(value: Any, line: Mapping[str, Any]) -> Any:
    return None if line.get("discount_percent") is not None else value


def _read_tracking(value: Any, scope: Scope) -> dict[str, Any]:
    if value.__class__ is not dict:
        raise CodecError("not an object")
    category = read_guid(value.get("TrackingCategoryID"), scope)
    option = read_guid(value.get("TrackingOptionID"), scope)
    category_name, option_name = read_text(value.get("Name"), scope), value.get("Option")
    return {
        "category": make_ref(scope, "tracking_category", category, name=category_name),
        "option": make_ref(scope, "tracking_option", option, name=read_text(option_name, scope)),
    }


def _write_tracking(choices: list[Mapping[str, Any]], _line: Mapping[str, Any]) -> list[Any]:
    written = []
    for chosen in choices:
        category, option = chosen.get("category") or {}, chosen.get("option") or {}
        body = {
            "TrackingCategoryID": category.get("remote_id"),
            "TrackingOptionID": option.get("remote_id"),
            "Name": category.get("name"),
            "Option": option.get("name"),
        }
        written.append({key: value for key, value in body.items() if value is not None})
    return written


def canon_tracking(choices: list[Mapping[str, Any]]) -> list[Any]:
    """Tracking as it counts: without the names of what has ids."""
    return [
        {name: None if ref is None else canon_ref(ref) for name, ref in chosen.items()}
        for chosen in choices
    ]


def brief_tracking(choices: list[Mapping[str, Any]]) -> list[Any]:
    """The same in the fewest words."""
    return [
        [None if ref is None else brief_ref(ref) for ref in chosen.values()] for chosen in choices
    ]


def _read_trackings(value: Any, scope: Scope) -> list[Any]:
    return decode_list(value, scope, _read_tracking) if value else []


TRACKING: Final = Codec(
    _read_trackings,
    _write_tracking,
    canon_tracking,
    brief_tracking,
)

_BREAKDOWN: Final = Shape(
    "TaxBreakdown",
    (
        Field("id", "TaxComponentId", GUID),
        Field("type", "Type", TEXT),
        Field("name", "Name", TEXT),
        Field("percent", "TaxPercentage", NUMBER),
        Field("tax_amount", "TaxAmount", AMOUNT),
        Field("taxable_amount", "TaxableAmount", AMOUNT),
        Field("non_taxable_amount", "NonTaxableAmount", AMOUNT),
        Field("exempt_amount", "ExemptAmount", AMOUNT),
        Field("state_assigned_number", "StateAssignedNo", TEXT),
        Field("jurisdiction_region", "JurisdictionRegion", TEXT),
    ),
)
_BREAKDOWNS: Final = many(_BREAKDOWN, keyed=True)

_ZERO: Final = Decimal(0)
_LINE_EXTENSIONS: Final = Shape(
    "LineItem",
    (
        Field("taxability", "Taxability", TEXT, write=True),
        Field("sales_tax_code_id", "SalesTaxCodeId", NUMBER, write=True),
    ),
    partial=True,
)


def _read_line_extensions(raw: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    if raw.get("Taxability") is None and raw.get("SalesTaxCodeId") is None:
        return {}
    return {"xero": _LINE_EXTENSIONS.decode(raw, scope)}


def _write_line_extensions(value: Any, _line: Mapping[str, Any]) -> dict[str, Any]:
    return _LINE_EXTENSIONS.encode(value.get("xero") or {})


_LINE: Final = Shape(
    "LineItem",
    (
        Field("id", "LineItemID", GUID, write=True),
        # A position is not content: a line put on top would else change all lines below it.
        Derived("line_number", volatile=True),
        Field("description", "Description", TEXT, write=True),
        Field("quantity", "Quantity", NUMBER, write=True),
        Field("unit_price", "UnitAmount", AMOUNT, write=True),
        Field(
            "item",
            ("Item", "ItemCode"),
            Codec(_read_item, _write_item, canon_ref, brief_ref),
            write=True,
        ),
        Field(
            "account",
            ("AccountID", "AccountCode"),
            Codec(_read_account, _write_account, canon_ref, brief_ref),
            write=True,
        ),
        Field("tax_rate", "TaxType", id_ref("tax_rate", read_text), write=True),
        Field("tax_amount", "TaxAmount", Codec(AMOUNT.decode, _write_tax), write=True),
        Field(
            "tax_breakdown",
            "TaxBreakdown",
            Codec(lambda v, scope: _BREAKDOWNS.decode(v, scope) or None, None, _BREAKDOWNS.canon),
        ),
        Field("discount_percent", "DiscountRate", NUMBER, write=True),
        Field(
            "discount_amount",
            "DiscountAmount",
            Codec(AMOUNT.decode, _write_discount_amount),
            write=True,
        ),
        Field("line_amount", "LineAmount", AMOUNT),
        Derived("net_amount"),
        Derived("gross_amount"),
        Field("tracking", "Tracking", TRACKING, write=True),
        Field("repeating_line_source", "RepeatingInvoiceID", GUID),
        Field(
            "extensions",
            ("Taxability", "SalesTaxCodeId"),
            Codec(_read_line_extensions, _write_line_extensions),
            write=True,
        ),
    ),
    ignored=("ValidationErrors",),
)


def _read_lines(value: Any, scope: Scope) -> list[dict[str, Any]]:
    lines = decode_list(value, scope, _LINE.decode)
    for number, line in enumerate(lines, start=1):
        line["line_number"] = number
        _derive_line(line, value[number - 1], scope)
    return lines


def _derive_line(line: dict[str, Any], raw: Mapping[str, Any], scope: Scope) -> None:
    """Net and gross: the line amount contains the tax in inclusive documents only."""
    net = gross = line["line_amount"]
    if net is not None and line["tax_amount"] is not None:
        amount, tax = raw["LineAmount"], raw["TaxAmount"]
        if amount.__class__ is not Decimal or tax.__class__ is not Decimal:
            amount, tax = to_decimal(amount) or _ZERO, to_decimal(tax) or _ZERO
        if tax and scope.inclusive:
            net = amount_text(amount - tax, scope.digits)
        elif tax:
            gross = amount_text(amount + tax, scope.digits)
    line["net_amount"] = net
    line["gross_amount"] = gross


def _canon_lines(lines: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_LINE.canon(line) for line in sorted_by_id(lines)]


def _brief_lines(lines: list[Mapping[str, Any]]) -> list[Any]:
    return [_LINE.brief(line) for line in sorted_by_id(lines)]


LINES: Final = Codec(
    _read_lines,
    lambda lines, _record: [_LINE.encode(line) for line in lines],
    _canon_lines,
    _brief_lines,
)

# --- what was paid and credited ----------------------------------------------------------------

_PAYMENT: Final = Shape(
    "Payment",
    (
        Field("id", "PaymentID", REQUIRED_ID),
        Field("ref", "PaymentID", id_ref("payment")),
        Field("date", "Date", DATE),
        Field("amount", "Amount", AMOUNT),
    ),
    partial=True,
)
PAYMENTS: Final = many(_PAYMENT, keyed=True)


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


class TaxComponent(Part):
    """One part of a line's tax (Xero: US automated sales tax)."""

    id: str | None
    type: str | None
    name: str | None
    percent: Number | None
    tax_amount: Amount | None
    taxable_amount: Amount | None
    non_taxable_amount: Amount | None
    exempt_amount: Amount | None
    state_assigned_number: str | None
    jurisdiction_region: str | None


class XeroLineExtensions(Part):
    """Provider-only fields of a line (Xero: US automated sales tax)."""

    taxability: str | None
    sales_tax_code_id: Number | None


class LineExtensions(Part):
    """Provider-only fields by provider; empty where there are none."""

    xero: XeroLineExtensions | None = None


class Line(Part):
    """One line of a document. `line_amount` is in the document's tax mode."""

    id: str | None
    line_number: Annotated[int, Described(ge=1)]
    description: str | None
    quantity: Number | None
    unit_price: Amount | None
    item: Ref | None
    account: Ref | None
    tax_rate: Ref | None
    tax_amount: Amount | None
    tax_breakdown: list[TaxComponent] | None
    discount_percent: Number | None
    discount_amount: Amount | None
    line_amount: Amount | None
    net_amount: Amount | None
    gross_amount: Amount | None
    tracking: list[Tracking]
    repeating_line_source: str | None
    extensions: LineExtensions


class AppliedPayment(Part):
    """A payment of this document; `id` is Xero's id of the payment."""

    id: str
    ref: Ref
    date: Day | None
    amount: Amount | None


class AppliedCredit(Part):
    """A credit note, prepayment or overpayment applied to this document."""

    id: str
    resource: Annotated[str, OneOf("credit_note", "prepayment", "overpayment")]
    ref: Ref
    amount: Amount | None
    date: Day | None
