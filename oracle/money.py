"""Amounts: the digits of currencies and what an amount is worth in base currency.

Source in words: ISO 4217 for the minor units; Xero's "Currencies" pages for the rate, which is
document currency per unit of base currency, so an amount is divided by it.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from oracle.match import Number
from oracle.wire import number

#: Currencies whose minor unit is not a hundredth: how many fraction digits they have.
_DIGITS = {
    "BIF": 0, "BYR": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0,
    "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip


def minor_digits(currency: str | None) -> int:
    """Fraction digits of a currency's minor unit."""
    return _DIGITS.get(currency or "", 2)


def amount(value: Any, currency: str | None) -> Number | None:
    """An amount of Xero's as it should be written."""
    found = number(value)
    return None if found is None else Number(found, minor_digits(currency))


def quantity(value: Any) -> Number | None:
    """A number that is no amount."""
    found = number(value)
    return None if found is None else Number(found)


def in_base(value: Any, rate: Decimal | None, base: str | None) -> Number | None:
    """An amount in base currency: divided, then rounded half up to the minor unit."""
    found = number(value)
    if found is None or rate is None or rate <= 0 or base is None:
        return None
    return Number(_worth(found, rate, base), minor_digits(base))


def gained(value: Any, settled_at: Decimal, booked_at: Decimal, base: str) -> Decimal:
    """What an amount is worth at one rate less what at another, both rounded as books carry them.

    Money that comes in at a better rate than it was booked at is a gain; what goes out, a loss.
    """
    found = number(value) or Decimal(0)
    return _worth(found, settled_at, base) - _worth(found, booked_at, base)


def _worth(value: Decimal, rate: Decimal, base: str) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return (value / rate).quantize(Decimal(10) ** -minor_digits(base), ROUND_HALF_UP)


def inverse(rate: Decimal | None) -> Number | None:
    """What to multiply by: one divided by the rate, to ten significant digits."""
    if rate is None or rate <= 0:
        return None
    with localcontext() as context:
        context.prec = 10
        context.rounding = ROUND_HALF_UP
        return Number(1 / rate)
