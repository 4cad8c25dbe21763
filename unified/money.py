"""Amounts: decimal texts with the minor digits of their currency, and rates between currencies.

Amounts are never floats and never lose a digit that Xero sent. Which currency an amount is in
stands in the record, not here.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, Final

from unified.codecs import Codec, CodecError, Scope, plain, to_decimal, write_number

#: ISO 4217 currencies whose minor unit is not a hundredth (BYR and ZMK are of old).
_DIGITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        ("BIF", "BYR", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0
    ),
    **dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_RATE_DIGITS = 16  #: most fraction digits of a rate
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
_INVERSE = Context(prec=10, rounding=ROUND_HALF_UP)
_ZERO = Decimal(0)
_SHORT = 20  #: letters; an amount in plain notation that is no longer needs no look at its size


def minor_digits(currency: str | None) -> int:
    """Digits of a currency's minor unit (ISO 4217); 2 where the currency is not known."""
    return _DIGITS.get(currency, 2) if currency is not None else 2


def amount_text(amount: Decimal, digits: int) -> str:
    """Plain notation with at least `digits` fraction digits, and no trailing zero beyond them."""
    text = str(amount)
    if digits == 2 and text[-3:-2] == "." and text != "-0.00" and len(text) < _SHORT:
        return text  # as nearly all amounts are: already as it should be
    text = plain(amount)
    if digits == 0:
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(digits, '0')}"


def read_amount(value: Any, scope: Scope) -> str | None:
    """Decode an amount in the record's currency."""
    if value.__class__ is Decimal and scope.digits == 2:
        text = str(value)
        try:
            if text[-5] == "." and text[-2:] == "00":
                text = text[:-2]  # unit prices come with four
            if text[-3] == "." and text != "-0.00" and len(text) < _SHORT:
                return text  # as nearly all amounts come: already as it should be
        except IndexError:
            pass  # too short for two digits behind a point
    number = to_decimal(value)
    return None if number is None else amount_text(number, scope.digits)


def read_base_amount(value: Any, scope: Scope) -> str | None:
    """Decode an amount in the organisation's base currency."""
    number = to_decimal(value)
    return None if number is None else amount_text(number, scope.base_digits)


def read_rate(value: Any, _scope: Scope) -> str | None:
    """Decode a rate, to at most 16 fraction digits.

    Raises:
        CodecError: no number, or one below 0, which would turn debts into claims.
    """
    if value.__class__ is Decimal:
        return _rate_of(str(value))
    number = to_decimal(value)
    return None if number is None else _rate_text(number)


@lru_cache(maxsize=4_096)
def _rate_of(text: str) -> str:
    # Cached: most documents are in base currency, and the others share the rates of their days.
    return _rate_text(to_decimal(text) or _ZERO)


def _rate_text(number: Decimal) -> str:
    if number < 0:
        raise CodecError("a rate below 0")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_RATE_DIGITS:
        number = number.quantize(Decimal(1).scaleb(-_RATE_DIGITS), ROUND_HALF_UP, _WIDE)
    return plain(number)


def inverse_rate(rate: Decimal) -> str | None:
    """1 / rate to 10 significant and 16 fraction digits at most; None for a rate that is none.

    Xero's rate is document currency per unit of base currency, so its inverse is what an amount
    is multiplied with to be in base currency.
    """
    if rate <= 0:
        return None
    return _rate_text(_INVERSE.divide(Decimal(1), rate))


def rate_to_write(rate: Decimal) -> str | None:
    """The rate as Xero takes it, 1 / rate to 16 fraction digits; None where nothing is left."""
    text = _rate_text(_WIDE.divide(Decimal(1), rate))
    return None if text == "0" else text


def to_base(amount: Decimal, rate: Decimal, digits: int) -> str:
    """An amount in base currency: divided by Xero's rate, half up to the minor unit.

    Always from the rate that Xero gave: its rounded inverse would move cents.
    """
    unit = Decimal(1).scaleb(-digits)
    based = _WIDE.divide(amount, rate).quantize(unit, ROUND_HALF_UP, _WIDE)
    return amount_text(based or _ZERO, digits)


def realised_gain(
    amount: Decimal, document_rate: Decimal, payment_rate: Decimal, *, digits: int
) -> Decimal:
    """What money owed to us gained, in base currency, until it was paid; a loss is negative.

    The amount is in the document's currency, both rates are Xero's: document units per unit of
    base currency. For money that we owe, the sign is the other way round.
    """
    paid, owed = (to_base(amount, rate, digits) for rate in (payment_rate, document_rate))
    return Decimal(paid) - Decimal(owed)


AMOUNT: Final = Codec(read_amount, write_number)
BASE_AMOUNT: Final = Codec(read_base_amount)
RATE: Final = Codec(read_rate)
