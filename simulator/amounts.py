"""The arithmetic of lines, tax and totals (Xero: "Rounding in Xero").

Tax is rounded per line to two decimals, half up, then summed. Not here: which tax rates
exist (countries.py) or when a document may change (invoices.py).
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from simulator.model import ZERO, Line

CENT = Decimal("0.01")
FOUR = Decimal("0.0001")
ONE = Decimal(1)
RATE = Decimal("0.0000000001")
_HUNDRED = Decimal(100)


class Totals(NamedTuple):
    """What a document's lines add up to."""

    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    total_discount: Decimal


def cents(value: Decimal) -> Decimal:
    """Two decimals, half away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def unit(value: Decimal, decimals: int) -> Decimal:
    """A unit amount with two or four decimals."""
    return value.quantize(FOUR if decimals == 4 else CENT, ROUND_HALF_UP)


def line_amount(
    quantity: Decimal,
    unit_amount: Decimal,
    *,
    discount_rate: Decimal | None = None,
    discount_amount: Decimal | None = None,
) -> Decimal:
    """Quantity times unit amount less discount, in cents."""
    gross = quantity * unit_amount
    if discount_rate is not None:
        gross = gross * (_HUNDRED - discount_rate) / _HUNDRED
    elif discount_amount is not None:
        gross -= discount_amount
    return cents(gross)


def line_tax(amount: Decimal, percent: Decimal, line_amount_types: str) -> Decimal:
    """One line's tax: on top when Exclusive, contained when Inclusive, none with NoTax."""
    if line_amount_types == "Exclusive":
        return cents(amount * percent / _HUNDRED)
    if line_amount_types == "Inclusive":
        return cents(amount * percent / (_HUNDRED + percent))
    return ZERO


def totals(lines: Iterable[Line], line_amount_types: str) -> Totals:
    """Sub total without tax, tax, total with tax, and the discounts given."""
    amount = tax = discount = ZERO
    for line in lines:
        amount += line.line_amount
        tax += line.tax_amount
        if line.discount_rate is not None or line.discount_amount is not None:
            gross = (line.quantity or Decimal(1)) * (line.unit_amount or ZERO)
            discount += cents(gross) - line.line_amount
    if line_amount_types == "Inclusive":
        return Totals(amount - tax, tax, amount, discount)
    return Totals(amount, tax, amount + tax, discount)
