"""Amounts and rates."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.codecs import CodecError, Scope
from unified.money import (
    AMOUNT,
    BASE_AMOUNT,
    RATE,
    amount_text,
    inverse_rate,
    minor_digits,
    to_base,
)
from unified.money_block import base_twins, derive_base

AMOUNTS = st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
)
RATES = st.decimals(min_value="0.000001", max_value=10**6, places=6)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("NZD", 2), ("USD", 2), ("JPY", 0), ("VND", 0), ("KWD", 3), ("CLF", 4), ("XXX", 2), (None, 2)],
)
def test_minor_digits_are_iso_4217s(currency: str | None, digits: int) -> None:
    """Two unless ISO says otherwise."""
    assert digits == minor_digits(currency)


@pytest.mark.parametrize(
    ("written", "digits", "meant"),
    [
        (Decimal("148062.76"), 2, "148062.76"),
        (Decimal("89"), 2, "89.00"),
        (89, 2, "89.00"),
        ("89.5", 2, "89.50"),
        (Decimal("20.5000"), 2, "20.50"),
        (Decimal("20.5010"), 2, "20.501"),
        (Decimal("12.3456"), 2, "12.3456"),
        (Decimal("-0.00"), 2, "0.00"),
        (Decimal("-0.0000"), 2, "0.00"),
        (Decimal("-43.6"), 2, "-43.60"),
        (Decimal("1E+2"), 2, "100.00"),
        (Decimal("12000.00"), 0, "12000"),
        (Decimal("0.5"), 0, "0.5"),
        (Decimal("1.00"), 3, "1.000"),
        (Decimal("123456789012345678901.10"), 2, "123456789012345678901.10"),
        (None, 2, None),
        ("", 2, None),
    ],
)
def test_amounts_have_their_currencys_digits(written: Any, digits: int, meant: str | None) -> None:
    """At least the minor digits, never an exponent, never a digit less than Xero sent."""
    assert meant == AMOUNT.decode(written, Scope("t", digits=digits))
    assert meant == BASE_AMOUNT.decode(written, Scope("t", base_digits=digits))


def test_amounts_that_are_none_are_refused() -> None:
    """Also those that Python would call numbers."""
    for wrong in ("1,234.50", Decimal("NaN"), Decimal("Infinity"), True, "1E+99"):
        with pytest.raises(CodecError):
            AMOUNT.decode(wrong, Scope("t"))


@given(AMOUNTS, st.sampled_from([0, 2, 3, 4]))
def test_amounts_keep_their_value(amount: Decimal, digits: int) -> None:
    """One text for one number, however many zeros it came with."""
    text = amount_text(amount, digits)

    assert amount == Decimal(text)
    assert text == AMOUNT.decode(amount, Scope("t", digits=digits))
    assert text == AMOUNT.decode(amount * Decimal("1.00000"), Scope("t", digits=digits))
    assert len(text.partition(".")[2]) >= digits
    assert not text.startswith("-0.00") or Decimal(text) != 0


def test_rates_keep_at_most_sixteen_digits() -> None:
    """Xero sends six to ten; whoever sends more does not make us longer."""
    scope = Scope("t")

    assert RATE.decode(Decimal("0.591200"), scope) == "0.5912"
    assert RATE.decode("1.0000000000", scope) == "1"
    assert RATE.decode(Decimal("0.12345678901234567"), scope) == "0.1234567890123457"
    assert RATE.decode("0.00000000000000005", scope) == "0.0000000000000001"
    assert RATE.decode(None, scope) is None
    assert RATE.decode(2, scope) == "2"
    for below in (Decimal(-1), "-0.5", -2):
        with pytest.raises(CodecError):
            RATE.decode(below, scope)


def test_inverse_has_ten_significant_digits() -> None:
    """Xero's rate is foreign units per unit of base; ours multiplies."""
    assert inverse_rate(Decimal("0.5912")) == "1.691474966"
    assert inverse_rate(Decimal("3")) == "0.3333333333"
    assert inverse_rate(Decimal("4000")) == "0.00025"
    assert inverse_rate(Decimal("0.0005")) == "2000"
    assert inverse_rate(Decimal(0)) is None
    assert inverse_rate(Decimal(-1)) is None


@given(AMOUNTS, RATES, st.sampled_from([0, 2, 3]))
def test_base_amounts_round_half_up_from_the_given_rate(
    amount: Decimal, rate: Decimal, digits: int
) -> None:
    """Computed with fractions, exactly; the rounded inverse is never used."""
    exact = Fraction(amount) / Fraction(rate)
    scaled = abs(exact) * 10**digits
    units = int(scaled + Fraction(1, 2))
    meant = Decimal(units).scaleb(-digits)

    assert meant == abs(Decimal(to_base(amount, rate, digits)))
    assert Decimal(to_base(-amount, rate, digits)) == -Decimal(to_base(amount, rate, digits))


def test_halves_go_away_from_zero() -> None:
    """As Xero rounds, and people too."""
    assert to_base(Decimal("0.01"), Decimal(2), 2) == "0.01"
    assert to_base(Decimal("-0.01"), Decimal(2), 2) == "-0.01"
    assert to_base(Decimal("-0.01"), Decimal(4), 2) == "0.00"
    assert Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal("2.68")


@pytest.mark.parametrize(
    ("currency", "base", "given_rate", "meant"),
    [
        ("NZD", "NZD", None, ("1", "10.00")),
        ("NZD", "NZD", "1", ("1", "10.00")),
        ("USD", "NZD", "0.5", ("2", "20.00")),
        ("USD", "NZD", "1", ("1", "10.00")),
        ("USD", "JPY", "0.0067", ("149.2537313", "1493")),
        ("USD", "NZD", None, (None, None)),
        ("USD", "NZD", "0", (None, None)),
        ("USD", None, "0.5", ("2", None)),
        (None, None, None, (None, None)),
    ],
)
def test_base_twins_follow_the_rate(
    currency: str | None, base: str | None, given_rate: str | None, meant: tuple[Any, Any]
) -> None:
    """A document in base currency needs no rate; without a usable one nothing is made up."""
    record: dict[str, Any] = {
        "currency": currency,
        "base_currency": base,
        "provider_exchange_rate": given_rate,
        "total": "10.00",
        "total_discount": None,
    }
    derive_base(record, base_twins("total", "total_discount"))

    assert meant == (record["exchange_rate_to_base"], record["total_base"])
    assert record["total_discount_base"] is None


def test_inverse_of_a_huge_rate_keeps_sixteen_fraction_digits() -> None:
    """As the schema has it: a currency of which a base unit buys ten millions and more."""
    assert inverse_rate(Decimal("13743895.0916")) == "0.0000000727595775"
    assert inverse_rate(Decimal("1E+20")) == "0"
