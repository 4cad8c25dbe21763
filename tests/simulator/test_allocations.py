"""Allocations: credits applied to invoices and bills, and taken back."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.config import SimulatorConfig, TenantSpec
from simulator.model import Credit
from simulator.refusals import Refused
from simulator.simulation import Simulation
from tests.simulator.callers import API, TurnedClock, config
from tests.simulator.conftest import Link
from tests.simulator.money import bill, note, overpayment, prepayment, sale, supplier_note

behaviour = pytest.mark.behaviour
MAKERS = {"CreditNotes": note, "Prepayments": prepayment, "Overpayments": overpayment}


def allocation(invoice_id: str, amount: object) -> dict[str, Any]:
    """A request's element."""
    return {"Invoice": {"InvoiceID": invoice_id}, "Amount": amount, "Date": "2026-01-01"}


@behaviour("Allocations and refunds", "PUT allocates any of the three kinds of credit")
@behaviour("Allocations and refunds", "the answer names allocation, invoice and credit")
@pytest.mark.parametrize("collection", MAKERS)
async def test_put_allocates_every_kind_of_credit(link: Link, collection: str) -> None:
    """Both documents say so afterwards."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    credit, invoice = MAKERS[collection](tenant), sale(tenant)
    path = f"{collection}/{credit.id}"

    answer = await caller.put(
        f"{path}/Allocations", {"Allocations": [allocation(invoice.id, "15.00")]}
    )
    (shown,) = (await caller.get(path)).json()[collection]
    (paid,) = (await caller.get(f"Invoices/{invoice.id}")).json()["Invoices"]

    (made,) = answer.json()["Allocations"]
    singular = collection.removesuffix("s")
    assert (made["Amount"], made["Invoice"]["InvoiceID"]) == (15.0, invoice.id)
    assert made[singular][f"{singular}ID"] == credit.id
    (held,) = shown["Allocations"]
    assert (held["AllocationID"], held["Amount"]) == (made["AllocationID"], 15.0)
    assert held["Invoice"]["InvoiceNumber"] == invoice.number
    assert shown["RemainingCredit"] == 100.0
    (stub,) = paid[collection]
    assert (stub[f"{singular}ID"], stub["AppliedAmount"]) == (credit.id, 15.0)
    assert (paid["AmountCredited"], paid["AmountPaid"], paid["AmountDue"]) == (15.0, 0.0, 100.0)


@behaviour("Allocations and refunds", "one PUT spreads a credit over several invoices")
async def test_one_call_allocates_over_several_invoices(link: Link) -> None:
    """Each element is one allocation."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    credit, first, second = note(tenant), sale(tenant), sale(tenant)
    sent = [allocation(first.id, 60), allocation(second.id, 55)]

    answer = await caller.put(f"CreditNotes/{credit.id}/Allocations", {"Allocations": sent})
    listed = (await caller.get(f"CreditNotes/{credit.id}/Allocations")).json()["Allocations"]

    assert answer.status_code == 200
    assert [held["Amount"] for held in listed] == [60.0, 55.0]
    assert (credit.status, first.amount_due, second.amount_due) == (
        "PAID",
        Decimal(55),
        Decimal(60),
    )


