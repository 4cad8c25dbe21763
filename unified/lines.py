"""The lines of a document, and what they refer to: items, accounts, tax rates, tracking.

A line's amount contains the tax in inclusive documents only; net and gross say it without asking
for the mode (Xero: Invoices, LineAmountTypes). The amounts of the whole document stand in
`money_block`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field as Described

from unified.account_refs import ACCOUNT_KEYS, LINE_ACCOUNT
from unified.codecs import (
    GUID,
    NUMBER,
    TEXT,
    Codec,
    CodecError,
    Scope,
    read_text,
    to_decimal,
)
from unified.model import Amount, Label, Number, Part, Ref, Tracking
from unified.money import AMOUNT, amount_text
from unified.parts import id_ref
from unified.refs import brief_ref, canon_ref, read_ref
from unified.shape import Derived, Field, Shape, decode_list, many, sorted_by_id
from unified.tracking import TRACKING

# --- codecs ------------------------------------------------------------------------------------


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


def _write_tax(value: Any, line: Mapping[str, Any]) -> Any:
    # Xero computes the tax unless told, so it is told only what a caller chose: a line that we
    # read has a line amount, and its tax would freeze whatever the caller changed beside it.
    return None if line.get("line_amount") is not None else value


def _write_discount_amount(value: Any, line: Mapping[str, Any]) -> Any:
    return None if line.get("discount_percent") is not None else value


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
        Field("account", ACCOUNT_KEYS, LINE_ACCOUNT, write=True),
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
    ignored=("DiscountEnteredAsPercent", "ValidationErrors"),
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
    _LINE.entries,
)


# --- schemas -----------------------------------------------------------------------------------


class TaxComponent(Part):
    """One part of a line's tax (Xero: US automated sales tax)."""

    id: str | None
    type: str | None
    name: Label | None
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

    read_only = frozenset(
        {
            "line_number",
            "tax_breakdown",
            "line_amount",
            "net_amount",
            "gross_amount",
            "repeating_line_source",
        }
    )

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
