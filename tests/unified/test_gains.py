"""Several currencies: which way rates go, base amounts, and what money gained until it was paid.

The cases are worked out by hand, with the fractions beside them; the properties hold for any.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unified.books import JP, NZ, US, normalized, wire
from unified.money import minor_digits, realised_gain, to_base
from unified.resource import TenantContext
from unified.resources.invoice import INVOICE
from unified.resources.payment import PAYMENT
from unified.shape import Read

AMOUNTS = st.decimals(min_value="0.01", max_value="9999999.99", places=2)
RATES = st.decimals(min_value="0.0001", max_value="999", places=6)


@pytest.mark.parametrize(
    ("amount", "document_rate", "payment_rate", "digits", "gain"),
    [
        # NZD books, EUR: 600 / 0.54 = 1111.111 -> 1111.11; 600 / 0.55 = 1090.909 -> 1090.91
        ("600.00", "0.55", "0.54", 2, "20.20"),
        # 400 / 0.5625 = 711.111 -> 711.11; 400 / 0.55 = 727.272 -> 727.27
        ("400.00", "0.55", "0.5625", 2, "-16.16"),
        # NZD books, JPY: 30000 / 90 = 333.333 -> 333.33; 30000 / 91.25 = 328.767 -> 328.77
        ("30000", "91.25", "90", 2, "4.56"),
        # JPY books, USD: 1500.25 / 0.0065 = 230807.69 -> 230808; / 0.0066 = 227310.60 -> 227311
        ("1500.25", "0.0066", "0.0065", 0, "3497"),
        # half up: 0.05 / 10 = 0.005 -> 0.01; 0.05 / 20 = 0.0025 -> 0.00
        ("0.05", "20", "10", 2, "0.01"),
        ("123.45", "0.77", "0.77", 2, "0.00"),
    ],
)
def test_gain_is_what_it_is_worth_when_paid_less_what_it_was_worth(
    amount: str, document_rate: str, payment_rate: str, digits: int, gain: str
) -> None:
    """A rate that falls makes foreign money dearer: who is owed it gains."""
    rates = Decimal(document_rate), Decimal(payment_rate)

    assert Decimal(gain) == realised_gain(Decimal(amount), *rates, digits=digits)


@given(amount=AMOUNTS, rate=RATES, digits=st.sampled_from([0, 2, 3]))
def test_base_amount_is_the_exact_quotient_rounded_half_up(
    amount: Decimal, rate: Decimal, digits: int
) -> None:
    """Divided, never multiplied: held against exact fractions."""
    exact = Fraction(amount) / Fraction(rate) * 10**digits
    nearest = (exact + Fraction(1, 2)).__floor__()

    assert Decimal(to_base(amount, rate, digits)) == Decimal(nearest).scaleb(-digits)


@given(amount=AMOUNTS, one=RATES, other=RATES, digits=st.sampled_from([0, 2, 3]))
def test_gain_turns_its_sign_with_the_rates(
    amount: Decimal, one: Decimal, other: Decimal, digits: int
) -> None:
    """None at one rate, the opposite the other way, and never beyond what rounding may add."""
    gain = realised_gain(amount, one, other, digits=digits)
    exact = Fraction(amount) / Fraction(other) - Fraction(amount) / Fraction(one)

    assert gain == -realised_gain(amount, other, one, digits=digits)
    assert realised_gain(amount, one, one, digits=digits) == 0
    assert abs(Fraction(gain) - exact) <= Fraction(1, 10**digits)


def foreign(context: TenantContext = NZ, **changes: Any) -> dict[str, Any]:
    """The euro invoice paid in two parts, with some of Xero's keys changed."""
    return normalized("invoice", "paid_in_euro_with_a_gain", context=context, **changes).record


@given(
    rate=RATES,
    paid=st.lists(st.tuples(AMOUNTS, RATES), max_size=5),
    base=st.sampled_from([NZ, JP, US]),
)
def test_gain_of_an_invoice_is_that_of_its_payments(
    rate: Decimal, paid: list[tuple[Decimal, Decimal]], base: TenantContext
) -> None:
    """Each payment's worth at its own rate less its worth at the invoice's; a bill's the other way
    round. Worked out here with another arithmetic, in three base currencies."""
    stubs = [
        {"PaymentID": f"p{number}", "Amount": amount, "CurrencyRate": at}
        for number, (amount, at) in enumerate(paid)
    ]
    unit = Decimal(1).scaleb(-minor_digits(base.base_currency))
    gain = sum(
        ((amount / at).quantize(unit, ROUND_HALF_UP) - (amount / rate).quantize(unit, ROUND_HALF_UP)
         for amount, at in paid),
        Decimal(0),
    )  # fmt: skip
    sold = foreign(base, CurrencyRate=rate, Payments=stubs)
    bought = foreign(base, CurrencyRate=rate, Payments=stubs, Type="ACCPAY")

    assert gain == Decimal(sold["realised_gain_base"])
    assert -gain == Decimal(bought["realised_gain_base"])


@pytest.mark.parametrize(
    ("changes", "gain"),
    [
        ({"CurrencyCode": "NZD", "CurrencyRate": 1}, "0.00"),
        ({"Payments": []}, "0.00"),
        ({"CurrencyRate": ...}, None),
        ({"CurrencyRate": 0}, None),
        ({"Payments": [{"PaymentID": "p", "Amount": 5}]}, None),
        ({"Payments": [{"PaymentID": "p", "Amount": 5, "CurrencyRate": 0}]}, None),
        ({"Type": "ACCLOAN"}, None),
    ],
)
def test_gain_that_nobody_can_know_is_null(changes: dict[str, Any], gain: str | None) -> None:
    """Zero is said only where it is certain."""
    assert gain == foreign(**changes)["realised_gain_base"]


def test_records_of_an_older_version_lack_the_rates_of_payments() -> None:
    """What was stored before rates were kept is laid over without them, and does not fail."""
    known = foreign()
    for stub in known["payments"]:
        del stub["provider_exchange_rate"]
    thin = INVOICE.normalize(
        wire("invoice", "paid_in_euro_with_a_gain", Payments=..., Reference="x"), NZ, Read.PAGED
    )

    assert INVOICE.overlay(known, thin)["realised_gain_base"] is None


@given(amount=AMOUNTS, rate=RATES)
def test_payment_into_a_bank_of_base_currency_agrees_with_its_rate(
    amount: Decimal, rate: Decimal
) -> None:
    """The rate's direction: the document's amount divided by it is what reached the bank."""
    banked = (amount / rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
    raw = wire("payment", "foreign_bill_paid", Amount=amount, CurrencyRate=rate, BankAmount=banked)
    record = PAYMENT.normalize(raw, NZ, Read.SINGLE).record

    assert record["amount_base"] == record["bank_amount"]
    assert record["provider_exchange_rate"] is not None
    inverse = Decimal(record["exchange_rate_to_base"])
    assert abs(inverse * rate - 1) < Decimal("1e-9")