@behaviour("Allocations and refunds", "DELETE answers 200 with IsDeleted, and opens both again")
async def test_delete_takes_an_allocation_back(link: Link) -> None:
    """PAID becomes AUTHORISED on both sides; a second DELETE finds nothing."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    credit, invoice = note(tenant), sale(tenant)
    made = tenant.allocate(credit.id, invoice.id)
    closed = (credit.status, invoice.status, invoice.fully_paid_on)
    url = f"{API}/CreditNotes/{credit.id}/Allocations/{made.id}"

    answer = await caller.http.delete(url, headers=caller.headers)
    again = await caller.http.delete(url, headers=caller.headers)

    assert closed == ("PAID", "PAID", invoice.date)
    assert (answer.status_code, answer.json()["IsDeleted"]) == (200, True)
    assert answer.json()["AllocationID"] == made.id
    assert again.status_code == 404
    assert (credit.status, credit.remaining) == ("AUTHORISED", Decimal("115.00"))
    assert (invoice.status, invoice.amount_due) == ("AUTHORISED", Decimal("115.00"))
    assert invoice.fully_paid_on is None


@behaviour("Allocations and refunds", "an invoice settled by credits alone is PAID")
@behaviour("Allocations and refunds", "AmountCredited sums all three kinds of credit")
def test_all_kinds_of_credit_settle_an_invoice(tenant: Tenant) -> None:
    """No payment is among them."""
    invoice = sale(tenant)

    for make, amount in ((note, "50.00"), (prepayment, "40.00"), (overpayment, "25.00")):
        tenant.allocate(make(tenant).id, invoice.id, amount)

    (shown,) = tenant.raw()["Invoices"]
    assert (shown["Status"], shown["AmountDue"], shown["AmountPaid"]) == ("PAID", 0, 0)
    assert shown["AmountCredited"] == Decimal("115.00")
    assert [len(shown[key]) for key in ("CreditNotes", "Prepayments", "Overpayments")] == [1, 1, 1]
    assert shown["FullyPaidOnDate"] == shown["Date"]
    assert shown["Payments"] == []


@behaviour("Allocations and refunds", "an invoice shows a credit once, with all that it applied")
def test_two_allocations_of_one_credit_are_one_stub(tenant: Tenant) -> None:
    """The credit itself shows both."""
    credit, invoice = note(tenant), sale(tenant)

    tenant.allocate(credit.id, invoice.id, "10.00")
    tenant.allocate(credit.id, invoice.id, "5.00")

    books = tenant.raw()
    (stub,) = books["Invoices"][0]["CreditNotes"]
    assert stub["AppliedAmount"] == Decimal("15.00")
    assert len(books["CreditNotes"][0]["Allocations"]) == 2


@behaviour(
    "Allocations and refunds", "an allocation is dated the later of the two, whatever is sent"
)
@pytest.mark.parametrize(
    ("invoiced", "credited", "expected"),
    [("2026-03-01", "2026-03-05", 5), ("2026-03-07", "2026-03-05", 7)],
)
def test_allocations_have_the_later_date(
    tenant: Tenant, invoiced: str, credited: str, expected: int
) -> None:
    """It is read only."""
    credit, invoice = note(tenant, Date=credited), sale(tenant, Date=invoiced)

    made = tenant.allocate(credit.id, invoice.id)

    assert (made.date.month, made.date.day) == (3, expected)


@behaviour("Allocations and refunds", "bills take credits of suppliers, and what was spent ahead")
def test_bills_take_what_was_spent(tenant: Tenant) -> None:
    """The mirror image of sales."""
    owed = bill(tenant)

    for held in (
        supplier_note(tenant),
        prepayment(tenant, "SPEND-PREPAYMENT"),
        overpayment(tenant, "SPEND-OVERPAYMENT"),
    ):
        tenant.allocate(held.id, owed.id, "15.00")

    assert (owed.amount_credited, owed.amount_due) == (Decimal("45.00"), Decimal("70.00"))


def other_contact(tenant: Tenant) -> tuple[Credit, str]:
    """A credit of Bo's for Ada's invoice."""
    return note(tenant, Contact={"Name": "Bo"}), sale(tenant).id


def other_currency(tenant: Tenant) -> tuple[Credit, str]:
    """A credit in dollars of the US."""
    return note(tenant, CurrencyCode="USD"), sale(tenant).id


def other_side(tenant: Tenant) -> tuple[Credit, str]:
    """A customer's credit for a bill."""
    return note(tenant), bill(tenant).id


def draft_credit(tenant: Tenant) -> tuple[Credit, str]:
    """A credit that is not approved."""
    return note(tenant, Status="DRAFT"), sale(tenant).id


def draft_invoice(tenant: Tenant) -> tuple[Credit, str]:
    """An invoice that is not approved."""
    return note(tenant), sale(tenant, Status="DRAFT").id


def unknown_invoice(tenant: Tenant) -> tuple[Credit, str]:
    """An id that is no invoice's: not even a credit's own."""
    made = note(tenant)
    return made, made.id


@behaviour("Allocations and refunds", "credit and invoice must have the same contact")
@behaviour("Allocations and refunds", "credit and invoice must have the same currency")
@behaviour("Allocations and refunds", "sales credits go to sales invoices, others to bills")
@behaviour("Allocations and refunds", "credit and invoice must both be AUTHORISED")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (other_contact, "contact"),
        (other_currency, "currency"),
        (other_side, "cannot be allocated to ACCPAY"),
        (draft_credit, "from Authorised documents"),
        (draft_invoice, "to Authorised documents"),
        (unknown_invoice, "could not be found"),
    ],
)
def test_unfit_documents_are_refused(tenant: Tenant, make: Any, message: str) -> None:
    """And nothing is applied."""
    credit, invoice_id = make(tenant)

    with pytest.raises(Refused, match=message):
        tenant.allocate_element(credit.id, allocation(invoice_id, 1))

    assert (credit.allocations, tenant.ledger.allocations) == ([], {})


