"""Rates of exchange: what a document's currency is worth, what a bank moves, what is gained.

A rate is units of the document's currency for one unit of base (Xero's CurrencyRate), so an
amount is divided by it. Sources: Xero's pages on Payments and on Bank Transactions; Xero refuses
payments that involve three currencies. What the API does not show, the gain, is computed here
for whoever needs to check it.
"""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from simulator import amounts
from simulator.countries import market_rate
from simulator.elements import Element, decimal
from simulator.model import ZERO, Account, Credit, Document, Invoice, Payment
from simulator.refusals import Refused

if TYPE_CHECKING:
    from simulator.ledger import Ledger  # which books by these rates

_SIX = Decimal("0.000001")
_DRIFT = 41  # how many different rates a pair goes through
_STEP = Decimal("0.001")


class Exchanged(NamedTuple):
    """The rate of a payment, and what it moves in the bank account's currency."""

    rate: Decimal
    bank_amount: Decimal


def day_rate(currency: str, base: str, on: dt.date) -> Decimal:
    """The rate of a day: within two per cent of the market's, six decimals, the same each time."""
    if currency == base:
        return Decimal(1)
    phase = (on.toordinal() * 17 + sum(map(ord, currency + base))) % _DRIFT
    drift = (phase - _DRIFT // 2) * _STEP
    return (market_rate(currency, base) * (1 + drift)).quantize(_SIX)


def document_rate(
    ledger: "Ledger", element: Element, currency: str, *, on: dt.date, held: Decimal | None = None
) -> Decimal:
    """The rate of a document: as sent, else the one it has, else the day's; 1 in base currency.

    Raises:
        Refused: the rate sent isn't above zero, or the organisation doesn't use the currency.
    """
    base = ledger.country.currency
    if currency == base:
        return Decimal(1)
    if ledger.reference.currencies.get(currency) is None:
        raise Refused(f"Organisation is not subscribed to currency {currency}")
    return _sent(element) or held or day_rate(currency, base, on)


def of_payment(
    ledger: "Ledger", document: Document, account: Account, *, element: Element, amount: Decimal
) -> Exchanged:
    """What a payment's rate is and what the bank moves.

    The rate is the one sent, or follows from the BankAmount sent, else it is the document's.

    Raises:
        Refused: document, bank account and organisation have three currencies.
    """
    base = ledger.country.currency
    bank = account.currency or base
    if bank not in {document.currency, base} and document.currency != base:
        raise Refused("Payments that involve three currencies are not supported")
    sent = decimal(element, "BankAmount")
    if sent is not None and sent <= 0:
        raise Refused("Payment bank amount must be greater than zero")
    if document.currency == base:
        if bank == base:
            return Exchanged(Decimal(1), amount)
        moved = sent or amount * (_sent(element) or day_rate(bank, base, document.date))
        return Exchanged(Decimal(1), amounts.cents(moved))
    rate = _sent(element)
    if bank == document.currency:
        return Exchanged(rate or document.rate, amount)
    if rate is None and sent is not None:
        return Exchanged((amount / sent).quantize(amounts.RATE), amounts.cents(sent))
    rate = rate or document.rate
    return Exchanged(rate, amounts.cents(amount / rate))


def in_base(amount: Decimal, rate: Decimal) -> Decimal:
    """An amount in base currency, in cents."""
    return amount if rate == 1 else amounts.cents(amount / rate)


def realised_gain(document: Document, payment: Payment) -> Decimal:
    """What the move of the rate from document to payment gained, in base; a loss is negative.

    Money that comes in gains when it is worth more than was booked, money that goes out when it
    is worth less.
    """
    gained = in_base(payment.amount, payment.rate) - in_base(payment.amount, document.rate)
    comes_in = document.is_sale != isinstance(document, Credit)
    return gained if comes_in else ZERO - gained


def allocated_gain(credit: Credit, invoice: Invoice, amount: Decimal) -> Decimal:
    """What an allocation gained, in base: credit and invoice were booked at different rates."""
    gained = in_base(amount, credit.rate) - in_base(amount, invoice.rate)
    return gained if invoice.is_sale else ZERO - gained


def _sent(element: Element) -> Decimal | None:
    rate = decimal(element, "CurrencyRate")
    if rate is not None and rate <= 0:
        raise Refused("The currency rate must be greater than zero")
    return rate
