"""The money block of a document: its currency, the rate to base currency, and its totals twice.

Xero's rate is document currency per unit of base currency: a base amount is the amount divided by
it (Xero: Invoices, CurrencyRate). Subtotals never contain tax, whatever the tax mode.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from unified.codecs import TEXT, Choice, Codec, Scope, choice, read_currency, remote_of
from unified.money import AMOUNT, RATE, inverse_rate, minor_digits, rate_to_write, to_base
from unified.shape import ALL, LISTS, Derived, Entry, Field
from unified.vocabulary import DenormalizeError

_NEARLY_ONE = Decimal("1E-8")  #: how far an inverse of ten digits times the rate may be from 1

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


def read_own_currency(value: Any, scope: Scope) -> str | None:
    """Decode a document's currency; some accounts show none: then it is the organisation's."""
    return read_currency(value, scope) or scope.base_currency


def _left_to_derive(_value: Any, _scope: Scope) -> None:
    """Whether a rate is needed at all depends on both currencies, so `derive_base` fills it in."""


def _write_rate(value: Any, record: Mapping[str, Any]) -> str | None:
    """The rate as Xero wants it; left out for base currency, where Xero knows it.

    Raises:
        DenormalizeError: it is no rate, 1, which cannot be right between two currencies, or one
            whose inverse is nothing within sixteen fraction digits.
    """
    if record.get("currency") == record.get("base_currency"):
        return None
    rate = Decimal(value)
    if rate <= 0:
        raise DenormalizeError("/exchange_rate_to_base", "must be above 0")
    if rate == 1:
        raise DenormalizeError("/exchange_rate_to_base", "1 cannot be right in a foreign currency")
    given = record.get("provider_exchange_rate")
    # A rate that came from Xero goes back as it came, not as the inverse of its inverse.
    if given is not None and abs(Decimal(given) * rate - 1) < _NEARLY_ONE:
        return str(given)
    text = rate_to_write(rate)
    if text is None:
        raise DenormalizeError("/exchange_rate_to_base", "is beyond any rate between currencies")
    return text


# --- tables ------------------------------------------------------------------------------------

BASE_CURRENCY: Final = Field(
    "base_currency", (), Codec(lambda _raw, scope: scope.base_currency), ALL
)


def rate_fields(*, in_every_read: bool) -> tuple[Entry, ...]:
    """Both directions of the rate; `in_every_read`: none means none, not "not told"."""
    return (
        Field(
            "exchange_rate_to_base", "CurrencyRate", Codec(_left_to_derive, _write_rate), write=True
        ),
        Field("provider_exchange_rate", "CurrencyRate", RATE, LISTS, always=not in_every_read),
    )


def money_fields(*, rate_in_every_read: bool, tax_mode: Choice = TAX_MODE) -> tuple[Entry, ...]:
    """The money block as lines of a table; the rate as in `rate_fields`.

    `tax_mode` is for documents that write the mode in another way.
    """
    return (
        Field(
            "currency",
            "CurrencyCode",
            Codec(read_own_currency, TEXT.encode),
            ALL,
            write=True,
            always=True,
        ),
        BASE_CURRENCY,
        *rate_fields(in_every_read=rate_in_every_read),
        Field("tax_mode", "LineAmountTypes", tax_mode, write=True),
        Field("remote_tax_mode", "LineAmountTypes", remote_of(tax_mode)),
        Field("subtotal", "SubTotal", AMOUNT, always=True),
        Derived("subtotal_base"),
        Field("total_tax", "TotalTax", AMOUNT, always=True),
        Derived("total_tax_base"),
        Field("total", "Total", AMOUNT, always=True),
        Derived("total_base"),
        Field("total_discount", "TotalDiscount", AMOUNT),
        Derived("total_discount_base"),
    )