@behaviour("Allocations and refunds", "no more is allocated than is left of credit and invoice")
@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("115.01", "exceeds the remaining credit"),
        ("100.01", "exceeds the amount outstanding"),
        ("0", "greater than zero"),
        ("-1", "greater than zero"),
        (None, "greater than zero"),
    ],
)
async def test_unfit_amounts_are_refused(link: Link, amount: object, message: str) -> None:
    """400 with the element and a sentence."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    credit, invoice = note(tenant), sale(tenant)
    tenant.pay(invoice.id, "15.00")
    sent = {"Allocations": [allocation(invoice.id, amount)]}

    answer = await caller.put(f"CreditNotes/{credit.id}/Allocations", sent)

    assert answer.status_code == 400
    messages = [one["Message"] for one in answer.json()["Elements"][0]["ValidationErrors"]]
    assert any(message in one for one in messages)
    assert credit.allocations == []


@behaviour("Allocations and refunds", "an invoice with credits cannot be voided")
@behaviour("Invoices and bills", "the contact stays while credits are allocated")
def test_credited_invoices_keep_contact_and_status(tenant: Tenant) -> None:
    """Take the credits off first."""
    invoice = sale(tenant)
    made = tenant.allocate(note(tenant).id, invoice.id, "15.00")

    with pytest.raises(Refused, match="cannot be voided"):
        tenant.void(invoice.id)
    with pytest.raises(Refused, match="contact"):
        tenant.update_invoice(invoice.id, Contact={"Name": "Bo"})
    tenant.unallocate(made.id)
    tenant.void(invoice.id)

    assert invoice.status == "VOIDED"


@behaviour("Allocations and refunds", "nothing is allocated or taken back in a locked period")
def test_lock_dates_hold_allocations(tenant: Tenant) -> None:
    """By the date of the allocation."""
    credit, invoice = note(tenant), sale(tenant)
    made = tenant.allocate(credit.id, invoice.id, "15.00")
    tenant.ledger.period_lock = made.date

    with pytest.raises(Refused, match="locked period"):
        tenant.allocate(credit.id, invoice.id, "1.00")
    with pytest.raises(Refused, match="locked period"):
        tenant.unallocate(made.id)


@behaviour("Allocations and refunds", "whether an allocation stamps its documents is a switch")
@pytest.mark.parametrize(
    ("wishes", "moved"),
    [
        ({}, {"credit", "invoice"}),
        ({"allocation_moves_invoice": False}, {"credit"}),
        ({"allocation_moves_credit": False}, {"invoice"}),
    ],
)
def test_stamps_of_allocations_are_a_rule(
    clock: TurnedClock, wishes: dict[str, bool], moved: set[str]
) -> None:
    """Xero does not say; the amounts are right either way."""
    tenant = with_rules(config(clock=clock, **wishes))
    credit, invoice = note(tenant), sale(tenant)
    before = {"credit": credit.updated_ms, "invoice": invoice.updated_ms}
    clock.turn(seconds=1)

    tenant.allocate(credit.id, invoice.id, "15.00")

    after = {"credit": credit.updated_ms, "invoice": invoice.updated_ms}
    assert {name for name, stamp in after.items() if stamp > before[name]} == moved
    assert credit.remaining == invoice.amount_due == 100


@behaviour("Contacts", "merging hands over credits, allocations and bank transactions")
def test_merging_hands_over_credits(tenant: Tenant) -> None:
    """And what was allocated stays so."""
    credit, ahead, invoice = note(tenant), prepayment(tenant), sale(tenant)
    tenant.allocate(credit.id, invoice.id, "15.00")
    target = tenant.create_contact(Name="Bo")

    tenant.merge_contacts(invoice.contact_id, target.id)

    assert {credit.contact_id, ahead.contact_id, invoice.contact_id} == {target.id}
    tenant.allocate(ahead.id, invoice.id, "100.00")
    assert invoice.status == "PAID"
    balances = {one["ContactID"]: one.get("Balances") for one in tenant.raw()["Contacts"]}
    assert balances[target.id]["AccountsReceivable"]["Outstanding"] == Decimal("-115.00")
    assert [held for key, held in balances.items() if key != target.id] == [None]


@behaviour(
    "Contacts", "Balances are of what is open in base currency, less open credits by a switch"
)
@pytest.mark.parametrize(("switch", "outstanding"), [(True, "15.00"), (False, "115.00")])
def test_balances_count_open_credits_by_switch(
    clock: TurnedClock, switch: bool, outstanding: str
) -> None:
    """Xero does not say whether they do."""
    tenant = with_rules(config(clock=clock, credits_lower_balances=switch))
    sale(tenant)
    tenant.refund(note(tenant).id, "15.00")

    (contact,) = tenant.raw()["Contacts"]

    assert contact["Balances"]["AccountsReceivable"]["Outstanding"] == Decimal(outstanding)


def with_rules(wishes: SimulatorConfig) -> Tenant:
    """An organisation that follows other rules."""
    return Simulation(wishes).books.add(TenantSpec())
