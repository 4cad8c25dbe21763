"""Payments and refunds by the wire: what is named, what is refused, what is shown."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.config import TenantSpec
from simulator.model import Credit, Invoice
from simulator.refusals import Refused
from simulator.simulation import Simulation
from tests.simulator.callers import Caller, TurnedClock, config
from tests.simulator.conftest import Link
from tests.simulator.money import bill, note, overpayment, prepayment, sale, supplier_note

behaviour = pytest.mark.behaviour


def payment(**wishes: Any) -> dict[str, Any]:
    """A request's element, less the document."""
    return {"Account": {"Code": "090"}, "Amount": "15.00", "Date": "2026-03-10", **wishes}


def tenant_of(caller: Caller) -> Tenant:
    """The caller's organisation."""
    return caller.running.books.tenant(caller.tenant_id)


def spent_prepayment(tenant: Tenant) -> Credit:
    """A prepayment to a supplier."""
    return prepayment(tenant, "SPEND-PREPAYMENT")


def spent_overpayment(tenant: Tenant) -> Credit:
    """An overpayment to a supplier."""
    return overpayment(tenant, "SPEND-OVERPAYMENT")


CREDITS = (
    (note, "CreditNote", "ARCREDITPAYMENT", "ACCRECCREDIT"),
    (supplier_note, "CreditNote", "APCREDITPAYMENT", "ACCPAYCREDIT"),
    (prepayment, "Prepayment", "ARPREPAYMENTPAYMENT", "ARPREPAYMENT"),
    (spent_prepayment, "Prepayment", "APPREPAYMENTPAYMENT", "APPREPAYMENT"),
    (overpayment, "Overpayment", "AROVERPAYMENTPAYMENT", "AROVERPAYMENT"),
    (spent_overpayment, "Overpayment", "APOVERPAYMENTPAYMENT", "APOVERPAYMENT"),
)


@behaviour("Payments", "PaymentType tells payments of invoices from those of bills")
@pytest.mark.parametrize(("make", "kind"), [(sale, "ACCRECPAYMENT"), (bill, "ACCPAYPAYMENT")])
async def test_payments_say_what_they_settle(link: Link, make: Any, kind: str) -> None:
    """And AmountPaid counts them."""
    caller = await link()
    made: Invoice = make(tenant_of(caller))

    answer = await caller.put("Payments", payment(Invoice={"InvoiceID": made.id}))

    (shown,) = answer.json()["Payments"]
    assert (shown["PaymentType"], shown["Status"]) == (kind, "AUTHORISED")
    assert (shown["Amount"], shown["BankAmount"], shown["CurrencyRate"]) == (15.0, 15.0, 1.0)
    assert shown["Invoice"]["AmountPaid"] == 15.0


@behaviour("Allocations and refunds", "a payment against a credit is a refund, of six PaymentTypes")
@behaviour("Allocations and refunds", "a refund shows its credit under Invoice, not found there")
@pytest.mark.parametrize(("make", "key", "kind", "shown_as"), CREDITS)
async def test_refunds_show_their_credit_under_invoice(
    link: Link, make: Any, key: str, kind: str, shown_as: str
) -> None:
    """The refund trap: InvoiceID is the credit's id."""
    caller = await link()
    credit: Credit = make(tenant_of(caller))

    made = await caller.put("Payments", payment(**{key: {f"{key}ID": credit.id}}))
    (listed,) = (await caller.get("Payments")).json()["Payments"]
    lost = await caller.get(f"Invoices/{credit.id}")
    found = await caller.get(f"{key}s/{credit.id}")

    (shown,) = made.json()["Payments"]
    for answer in (shown, listed):
        assert answer["PaymentType"] == kind
        assert (answer["Invoice"]["InvoiceID"], answer["Invoice"]["Type"]) == (credit.id, shown_as)
        assert key not in answer
    assert lost.status_code == 404
    (held,) = found.json()[f"{key}s"]
    assert (held["RemainingCredit"], held["Payments"][0]["Amount"]) == (100.0, 15.0)


@behaviour(
    "Allocations and refunds", "a credit refunded in full is PAID; deleting the refund opens it"
)
@pytest.mark.parametrize("make", [note, prepayment, overpayment])
def test_refunds_use_up_a_credit(tenant: Tenant, make: Any) -> None:
    """Only credit notes show the day."""
    credit: Credit = make(tenant)

    refund = tenant.refund(credit.id)
    closed = (credit.status, credit.remaining, credit.fully_paid_on is not None)
    tenant.delete_payment(refund.id)

    assert closed == ("PAID", Decimal(0), make is note)
    assert (credit.status, credit.remaining) == ("AUTHORISED", credit.total)


