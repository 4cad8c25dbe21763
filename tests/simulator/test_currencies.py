"""Currencies: the direction of rates, amounts in base, three currencies, and what is gained."""

from decimal import Decimal
from typing import Any

import pytest

from simulator import exchange
from simulator.books import Tenant
from simulator.model import Account
from simulator.refusals import Refused
from tests.simulator.conftest import Link
from tests.simulator.money import bill, note, overpayment, sale, supplier_note

behaviour = pytest.mark.behaviour


@behaviour(
    "Currencies", "CurrencyRate is document currency for one of base: base is amount over rate"
)
@behaviour("Currencies", "a bank account in base currency moves the amount over the rate")
@pytest.mark.parametrize(
    ("currency", "rate", "amount", "bank_amount"),
    [
        # New Zealand: 57.50 USD at 0.50 USD a dollar are 115.00; 23 EUR at 0.46 are 50.
        ("USD", "0.50", "57.50", "115.00"),
        ("EUR", "0.46", "23.00", "50.00"),
        # A dear dollar: 100 AUD at 0.937053 are 106.7175... of base.
        ("AUD", "0.937053", "100.00", "106.72"),
    ],
)
def test_bank_amount_is_amount_over_rate(
    tenant: Tenant, currency: str, rate: str, amount: str, bank_amount: str
) -> None:
    """By hand, in three currencies."""
    invoice = sale(tenant, CurrencyCode=currency, CurrencyRate=rate)

    payment = tenant.pay(invoice.id, amount, CurrencyRate=rate)

    assert payment.bank_amount == Decimal(bank_amount)
    assert exchange.in_base(Decimal(amount), invoice.rate) == Decimal(bank_amount)


@behaviour("Currencies", "documents in base currency have the rate 1, whatever is sent")
def test_base_documents_have_rate_one(tenant: Tenant) -> None:
    """There is nothing to exchange."""
    assert sale(tenant, CurrencyRate="0.5").rate == 1
    assert note(tenant, CurrencyCode="NZD", CurrencyRate="0.5").rate == 1


@behaviour("Currencies", "a foreign document without a rate gets that of its day")
def test_rates_of_days_differ_and_come_again(tenant: Tenant) -> None:
    """The same day, the same rate."""
    first = sale(tenant, CurrencyCode="USD", Date="2026-03-01")
    same = note(tenant, CurrencyCode="USD", Date="2026-03-01")
    later = sale(tenant, CurrencyCode="USD", Date="2026-03-02")

    assert first.rate == same.rate != later.rate
    assert Decimal("0.57") < first.rate < Decimal("0.61")


@behaviour("Currencies", "a currency that the organisation has not added is refused")
def test_unknown_currencies_are_refused(tenant: Tenant) -> None:
    """Until it is added."""
    with pytest.raises(Refused, match="not subscribed to currency JPY"):
        sale(tenant, CurrencyCode="JPY")


@behaviour("Currencies", "a rate must be above zero")
@pytest.mark.parametrize("rate", ["0", "-0.5"])
def test_rates_are_above_zero(tenant: Tenant, rate: str) -> None:
    """Of documents and payments alike."""
    with pytest.raises(Refused, match="rate must be greater"):
        sale(tenant, CurrencyCode="USD", CurrencyRate=rate)
    with pytest.raises(Refused, match="rate must be greater"):
        tenant.pay(sale(tenant, CurrencyCode="USD").id, "1.00", CurrencyRate=rate)


@behaviour("Currencies", "a payment's rate follows from Amount and BankAmount where both are sent")
def test_bank_amount_sent_gives_the_rate(tenant: Tenant) -> None:
    """50 USD that became 80 NZD were exchanged at 0.625."""
    invoice = sale(tenant, CurrencyCode="USD", CurrencyRate="0.5")

    payment = tenant.pay(invoice.id, "50.00", BankAmount="80.00")

    assert (payment.rate, payment.bank_amount) == (Decimal("0.625"), Decimal("80.00"))


def foreign_bank(tenant: Tenant, currency: str, code: str = "095") -> str:
    """A bank account in another currency; its code."""
    account = Account(tenant.ledger.new_id(), code, f"{currency} Account", "BANK", True, currency)
    tenant.ledger.reference.accounts.put(account, 0)
    return code


@behaviour("Currencies", "a bank account in the document's currency moves the amount itself")
def test_bank_in_document_currency_moves_the_amount(tenant: Tenant) -> None:
    """The rate is kept for the books."""
    code = foreign_bank(tenant, "USD")
    invoice = sale(tenant, CurrencyCode="USD", CurrencyRate="0.5")

    payment = tenant.pay(invoice.id, "57.50", Account={"Code": code}, CurrencyRate="0.6")

    assert (payment.bank_amount, payment.rate) == (Decimal("57.50"), Decimal("0.6"))


