"""Three foreign currencies through the whole chain, against figures worked out by hand.

Base currency is the pound. A rate is foreign currency for one pound, so amounts are divided by it:

| What | In its currency | At | In pounds | Booked as | Gain |
|---|---|---|---|---|---|
| a sale in dollars | USD 1,000.00 | 1.25 | 800.00 | | |
| 400.00 of it paid | USD 400.00 | 1.28 | 312.50 | 320.00 | -7.50 |
| the rest credited | USD 600.00 | 1.20 | 500.00 | 480.00 | 20.00 |
| a bill in euros | EUR 900.00 | 1.20 | 750.00 | | |
| paid in full | EUR 900.00 | 1.15 | 782.61 | 750.00 | -32.61 |
| a sale in Australian dollars | AUD 200.00 | 2.00 | 100.00 | | |
| 150.00 of it overpaid before | AUD 150.00 | 1.90 | 78.95 | 75.00 | 3.95 |
"""

from typing import Any

import msgspec
import pytest

from ledgerwire.demo.judging import read_topics
from simulator.books import Tenant
from simulator.config import OpeningBooks, SimulatorConfig, TenantSpec
from tests.acceptance.rig import QUICK, Rig, running
from unified.broker import BrokerSettings
from unified.resources import resource
from unified.topics import contact_status_topic, invoice_status_topic, state_topic

Json = dict[str, Any]

NOTHING = OpeningBooks(contacts=0, invoices=0, bills=0, months=1)


def lines(amount: str) -> list[Json]:
    """One line without tax."""
    return [{"Description": "Work", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200",
             "TaxType": "NONE"}]  # fmt: skip


def document(tenant: Tenant, type_: str, contact: str, currency: str, **more: Any) -> str:
    """An approved invoice or bill; returns its id."""
    made = tenant.create_invoice(
        Type=type_,
        Contact={"ContactID": contact},
        CurrencyCode=currency,
        Date="2026-10-01",
        DueDate="2031-01-01",
        Status="AUTHORISED",
        LineAmountTypes="NoTax",
        **more,
    )
    return made.id


def trade(tenant: Tenant) -> dict[str, str]:
    """Everything in the table; returns ids by what they are."""
    customer = tenant.create_contact(Name="Abroad").id
    supplier = tenant.create_contact(Name="Overseas").id
    dollars = document(tenant, "ACCREC", customer, "USD", CurrencyRate="1.25",
                       LineItems=lines("1000.00"))  # fmt: skip
    euros = document(tenant, "ACCPAY", supplier, "EUR", CurrencyRate="1.20",
                     LineItems=lines("900.00"))  # fmt: skip
    australian = document(tenant, "ACCREC", customer, "AUD", CurrencyRate="2.00",
                          LineItems=lines("200.00"))  # fmt: skip
    tenant.delete_payment(tenant.pay(dollars, "100.00", Date="2026-10-02").id)
    tenant.pay(dollars, "400.00", Date="2026-10-05", CurrencyRate="1.28")
    note = tenant.create_credit_note(
        Type="ACCRECCREDIT",
        Contact={"ContactID": customer},
        CurrencyCode="USD",
        CurrencyRate="1.20",
        Date="2026-10-06",
        Status="AUTHORISED",
        LineAmountTypes="NoTax",
        LineItems=lines("650.00"),
    )
    tenant.allocate(note.id, dollars)
    tenant.refund(note.id, "20.00", Date="2026-10-09", CurrencyRate="1.30")
    tenant.pay(euros, Date="2026-10-07", CurrencyRate="1.15")
    overpaid = tenant.bank(
        Type="RECEIVE-OVERPAYMENT",
        Contact={"ContactID": customer},
        CurrencyCode="AUD",
        CurrencyRate="1.90",
        Date="2026-09-20",
        LineItems=[{"Description": "Paid too much", "LineAmount": "190.00"}],
    )
    tenant.allocate(str(overpaid.credit_id), australian, "150.00")
    return {"customer": customer, "supplier": supplier, "dollars": dollars, "euros": euros,
            "australian": australian, "note": note.id}  # fmt: skip


async def newest(rig: Rig, topic: str) -> dict[str, Json]:
    """The last word of each key of a compacted topic, by Xero's id."""
    found: dict[str, Json] = {}
    for record in await read_topics(rig.here.broker, topic):
        assert isinstance(record.value, bytes)
        value = msgspec.json.decode(record.value)
        named = value.get("invoice") or value.get("contact") if "as_of" in value else value
        found[named["remote_id"]] = value
    return found


@pytest.mark.acceptance
async def test_three_currencies_come_out_as_worked_out_by_hand(
    database_url: str, embedded_broker_settings: BrokerSettings
) -> None:
    """Base amounts, gains, credit and refunds, in records and payment statuses; the oracle, which
    works them out by itself, agrees."""
    spec = TenantSpec(name="Pennine", currency="GBP")
    config = SimulatorConfig(tenants=(spec,), opening=NOTHING, delivery=QUICK)
    async with running(database_url, embedded_broker_settings, config) as rig:
        [tenant] = rig.simulator.books
        ids = trade(tenant)
        await rig.quiet()
        await rig.sweep()
        await rig.agrees()
        prefix = rig.here.broker.prefix
        invoices = await newest(rig, state_topic(prefix, resource("invoice")))
        notes = await newest(rig, state_topic(prefix, resource("credit_note")))
        statuses = await newest(rig, invoice_status_topic(prefix))
        contacts = await newest(rig, contact_status_topic(prefix))

    # A document itself shows the rates of its payments only; the payment status knows all.
    assert {
        name: (
            invoices[ids[name]]["total_base"],
            invoices[ids[name]]["amount_due_base"],
            invoices[ids[name]]["realised_gain_base"],
            statuses[ids[name]]["base"]["realised_gain"],
        )
        for name in ("dollars", "euros", "australian")
    } == {
        "dollars": ("800.00", "0.00", "-7.50", "12.50"),
        "euros": ("750.00", "0.00", "-32.61", "-32.61"),
        "australian": ("100.00", "25.00", "0.00", "3.95"),
    }
    assert [
        (each["resource"], each["amount"], each["rate"])
        for each in statuses[ids["dollars"]]["settled_by"]
    ] == [
        ("payment", "400.00", "1.28"),
        ("credit_note", "600.00", "1.2"),
    ]
    assert [each["amount"] for each in statuses[ids["dollars"]]["undone_payments"]] == ["100.00"]
    note = notes[ids["note"]]
    assert (
        note["total_base"],
        note["remaining_credit"],
        note["remaining_credit_base"],
        note["applied_amount"],
        note["applied_amount_base"],
    ) == ("541.67", "30.00", "25.00", "600.00", "500.00")
    customer, supplier = contacts[ids["customer"]], contacts[ids["supplier"]]
    assert (customer["status"], supplier["payable_status"]) == ("current", "current")
    assert [
        (each["currency"], each["open"], each["unapplied_credit"], each["refunded"])
        for each in customer["buckets"]
    ] == [
        ("AUD", "50.00", "40.00", "0.00"),
        ("USD", "0.00", "30.00", "20.00"),
    ]
    # 50.00 AUD at 2.00; 30.00 USD at 1.20 and 40.00 AUD at 1.90.
    assert [
        (each["currency"], each["basis"], each["open"], each["unapplied_credit"])
        for each in customer["base_totals"]
    ] == [("GBP", "document_rate", "25.00", "46.05")]