@behaviour("Allocations and refunds", "no more is refunded than remains")
def test_refunds_are_no_more_than_remains(tenant: Tenant) -> None:
    """What is allocated can't be refunded."""
    credit, invoice = note(tenant), sale(tenant)
    tenant.allocate(credit.id, invoice.id, "100.00")

    with pytest.raises(Refused, match="exceeds the amount outstanding"):
        tenant.refund(credit.id, "15.01")

    assert credit.payments == []


@behaviour("Allocations and refunds", "whether a refund stamps its credit is a switch")
@pytest.mark.parametrize("switch", [True, False])
def test_refunds_stamp_by_switch(clock: TurnedClock, switch: bool) -> None:
    """Xero does not say."""
    wishes = config(clock=clock, refund_moves_credit=switch)
    tenant = Simulation(wishes).books.add(TenantSpec())
    credit = note(tenant)
    before = credit.updated_ms
    clock.turn(seconds=1)

    tenant.refund(credit.id, "15.00")

    assert (credit.updated_ms > before) is switch
    assert credit.remaining == 100


@behaviour("Payments", "the document is named by id or number, within its key or beside")
@pytest.mark.parametrize(
    "named",
    [
        {"Invoice": {"InvoiceNumber": "INV-0001"}},
        {"InvoiceNumber": "INV-0001"},
        {"CreditNote": {"CreditNoteNumber": "CN-0001"}},
        {"CreditNoteNumber": "CN-0001"},
    ],
)
async def test_documents_are_named_in_several_ways(link: Link, named: dict[str, Any]) -> None:
    """Whichever way, it is paid."""
    caller = await link()
    sale(tenant_of(caller))
    note(tenant_of(caller))

    answer = await caller.put("Payments", payment(**named))

    assert answer.status_code == 200
    expected = "INV-0001" if "INV" in str(named) else "CN-0001"
    assert answer.json()["Payments"][0]["Invoice"]["InvoiceNumber"] == expected


@behaviour("Payments", "the account is named by id or code, within its key or beside")
@pytest.mark.parametrize("by", ["AccountID", "Code", "beside"])
async def test_accounts_are_named_in_several_ways(link: Link, by: str) -> None:
    """A single answer shows id, code and name."""
    caller = await link()
    tenant = tenant_of(caller)
    made, account = sale(tenant), tenant.ledger.account(code="090")
    assert account is not None
    ways: dict[str, dict[str, Any]] = {
        "AccountID": {"Account": {"AccountID": account.id}},
        "Code": {"Account": {"Code": "090"}},
        "beside": {"Account": None, "Code": "090"},
    }

    answer = await caller.put("Payments", payment(Invoice={"InvoiceID": made.id}, **ways[by]))

    (shown,) = answer.json()["Payments"]
    assert shown["Account"] == {"AccountID": account.id, "Code": "090", "Name": account.name}