@behaviour("Currencies", "payments that involve three currencies are refused")
@pytest.mark.parametrize("make", [sale, bill, note, overpayment])
def test_three_currencies_are_refused(tenant: Tenant, make: Any) -> None:
    """Document in EUR, bank in USD, organisation in NZD."""
    code = foreign_bank(tenant, "USD")
    document = make(tenant, CurrencyCode="EUR")
    pay = tenant.pay if make in {sale, bill} else tenant.refund

    with pytest.raises(Refused, match="three currencies"):
        pay(document.id, "10.00", Account={"Code": code})

    assert document.payments == []


@behaviour("Currencies", "a foreign bank account can pay what is in base currency")
def test_foreign_bank_pays_base_documents(tenant: Tenant) -> None:
    """BankAmount is in the account's currency."""
    code = foreign_bank(tenant, "USD")
    invoice = sale(tenant)

    payment = tenant.pay(invoice.id, "100.00", Account={"Code": code}, BankAmount="60.00")

    assert (payment.amount, payment.bank_amount, payment.rate) == (
        Decimal(100),
        Decimal(60),
        Decimal(1),
    )


@behaviour("Currencies", "a payment at another rate realises a gain or a loss in base currency")
@pytest.mark.parametrize(
    ("make", "currency", "booked", "paid", "gain"),
    [
        # 57.50 USD: booked as 115.00, came in as 125.00.
        (sale, "USD", "0.50", "0.46", "10.00"),
        # 57.50 EUR: booked as 125.00, came in as 115.00.
        (sale, "EUR", "0.46", "0.50", "-10.00"),
        # 57.50 GBP: owed as 115.00, cost 125.00.
        (bill, "GBP", "0.50", "0.46", "-10.00"),
        # A refund of 57.50 USD: booked as 115.00, cost 125.00.
        (note, "USD", "0.50", "0.46", "-10.00"),
        (sale, "USD", "0.50", "0.50", "0.00"),
    ],
)
def test_gains_by_hand(
    tenant: Tenant, make: Any, currency: str, booked: str, paid: str, gain: str
) -> None:
    """In three currencies, on both sides; Xero's API shows the two rates, not the gain."""
    document = make(tenant, CurrencyCode=currency, CurrencyRate=booked)
    pay = tenant.refund if make is note else tenant.pay

    payment = pay(document.id, "57.50", CurrencyRate=paid)

    assert exchange.realised_gain(document, payment) == Decimal(gain)


@behaviour("Currencies", "an allocation between different rates realises a gain or a loss, too")
@pytest.mark.parametrize(
    ("make", "credit", "currency", "booked", "credited", "gain"),
    [
        # 57.50 USD: received ahead as 125.00, the invoice stands at 115.00.
        (sale, overpayment, "USD", "0.50", "0.46", "10.00"),
        # 57.50 EUR: the credit note was booked as 115.00, the invoice as 125.00.
        (sale, note, "EUR", "0.46", "0.50", "-10.00"),
        # 57.50 AUD: the supplier's credit is worth 125.00, the bill 115.00.
        (bill, supplier_note, "AUD", "0.50", "0.46", "-10.00"),
    ],
)
def test_gains_of_allocations_by_hand(
    tenant: Tenant, make: Any, credit: Any, currency: str, booked: str, credited: str, gain: str
) -> None:
    """In three currencies; each side keeps its own rate and amounts."""
    invoice = make(tenant, CurrencyCode=currency, CurrencyRate=booked)
    held = credit(tenant, CurrencyCode=currency, CurrencyRate=credited)

    made = tenant.allocate(held.id, invoice.id, "57.50")

    assert exchange.allocated_gain(held, invoice, made.amount) == Decimal(gain)
    assert (held.remaining, invoice.amount_due) == (Decimal("57.50"), Decimal("57.50"))


@behaviour("Currencies", "only overpayments may be in another currency than their bank account")
def test_overpayments_may_be_foreign(tenant: Tenant) -> None:
    """With the rate that is sent."""
    held = overpayment(tenant, CurrencyCode="USD", CurrencyRate="0.5")

    assert (held.currency, held.rate, held.remaining) == ("USD", Decimal("0.5"), Decimal(115))


@behaviour("Contacts", "Balances are in base currency, at the rate of each document")
async def test_balances_are_in_base_currency(link: Link) -> None:
    """115 USD at 0.5 and 115 NZD are 345 of base."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    sale(tenant)
    sale(tenant, CurrencyCode="USD", CurrencyRate="0.5")

    (contact,) = (await caller.get("Contacts", {"page": 1})).json()["Contacts"]

    assert contact["Balances"]["AccountsReceivable"]["Outstanding"] == 345.0