@behaviour("Payments", "a payment settles one document, and an existing, approved one")
@behaviour("Payments", "paying too much by the API is refused")
@behaviour("Payments", "the account must exist and take payments")
@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"CreditNoteNumber": "CN-0001"}, "only be made against one document"),
        ({"Invoice": None}, "must have a valid InvoiceID"),
        ({"Invoice": {"InvoiceNumber": "none"}}, "does not exist"),
        ({"Invoice": {"InvoiceNumber": "DRAFT"}}, "against Authorised documents"),
        ({"Amount": "115.01"}, "exceeds the amount outstanding"),
        ({"Amount": "-1"}, "greater than zero"),
        ({"Account": {"Code": "400"}}, "Account type is invalid"),
        ({"Account": None}, "Account could not be found"),
    ],
)
async def test_unfit_payments_are_refused(link: Link, wishes: dict[str, Any], message: str) -> None:
    """With a sentence each, and nothing is paid."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    sale(tenant, Status="DRAFT", InvoiceNumber="DRAFT")
    note(tenant)

    answer = await caller.put("Payments", payment(**{"Invoice": {"InvoiceID": made.id}, **wishes}))

    assert answer.status_code == 400
    (element,) = answer.json()["Elements"]
    assert message in element["ValidationErrors"][0]["Message"]
    assert len(tenant.ledger.payments) == 0


@behaviour("Payments", "PUT makes many at once")
@behaviour("Payments", "with summarizeErrors=false each element answers for itself")
async def test_batches_of_payments(link: Link) -> None:
    """A refused one leaves the others."""
    caller = await link()
    tenant = tenant_of(caller)
    first, second = sale(tenant), bill(tenant)
    sent = [
        payment(Invoice={"InvoiceID": first.id}),
        payment(Invoice={"InvoiceID": second.id}, Amount=999),
        payment(Invoice={"InvoiceID": second.id}),
    ]

    answer = await caller.put("Payments?summarizeErrors=false", {"Payments": sent})

    assert answer.status_code == 200
    states = [one["StatusAttributeString"] for one in answer.json()["Payments"]]
    assert states == ["OK", "ERROR", "OK"]
    assert (first.amount_paid, second.amount_paid) == (Decimal(15), Decimal(15))


@behaviour("Payments", "deletion is a POST of the Status DELETED alone, and happens once")
async def test_payments_are_deleted_once(link: Link) -> None:
    """The payment stays to be read, as DELETED."""
    caller = await link()
    tenant = tenant_of(caller)
    made = tenant.pay(sale(tenant).id)
    path = f"Payments/{made.id}"

    edited = await caller.post(path, {"Payments": [{"Status": "DELETED", "Reference": "x"}]})
    deleted = await caller.post(path, {"Payments": [{"Status": "DELETED"}]})
    again = await caller.post(path, {"Payments": [{"Status": "DELETED"}]})
    (kept,) = (await caller.get("Payments")).json()["Payments"]

    assert [answer.status_code for answer in (edited, deleted, again)] == [400, 200, 400]
    assert (kept["PaymentID"], kept["Status"]) == (made.id, "DELETED")


@behaviour("Payments", "nothing is paid or deleted on or before a lock date")
def test_lock_dates_hold_payments(tenant: Tenant) -> None:
    """By the payment's date."""
    invoice = sale(tenant)
    made = tenant.pay(invoice.id, "15.00", Date="2026-03-10")
    tenant.ledger.year_lock = made.date

    with pytest.raises(Refused, match="lock date"):
        tenant.pay(invoice.id, "15.00", Date="2026-03-10")
    with pytest.raises(Refused, match="locked period"):
        tenant.delete_payment(made.id)
    tenant.pay(invoice.id, "15.00", Date="2026-03-11")

    assert invoice.amount_paid == Decimal("30.00")


@behaviour("Payments", "lists carry a stub of the document, single answers all of it")
async def test_lists_carry_stubs(link: Link) -> None:
    """And bank accounts show in lists by id alone."""
    caller = await link()
    made = tenant_of(caller).pay(sale(tenant_of(caller)).id, Reference="BT1")

    (listed,) = (await caller.get("Payments")).json()["Payments"]
    (single,) = (await caller.get(f"Payments/{made.id}")).json()["Payments"]

    assert (listed["Reference"], single["Reference"]) == ("BT1", "BT1")
    assert set(listed["Account"]) == {"AccountID"}
    assert (listed["Invoice"]["LineItems"], "Total" in listed["Invoice"]) == ([], False)
    assert (len(single["Invoice"]["LineItems"]), single["Invoice"]["Total"]) == (1, 115.0)


@behaviour("Payments", "where takes PaymentType, Status, Date, Reference and the invoice's id")
async def test_where_selects_payments(link: Link) -> None:
    """Refunds by the credit's id, which is shown as an invoice's."""
    caller = await link()
    tenant = tenant_of(caller)
    invoice, credit = sale(tenant), note(tenant)
    tenant.pay(invoice.id, "15.00", Reference="BT1")
    tenant.refund(credit.id, "15.00", Date="2026-02-01")
    gone = tenant.pay(invoice.id, "1.00")
    tenant.delete_payment(gone.id)
    asked = {
        'PaymentType=="ARCREDITPAYMENT"': 1,
        'Status=="DELETED"': 1,
        'Reference=="BT1"': 1,
        "Date<DateTime(2026,3,1)": 1,
        f'Invoice.InvoiceID==Guid("{credit.id}")': 1,
        f'PaymentID==Guid("{gone.id}") OR Invoice.InvoiceID==Guid("{invoice.id}")': 2,
    }

    found = {
        where: len((await caller.get("Payments", {"where": where})).json()["Payments"])
        for where in asked
    }

    assert found == asked
